using System.Diagnostics;
using System.Text.Json;

namespace Strata.Bench.Mqtt;

/// <summary>
/// QoS 1 publishes without subscriber, acknowledged at once: the engine with a dropping host against Debian's mosquitto. Each runs alone on core
/// 0, the load on core 1, taking turns; the figure is the median of the rounds, because the machine may be shared.
/// </summary>
internal static class QoS1Verb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var rounds = arguments.Number("rounds", 5);
        var folder = Directory.CreateTempSubdirectory("strata-bench-");
        var engine = new List<Run>();
        var mosquitto = new List<Run>();
        for (var round = 0; round < rounds; round++)
        {
            await using (var server = await ServerProcess.StartEngineAsync("0"))
                engine.Add(await LoadAsync(server, arguments));
            await using (var server = await ServerProcess.StartMosquittoAsync("0", folder.FullName))
                mosquitto.Add(await LoadAsync(server, arguments));
            await Console.Error.WriteLineAsync($"round {round + 1}: engine {engine[^1].PerSecond}/s, mosquitto {mosquitto[^1].PerSecond}/s");
        }

        folder.Delete(recursive: true);
        var (ours, theirs) = (Median(engine), Median(mosquitto));
        return Results.Write("mqtt-qos1", new
        {
            Case = "QoS 1, no subscriber, MQTT 3.1.1, server on core 0, load on core 1",
            Connections = arguments.Number("connections", 50),
            Window = arguments.Number("window", 200),
            PayloadBytes = arguments.Number("payload", 64),
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            EnginePerSecond = ours,
            MosquittoPerSecond = theirs,
            Ratio = Math.Round((double)ours / theirs, 2),
            EnginePerCpuSecond = MedianCpu(engine),
            MosquittoPerCpuSecond = MedianCpu(mosquitto),
            RatioPerCpuSecond = Math.Round((double)MedianCpu(engine) / MedianCpu(mosquitto), 2),
            Engine = engine,
            Mosquitto = mosquitto,
        });
    }

    private static async Task<Run> LoadAsync(ServerProcess server, Arguments arguments)
    {
        var start = new ProcessStartInfo("taskset") { RedirectStandardOutput = true };
        foreach (var argument in (string[])
            [
                "-c", "1", Environment.ProcessPath!, "mqtt-load", "--target", $"127.0.0.1:{server.Port}",
                "--connections", arguments.Text("connections", "50"), "--window", arguments.Text("window", "200"),
                "--payload", arguments.Text("payload", "64"), "--seconds", arguments.Text("seconds", "5"), "--warmup", arguments.Text("warmup", "2"),
            ])
            start.ArgumentList.Add(argument);
        var before = server.ProcessorTime;
        using var load = Process.Start(start)!;
        var output = await load.StandardOutput.ReadToEndAsync();
        await load.WaitForExitAsync();
        var result = JsonSerializer.Deserialize<LoadResult>(output) ?? throw new InvalidOperationException("The load printed nothing.");
        var cpu = (server.ProcessorTime - before).TotalSeconds;
        return new Run(result.PerSecond, (long)(result.Total / cpu), result.P50Ms, result.P99Ms);
    }

    private static long Median(List<Run> runs) => runs.Select(static run => run.PerSecond).Order().ElementAt(runs.Count / 2);

    private static long MedianCpu(List<Run> runs) => runs.Select(static run => run.PerCpuSecond).Order().ElementAt(runs.Count / 2);

    /// <summary>One round. <paramref name="PerCpuSecond"/> is what the server did with a second of its processor, which other programs on the machine disturb less.</summary>
    private sealed record Run(long PerSecond, long PerCpuSecond, double P50Ms, double P99Ms);
}
