using System.Diagnostics;
using System.Text.Json;
using Strata.Bench.Mqtt;
using Strata.Cloud.Contracts;

namespace Strata.Bench.Node;

/// <summary>
/// QoS 1 telemetry in JSON: <c>strata cloud</c>, which acknowledges after the commit, against mosquitto, which accepts and drops the same messages.
/// Each runs alone on core 0, the load on core 1, taking turns. Then the time to the acknowledgement at half of the rate reached.
/// </summary>
internal static class TelemetryVerb
{
    private const string Template = """{"temperature":22.4}""";

    /// <summary>Two builds of strata in turns, <c>--strata</c> and <c>--against</c>, without a peer: what a change costs. The ratio is of each round's pair, the order changing.</summary>
    public static async Task<int> CompareAsync(Arguments arguments)
    {
        var folder = arguments.Text("folder", "") is { Length: > 0 } given ? Directory.CreateDirectory(given) : Directory.CreateTempSubdirectory("strata-bench-");
        var connections = arguments.Number("connections", 50);
        var (ours, theirs) = (new List<Run>(), new List<Run>());
        var before = arguments.With("strata", arguments.Required("against"));
        for (var round = 0; round < arguments.Number("rounds", 5); round++)
        {
            if (round % 2 == 0)
                ours.Add(await StrataAsync(arguments, folder, connections, rate: 0));
            theirs.Add(await StrataAsync(before, folder, connections, rate: 0));
            if (round % 2 != 0)
                ours.Add(await StrataAsync(arguments, folder, connections, rate: 0));
            await Console.Error.WriteLineAsync($"round {round + 1}: {ours[^1].PerSecond}/s, {ours[^1].PerCpuSecond} per CPU second; against {theirs[^1].PerSecond}/s, {theirs[^1].PerCpuSecond}");
        }

        if (arguments.Text("folder", "").Length == 0)
            folder.Delete(recursive: true);
        return Results.Write(arguments.Text("name", "telemetry-compare"), new
        {
            Case = arguments.Text("case", "QoS 1 telemetry in JSON to strata cloud, one tenant: a build against another; server on core 0, load on core 1, alternated; medians of the rounds' ratios"),
            Connections = connections,
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            Ratio = PairRatio(ours, theirs, static run => run.PerSecond),
            RatioPerCpuSecond = PairRatio(ours, theirs, static run => run.PerCpuSecond),
            PerSecond = Median(ours, static run => run.PerSecond),
            AgainstPerSecond = Median(theirs, static run => run.PerSecond),
            PerCpuSecond = Median(ours, static run => run.PerCpuSecond),
            AgainstPerCpuSecond = Median(theirs, static run => run.PerCpuSecond),
            Runs = ours,
            Against = theirs,
        });
    }

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var folder = arguments.Text("folder", "") is { Length: > 0 } given ? Directory.CreateDirectory(given) : Directory.CreateTempSubdirectory("strata-bench-");
        var connections = arguments.Number("connections", 50);
        var strata = new List<Run>();
        var mosquitto = new List<Run>();
        for (var round = 0; round < arguments.Number("rounds", 3); round++)
        {
            strata.Add(await StrataAsync(arguments, folder, connections, rate: 0));
            await using (var server = await ServerProcess.StartMosquittoAsync("0", folder.FullName))
            {
                var before = server.ProcessorTime;
                var load = await LoadAsync(arguments, $"127.0.0.1:{server.Port}", Path.Combine(folder.FullName, "users.txt"), connections, rate: 0);
                mosquitto.Add(Run.Of(load, server.ProcessorTime - before, null));
            }

            await Console.Error.WriteLineAsync(
                $"round {round + 1}: strata {strata[^1].PerSecond}/s, {strata[^1].PerCpuSecond} per CPU second; mosquitto {mosquitto[^1].PerSecond}/s, {mosquitto[^1].PerCpuSecond}");
        }

        var half = (int)(Median(strata, static run => run.PerSecond) / 2);
        var atHalf = await StrataAsync(arguments, folder, connections, half);
        var ratio = Ratio(strata, mosquitto, static run => run.PerSecond);
        var ratioCpu = Ratio(strata, mosquitto, static run => run.PerCpuSecond);
        var written = Results.Write("telemetry", new
        {
            Case = "QoS 1 telemetry in JSON, one value a message; strata cloud acknowledges after the commit, mosquitto accepts and drops; server on core 0, load on core 1, alternated; medians",
            Payload = Template,
            Mqtt = arguments.Number("mqtt", 5),
            Connections = connections,
            Window = arguments.Number("window", 200),
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            StrataPerSecond = Median(strata, static run => run.PerSecond),
            MosquittoPerSecond = Median(mosquitto, static run => run.PerSecond),
            Ratio = ratio,
            StrataPerCpuSecond = Median(strata, static run => run.PerCpuSecond),
            MosquittoPerCpuSecond = Median(mosquitto, static run => run.PerCpuSecond),
            RatioPerCpuSecond = ratioCpu,
            Bar = "ratio at least 1, aim 2",
            HalfRate = half,
            AtHalfRate = atHalf,
            BarP99Ms = 10,
            StoredIsAcknowledged = strata.Append(atHalf).All(static run => run.Stored == run.Acknowledged && run.Refused == 0),
            Strata = strata,
            Mosquitto = mosquitto,
        });
        if (arguments.Text("folder", "").Length == 0)
            folder.Delete(recursive: true);
        return written;
    }

    /// <summary>One run against a new node; holds the node's count of readings against the acknowledgements.</summary>
    private static async Task<Run> StrataAsync(Arguments arguments, DirectoryInfo folder, int connections, int rate)
    {
        var data = Path.Combine(folder.FullName, "cloud");
        if (Directory.Exists(data))
            Directory.Delete(data, recursive: true);
        await using var cloud = await StrataProcess.StartCloudAsync(arguments, data, "0");
        var users = new List<string>();
        for (var number = 0; number < connections; number++)
        {
            var device = await cloud.Client.CreateDeviceAsync(new CreateDevice($"bench-{number}"));
            users.Add($"{device.Id} {device.Secret}");
        }

        var file = Path.Combine(folder.FullName, "users.txt");
        await File.WriteAllLinesAsync(file, users);
        var before = cloud.ProcessorTime;
        var load = await LoadAsync(arguments, cloud.Mqtt.ToString(), file, connections, rate);
        var cpu = cloud.ProcessorTime - before;
        var run = Run.Of(load, cpu, (await cloud.Client.CountReadingsAsync()).Count) with { ResidentBytes = cloud.ResidentBytes() };
        if (run.Stored != run.Acknowledged)
            await Console.Error.WriteLineAsync($"STORED {run.Stored} IS NOT ACKNOWLEDGED {run.Acknowledged}");
        await cloud.StopAsync();
        return run;
    }

    private static async Task<LoadResult> LoadAsync(Arguments arguments, string target, string users, int connections, int rate)
    {
        var start = new ProcessStartInfo("taskset",
            [
                "-c", "1", Environment.ProcessPath!, "mqtt-load", "--target", target, "--users", users, "--connections", $"{connections}",
                "--window", arguments.Text("window", "200"), "--template", Template, "--mqtt", arguments.Text("mqtt", "5"), "--rate", $"{rate}",
                "--seconds", arguments.Text("seconds", "10"), "--warmup", arguments.Text("warmup", "3"),
            ])
        { RedirectStandardOutput = true };
        using var load = Process.Start(start)!;
        var output = await load.StandardOutput.ReadToEndAsync();
        await load.WaitForExitAsync();
        return load.ExitCode == 0 ? JsonSerializer.Deserialize<LoadResult>(output)! : throw new InvalidOperationException("The load failed.");
    }

    private static long Median(List<Run> runs, Func<Run, long> figure) => runs.Select(figure).Order().ElementAt(runs.Count / 2);

    private static double Ratio(List<Run> ours, List<Run> theirs, Func<Run, long> figure) =>
        Math.Round((double)Median(ours, figure) / Median(theirs, figure), 2);

    private static double PairRatio(List<Run> ours, List<Run> theirs, Func<Run, long> figure) =>
        Math.Round(ours.Zip(theirs, (a, b) => (double)figure(a) / figure(b)).Order().ElementAt(ours.Count / 2), 3);

    /// <summary>One run; acknowledged and stored include the warm-up, the rate and the percentiles do not.</summary>
    /// <param name="PerCpuSecond">What the server did with a second of its processor, warm-up included.</param>
    /// <param name="Stored">Readings the node counts afterwards; null for mosquitto.</param>
    private sealed record Run(
        long PerSecond, long PerCpuSecond, double CpuSeconds, double P50Ms, double P99Ms, double P999Ms, long Acknowledged, long Refused, long? Stored, double LoadCpuSeconds)
    {
        public long? ResidentBytes { get; init; }

        public static Run Of(LoadResult load, TimeSpan cpu, long? stored) => new(
            load.PerSecond, (long)(load.Total / cpu.TotalSeconds), Math.Round(cpu.TotalSeconds, 2), load.P50Ms, load.P99Ms, load.P999Ms, load.Total, load.Refused, stored,
            Math.Round(load.LoadCpuSeconds, 2));
    }
}
