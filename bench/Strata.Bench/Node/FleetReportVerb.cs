using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Strata.Cloud.Contracts;

namespace Strata.Bench.Node;

/// <summary>
/// How long the fleet report takes for 60,000 devices that all said how they are: whole, by place, one place, and the devices of a bucket. Asked one after the other over HTTP; beside it the
/// list of devices by the same node, as what such an answer costs anyway.
/// </summary>
internal static class FleetReportVerb
{
    private const int PerRequest = 5_000;
    private const int Senders = 16;

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var devices = arguments.Number("devices", 60_000);
        var rounds = arguments.Number("rounds", 50);
        var root = Directory.CreateTempSubdirectory("strata-bench-");
        try
        {
            await using var node = await StrataProcess.StartCloudAsync(arguments, Path.Combine(root.FullName, "cloud"));
            var secrets = await RegisterAsync(node.Client, devices);
            await Console.Error.WriteLineAsync($"{secrets.Count} devices are registered");
            await ReportAsync(node.Client, secrets);
            var report = await HeardAsync(node.Client, devices);
            await Console.Error.WriteLineAsync(report.Summary);
            var whole = await TimeAsync(rounds, () => node.Client.GetFleetReportAsync());
            var byPlace = await TimeAsync(rounds, () => node.Client.GetFleetReportAsync(by: "site"));
            var place = await TimeAsync(rounds, () => node.Client.GetFleetReportAsync("city/building-007", "firmware"));
            var drill = await TimeAsync(rounds, () => node.Client.ListFleetDevicesAsync(new FleetDevicesQuery("lowBattery"), limit: 100));
            var list = await TimeAsync(rounds, () => node.Client.ListDevicesAsync(limit: 100));
            return Results.Write("fleet-report", new
            {
                Case = "GET /api/v1/fleet/report over HTTP, every device judged for each answer; ms",
                Devices = devices,
                Rounds = rounds,
                report.Summary,
                LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
                Whole = whole,
                ByPlace = byPlace,
                OnePlaceByFirmware = place,
                LowBatteryDevices = drill,
                ListOfHundredDevices = list,
                BarMs = 200,
            });
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private static async Task<Dictionary<string, string>> RegisterAsync(StrataClient client, int devices)
    {
        var secrets = new Dictionary<string, string>(devices);
        foreach (var part in Enumerable.Range(0, devices).Chunk(PerRequest))
        {
            var text = new StringBuilder("apiVersion: strata/v1\nsite: city\nkind: site\nchildren:\n");
            for (var b = 0; b < 250; b++)
                text.Append(CultureInfo.InvariantCulture, $"  - {{ site: building-{b:000}, kind: building }}\n");
            text.Append("devices:\n");
            foreach (var i in part)
                text.Append(CultureInfo.InvariantCulture, $"  - {{ id: d-{i:00000}, site: city/building-{i % 250:000}, model: th-{i % 3}, heartbeat: 1h }}\n");
            foreach (var (id, secret) in (await client.ApplyAsync(text.ToString(), dryRun: false, prune: false)).Secrets)
                secrets[id] = secret;
        }
        return secrets;
    }

    private static async Task ReportAsync(StrataClient client, Dictionary<string, string> secrets)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Senders }) { BaseAddress = client.BaseAddress };
        await Parallel.ForEachAsync(secrets, new ParallelOptions { MaxDegreeOfParallelism = Senders }, async (device, cancellationToken) =>
        {
            var number = int.Parse(device.Key.AsSpan(2), CultureInfo.InvariantCulture);
            var body = string.Create(CultureInfo.InvariantCulture, $"{{\"temperature\":21.5,\"health\":{{\"battery\":{(number % 600 == 0 ? 9 : 80)},\"rssi\":-80,\"errors\":{number % 5},\"firmware\":\"1.{number % 4}\"}}}}");
            using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/devices/{device.Key}/telemetry") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{device.Key}:{device.Value}")));
            using var answer = await http.SendAsync(request, cancellationToken);
            answer.EnsureSuccessStatusCode();
        });
    }

    /// <summary>Waits until the look has taken all of it in.</summary>
    private static async Task<FleetReportInfo> HeardAsync(StrataClient client, int devices)
    {
        for (var i = 0; i < 120; i++)
        {
            if (await client.GetFleetReportAsync() is { } report && report.Buckets["waiting"] == 0 && report.Buckets["lowBattery"] == (devices + 599) / 600)
                return report;
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        }
        throw new InvalidOperationException("After two minutes the node has not taken in what the devices said.");
    }

    private static async Task<Times> TimeAsync<T>(int rounds, Func<Task<T>> ask)
    {
        for (var i = 0; i < 5; i++)
            await ask();
        var ms = new double[rounds];
        for (var i = 0; i < rounds; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await ask();
            ms[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }
        Array.Sort(ms);
        return new Times(Math.Round(ms[rounds / 2], 1), Math.Round(ms[rounds * 95 / 100], 1), Math.Round(ms[^1], 1));
    }

    private sealed record Times(double Median, double P95, double Most);
}
