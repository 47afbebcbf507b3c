using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;
using Strata.Cloud.Contracts;

namespace Strata.Cli.Simulate;

/// <summary>Runs a parking fleet against a node: registers it, reports for each sensor when it is due, and at the end asks the node who is ill.</summary>
internal sealed class ParkingRun(StrataClient client, string? tenant, ParkingOptions options, TextWriter progress, TimeProvider time)
{
    private const int Senders = 24;
    private const int PerRequest = 1_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(3);

    private readonly ConcurrentBag<double> answers = [];
    private Dictionary<string, string> secrets = new(StringComparer.Ordinal);
    private long sent;
    private long failed;

    public async Task<ParkingReport> RunAsync(CancellationToken cancellationToken)
    {
        var sensors = ParkingSensor.Fleet(options.Sensors, options.LowBattery, options.Offline, options.Seed);
        var provisioned = await ProvisionAsync(sensors, cancellationToken);
        var kept = await SetPolicyAsync(cancellationToken);
        await progress.WriteLineAsync($"{sensors.Count:N0} sensors are registered after {provisioned.TotalSeconds:0.0} s; {options.LowBattery + options.Offline} faults are planted (seed {options.Seed})");
        try
        {
            await SendAsync(sensors, cancellationToken);
            return await JudgeAsync(sensors, provisioned, cancellationToken);
        }
        finally
        {
            await client.ChangeHealthPolicyAsync(kept, CancellationToken.None);
        }
    }

    private async Task<TimeSpan> ProvisionAsync(IReadOnlyList<ParkingSensor> sensors, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in sensors.Chunk(PerRequest))
        {
            foreach (var (id, secret) in (await client.ApplyAsync(Describe(sensors, part), dryRun: false, prune: false, "parking", cancellationToken)).Secrets)
                all[id] = secret;
        }
        secrets = all;
        if (secrets.Count < sensors.Count)
            throw new CliException(ExitCode.Failed, $"{sensors.Count - secrets.Count} of these sensors are registered already, and their secrets are not known here; use a tenant that has none of them.");
        return time.GetElapsedTime(began);
    }

    /// <summary>The site file of some sensors, with all places.</summary>
    private string Describe(IReadOnlyList<ParkingSensor> all, IReadOnlyList<ParkingSensor> part)
    {
        var text = new StringBuilder("apiVersion: strata/v1\nsite: city\nname: City parking\nkind: site\nchildren:\n");
        foreach (var lot in all.Select(s => s.Place).Distinct().Order(StringComparer.Ordinal))
            text.Append("  - { site: ").Append(lot.AsSpan(5)).Append(", kind: lot }\n");
        text.Append("devices:\n");
        foreach (var s in part)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"  - {{ id: {s.Id}, site: {s.Place}, model: {s.Model}, heartbeat: {Math.Ceiling(Real(s.Interval).TotalSeconds)}s }}\n");
        return text.ToString();
    }

    /// <summary>Ten minutes of silence pass faster too. Gives back what held before.</summary>
    private async Task<HealthPolicyInfo> SetPolicyAsync(CancellationToken cancellationToken)
    {
        var before = await client.GetHealthPolicyAsync(cancellationToken);
        TimeSpan Faster(TimeSpan? usual) => Real(usual ?? TimeSpan.Zero) is var t && t < TimeSpan.FromSeconds(5) ? TimeSpan.FromSeconds(5) : t;
        await client.ChangeHealthPolicyAsync(
            new HealthPolicyInfo { OfflineAfter = Faster(before.OfflineAfter), DegradeAfter = Real(before.DegradeAfter!.Value), RecoverAfter = Faster(before.RecoverAfter) }, cancellationToken);
        return new HealthPolicyInfo { OfflineAfter = before.OfflineAfter, DegradeAfter = before.DegradeAfter, RecoverAfter = before.RecoverAfter };
    }

    private async Task SendAsync(IReadOnlyList<ParkingSensor> sensors, CancellationToken cancellationToken)
    {
        // Sensors of a fleet are not in step.
        var random = new Random(options.Seed);
        var due = new PriorityQueue<ParkingSensor, TimeSpan>(sensors.Select(s => (s, Real(s.Interval) * random.NextDouble())));
        var reports = Channel.CreateBounded<(ParkingSensor Sensor, string Body)>(sensors.Count);
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Senders }) { BaseAddress = client.BaseAddress };
        var senders = Enumerable.Range(0, Senders).Select(_ => SendAsync(http, reports.Reader, cancellationToken)).ToArray();
        var asking = AskAsync(cancellationToken);
        var began = time.GetTimestamp();
        while (time.GetElapsedTime(began) is var now && now < options.For)
        {
            var part = now / options.For;
            while (due.TryPeek(out var sensor, out var at) && at <= now)
            {
                due.Dequeue();
                if (sensor.IsSilent(part))
                    continue;
                await reports.Writer.WriteAsync((sensor, sensor.Report(time.GetUtcNow(), part)), cancellationToken);
                due.Enqueue(sensor, at + Real(sensor.Next()));
            }
            await Task.Delay(Tick, time, cancellationToken);
        }
        // The report is asked for while they all still report: what is asked later would find everybody silent.
        reports.Writer.Complete();
        await Task.WhenAll(senders);
        await asking;
    }

    private async Task SendAsync(HttpClient http, ChannelReader<(ParkingSensor Sensor, string Body)> reports, CancellationToken cancellationToken)
    {
        await foreach (var (sensor, body) in reports.ReadAllAsync(cancellationToken))
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/devices/{sensor.Id}/telemetry") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{(tenant is null ? "" : tenant + "/")}{sensor.Id}:{secrets[sensor.Id]}")));
            using var answer = await http.SendAsync(request, cancellationToken);
            Interlocked.Increment(ref answer.IsSuccessStatusCode ? ref sent : ref failed);
        }
    }

    /// <summary>Asks for the report as the page does, again and again, and says how long each answer took.</summary>
    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (time.GetElapsedTime(began) < options.For)
        {
            var asked = Stopwatch.GetTimestamp();
            var report = await client.GetFleetReportAsync(by: "site", cancellationToken: cancellationToken);
            answers.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            await progress.WriteLineAsync($"{time.GetElapsedTime(began).TotalSeconds,4:0} s: {report.Summary}");
            await Task.Delay(AskEvery, time, cancellationToken);
        }
    }

    private async Task<ParkingReport> JudgeAsync(IReadOnlyList<ParkingSensor> sensors, TimeSpan provisioned, CancellationToken cancellationToken)
    {
        var report = await client.GetFleetReportAsync(cancellationToken: cancellationToken);
        var low = await FoundAsync("lowBattery", cancellationToken);
        var offline = await FoundAsync("offline", cancellationToken);
        var planted = sensors.Where(s => s.Fault != PlantedFault.None).ToDictionary(s => s.Id, s => s.Fault);
        var right = low.Count(d => planted.GetValueOrDefault(d) == PlantedFault.LowBattery) + offline.Count(d => planted.GetValueOrDefault(d) == PlantedFault.Offline);
        var others = report.Total - report.Buckets["healthy"] - right;
        var ms = answers.Order().ToArray();
        return new ParkingReport(
            report.Summary, report.Total, report.Buckets["healthy"], low.Count, offline.Count, planted.Count, right, others, sent, failed, Math.Round(provisioned.TotalSeconds, 2),
            ms.Length == 0 ? 0 : Math.Round(ms[ms.Length / 2], 1), ms.Length == 0 ? 0 : Math.Round(ms[^1], 1));
    }

    private async Task<HashSet<string>> FoundAsync(string bucket, CancellationToken cancellationToken) =>
        (await client.ListFleetDevicesAsync(new FleetDevicesQuery(bucket), limit: 10_000, cancellationToken: cancellationToken)).Items.Select(d => d.Id).ToHashSet(StringComparer.Ordinal);

    private TimeSpan Real(TimeSpan simulated) => simulated / options.Speed;
}

/// <param name="Speed">Simulated seconds in one.</param>
internal sealed record ParkingOptions(int Sensors, int LowBattery, int Offline, int Seed, double Speed, TimeSpan For);

/// <summary>How it ended.</summary>
/// <param name="Found">Planted faults that the node found, each as what it is.</param>
/// <param name="Others">Devices that it calls ill and that are not, or calls ill of something else.</param>
/// <param name="ReportMs">Half of the fleet reports were answered faster, while all sensors sent.</param>
internal sealed record ParkingReport(
    string Summary, int Total, int Healthy, int LowBattery, int Offline, int Planted, int Found, int Others, long Sent, long Failed, double ProvisionedSeconds, double ReportMs, double SlowestReportMs)
{
    public bool IsRight => Found == Planted && Others == 0 && Failed == 0;
}

[System.Text.Json.Serialization.JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[System.Text.Json.Serialization.JsonSerializable(typeof(ParkingReport))]
internal sealed partial class SimulateJson : System.Text.Json.Serialization.JsonSerializerContext;
