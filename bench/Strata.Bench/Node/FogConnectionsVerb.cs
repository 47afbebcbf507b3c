using System.Diagnostics;
using System.Text;
using Strata.Bench.Mqtt;
using Strata.Cloud.Contracts;

namespace Strata.Bench.Node;

/// <summary>
/// A gateway with very many connected devices: its resident memory above that before it knew any, and the time of a request for a device's latest
/// values while each device reports once a minute. The devices come from one description, as an operator would make them.
/// </summary>
internal static class FogConnectionsVerb
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var count = arguments.Number("connections", 10_000);
        var requests = arguments.Number("requests", 5_000);
        var root = Directory.CreateTempSubdirectory("strata-bench-");
        await using var cloud = await StrataProcess.StartCloudAsync(arguments, Path.Combine(root.FullName, "cloud"));
        await cloud.Client.ApplyAsync("apiVersion: strata/v1\nsite: hq\n", dryRun: false, prune: false);
        var token = await cloud.Client.CreateJoinTokenAsync(new CreateJoinToken("hq", null, null));
        await using var fog = await StrataProcess.StartFogAsync(arguments, Path.Combine(root.FullName, "fog"), cloud, "gw", token.Token);
        await Task.Delay(Settle, TimeProvider.System);
        var idle = fog.ResidentBytes();

        var clock = Stopwatch.StartNew();
        var applied = await cloud.Client.ApplyAsync(Describe(count), dryRun: false, prune: false);
        var applyMs = clock.ElapsedMilliseconds;
        await Task.Delay(Settle, TimeProvider.System);
        var known = fog.ResidentBytes();

        var options = LoadOptions.From(new Arguments(["--target", fog.Mqtt.ToString(), "--window", "1", "--mqtt", "5", "--template", """{"temperature":22.4}"""])) with
        {
            Users = [.. applied.Secrets.Select(static pair => (pair.Key, pair.Value))],
        };
        clock.Restart();
        var connections = await ConnectAsync(options, count);
        var connectMs = clock.ElapsedMilliseconds;
        await Task.Delay(Settle, TimeProvider.System);
        var connected = fog.ResidentBytes();

        using var stop = new CancellationTokenSource();
        var reporting = ReportAsync(connections, stop.Token);
        var latest = await AskAsync(fog, options, requests);
        await stop.CancelAsync();
        var reported = await reporting;
        var afterwards = fog.ResidentBytes();
        connections.ForEach(static connection => connection.Dispose());
        await fog.StopAsync();
        await cloud.StopAsync();
        root.Delete(recursive: true);
        return Results.Write("fog-connections", new
        {
            Case = "resident memory of strata fog before it knows a device, knowing all, with all connected (one stored reading each); latest values over HTTP while each device reports once a minute",
            Connections = count,
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            ApplyMs = applyMs,
            ConnectAndPublishMs = connectMs,
            IdleBytes = idle,
            KnownBytes = known,
            ConnectedBytes = connected,
            AfterRequestsBytes = afterwards,
            AboveIdleMB = Math.Round((connected - idle) / 1e6, 1),
            AboveKnownMB = Math.Round((connected - known) / 1e6, 1),
            BarAboveIdleMB = 100,
            LatestRequests = requests,
            ReportsMeanwhile = reported,
            LatestP50Ms = latest.Milliseconds(0.5),
            LatestP99Ms = latest.Milliseconds(0.99),
            LatestP999Ms = latest.Milliseconds(0.999),
            BarLatestP99Ms = 5,
        });
    }

    private static string Describe(int count)
    {
        var text = new StringBuilder("apiVersion: strata/v1\nsite: hq\ndevices:\n");
        for (var number = 0; number < count; number++)
            text.Append("  - { id: bench-").Append(number).Append(", site: hq }\n");
        return text.ToString();
    }

    private static async Task<List<LoadConnection>> ConnectAsync(LoadOptions options, int count)
    {
        var connections = new List<LoadConnection>(count);
        for (var number = 0; number < count; number++)
        {
            var connection = new LoadConnection(options, number);
            connections.Add(connection);
            await connection.ConnectAsync();
            await connection.PublishOnceAsync();
        }

        return connections;
    }

    /// <summary>Each device publishes once a minute, one after the other.</summary>
    private static async Task<int> ReportAsync(List<LoadConnection> connections, CancellationToken stop)
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        var sent = 0;
        while (!stop.IsCancellationRequested && await timer.WaitForNextTickAsync(CancellationToken.None))
        {
            for (var due = (int)(Stopwatch.GetElapsedTime(started).TotalMinutes * connections.Count); sent < due && !stop.IsCancellationRequested; sent++)
                await connections[sent % connections.Count].PublishOnceAsync();
        }

        return sent;
    }

    private static async Task<LatencyHistogram> AskAsync(StrataProcess fog, LoadOptions options, int requests)
    {
        var histogram = new LatencyHistogram();
        for (var number = -500; number < requests; number++)
        {
            var device = options.Users[(number + 500) * 7919 % options.Users.Count].User;
            var started = Stopwatch.GetTimestamp();
            var page = await fog.Client.ListLatestAsync(device);
            if (page.Items.Count == 0)
                throw new InvalidOperationException($"The gateway knows no value of {device}.");
            if (number >= 0)
                histogram.Add(Stopwatch.GetTimestamp() - started);
        }

        return histogram;
    }
}
