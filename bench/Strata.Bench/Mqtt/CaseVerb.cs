using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Strata.Bench.Mqtt.Drive;

namespace Strata.Bench.Mqtt;

/// <summary>
/// The engine, mosquitto and, where its binary is given, FlashMQ under the same load, one after the other, each alone on core 0, the load on core 1. The figures are
/// medians of the rounds, because the machine may be shared; for the same reason what a second of the server's processor does is the figure to compare by.
/// </summary>
internal static class CaseVerb
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    public static async Task<int> RunAsync(string verb, Arguments arguments)
    {
        var of = BrokerCase.Of(verb, arguments);
        var flashMq = FlashMq(arguments);
        var brokers = new List<string> { "engine", "mosquitto" };
        if (flashMq.Length > 0)
            brokers.Add("flashmq");
        if (of.Kestrel is not null)
            brokers.Add("kestrel");
        if (arguments.Text("only", "") is { Length: > 0 } only)
            brokers.RemoveAll(broker => broker != only);
        var runs = brokers.ToDictionary(static broker => broker, static _ => new List<Run>());
        for (var round = 0; round < arguments.Number("rounds", 3); round++)
        {
            foreach (var broker in brokers)
            {
                var run = await RunOnceAsync(of, broker, flashMq, arguments, broker == "kestrel" ? of.Kestrel! : of.Load);
                if (of.Paced is { } paced)
                    run = run with { Paced = await RunOnceAsync(of, broker, flashMq, arguments, [.. of.Load, .. paced, "--window", "1000"]) };
                runs[broker].Add(run);
                await Console.Error.WriteLineAsync($"round {round + 1}: {broker} {run.PerSecond}/s, {run.PerCpuSecond} a processor second, load {run.LoadShare:0.00} of a processor");
            }
        }

        if (brokers.Count == 1)
            return 0;
        return Results.Write(of.Name, new
        {
            Case = $"{of.What}; MQTT 3.1.1, 64 bytes, server on core 0, load on core 1, alternated; medians",
            of.Bar,
            Load = string.Join(' ', of.Load),
            LoadAverage = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            EngineToMosquitto = Ratio(runs, "mosquitto", static run => run.PerSecond),
            EngineToMosquittoPerCpuSecond = Ratio(runs, "mosquitto", static run => run.PerCpuSecond),
            KestrelToMosquittoPerCpuSecond = Ratio(runs, "mosquitto", static run => run.PerCpuSecond, "kestrel"),
            EngineToFlashMq = Ratio(runs, "flashmq", static run => run.PerSecond),
            EngineToFlashMqPerCpuSecond = Ratio(runs, "flashmq", static run => run.PerCpuSecond),
            Medians = runs.ToDictionary(static pair => pair.Key, pair => new
            {
                PerSecond = Median(pair.Value, static run => run.PerSecond),
                PerCpuSecond = Median(pair.Value, static run => run.PerCpuSecond),
                LoadShare = Median(pair.Value, static run => run.LoadShare),
                P50Ms = Median(pair.Value, static run => run.P50Ms),
                P99Ms = Median(pair.Value, static run => run.P99Ms),
                PacedP99Ms = of.Paced is null ? (double?)null : Median(pair.Value, static run => run.Paced!.P99Ms),
                PacedPerSecond = of.Paced is null ? (long?)null : Median(pair.Value, static run => run.Paced!.PerSecond),
            }),
            Rounds = runs,
        });
    }

    /// <summary>FlashMQ's binary; empty when none is given.</summary>
    public static string FlashMq(Arguments arguments) => arguments.Text("flashmq", Environment.GetEnvironmentVariable("FLASHMQ") ?? "");

    /// <summary>Runs the generator on core 1.</summary>
    public static async Task<T> LoadAsync<T>(string verb, ServerProcess server, params IEnumerable<string> options)
    {
        var start = new ProcessStartInfo("taskset",
            ["-c", "1", Environment.ProcessPath!, verb, "--target", $"127.0.0.1:{server.Port}", "--server", server.Id.ToString(Invariant), .. options])
        { RedirectStandardOutput = true };
        using var load = Process.Start(start)!;
        var output = await load.StandardOutput.ReadToEndAsync();
        await load.WaitForExitAsync();
        return load.ExitCode == 0 ? JsonSerializer.Deserialize<T>(output)! : throw new InvalidOperationException("The load failed.");
    }

    private static async Task<Run> RunOnceAsync(BrokerCase of, string broker, string flashMq, Arguments arguments, string[] load)
    {
        var folder = Directory.CreateTempSubdirectory("strata-bench-");
        string[] In(string[] lines) => [.. lines.Select(line => line.Replace("{folder}", folder.FullName, StringComparison.Ordinal))];
        var warmUp = arguments.Text("warmup", broker is "engine" or "kestrel" ? "10" : "2"); // The engine is compiled while it runs, the others were before.
        DriveResult result;
        await using (var server = broker switch
        {
            "engine" => await ServerProcess.StartEngineAsync("0", In(of.Engine)),
            "kestrel" => await ServerProcess.StartEngineAsync("0", "--bare"),
            "mosquitto" => await ServerProcess.StartMosquittoAsync("0", folder.FullName, In(of.Mosquitto)),
            _ => await ServerProcess.StartFlashMqAsync("0", flashMq, folder.FullName, In(of.FlashMq)),
        })
        {
            result = await LoadAsync<DriveResult>(
                "mqtt-drive", server, [.. load, "--seconds", arguments.Text("seconds", "5"), "--warmup", warmUp]);
        }

        folder.Delete(recursive: true);
        var count = of.Counts switch
        {
            Counted.Deliveries => result.Delivered,
            Counted.Acknowledged => result.Acknowledged,
            _ => result.Connected,
        };
        return new Run(
            (long)(count / result.Seconds), (long)(count / Math.Max(0.01, result.ServerCpu)), Math.Round(result.ServerCpu / result.Seconds, 2),
            Math.Round(result.LoadCpu / result.Seconds, 2), result.P50Ms, result.P99Ms, result.TotalPublished, result.TotalDelivered, result.Lost, result.Refused);
    }

    private static double? Ratio(Dictionary<string, List<Run>> runs, string peer, Func<Run, long> figure, string of = "engine") =>
        !runs.TryGetValue(peer, out var theirs) || !runs.TryGetValue(of, out var ours) ? null : Math.Round((double)Median(ours, figure) / Median(theirs, figure), 2);

    private static T Median<T>(List<Run> runs, Func<Run, T> figure) => runs.Select(figure).Order().ElementAt(runs.Count / 2);

    /// <summary>One round.</summary>
    /// <param name="PerCpuSecond">What the server did with a second of its processor, which other programs on the machine disturb less.</param>
    /// <param name="ServerShare">Processors that the server had.</param>
    /// <param name="LoadShare">Processors that the generator had; near 1 it may be the limit.</param>
    /// <param name="Lost">Deliveries that were due at the end and did not come.</param>
    private sealed record Run(
        long PerSecond, long PerCpuSecond, double ServerShare, double LoadShare, double P50Ms, double P99Ms, long Published, long Delivered, long Lost, long Refused)
    {
        public Run? Paced { get; init; }
    }
}
