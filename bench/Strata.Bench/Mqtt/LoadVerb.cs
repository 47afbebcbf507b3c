using System.Diagnostics;
using System.Text.Json;

namespace Strata.Bench.Mqtt;

/// <summary>Runs the load and prints one line of JSON.</summary>
internal static class LoadVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var options = LoadOptions.From(arguments);
        var connections = Enumerable.Range(0, options.Connections).Select(number => new LoadConnection(options, number)).ToArray();
        foreach (var connection in connections)
            await connection.ConnectAsync();
        using var stop = new CancellationTokenSource();
        var running = Task.WhenAll(connections.Select(connection => Task.Run(() => connection.RunAsync(stop.Token))));
        await Task.WhenAny(running, Task.Delay(options.WarmUp, TimeProvider.System));
        foreach (var connection in connections)
            connection.Restart();
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAny(running, Task.Delay(options.Duration, TimeProvider.System));
        var acknowledged = connections.Sum(static connection => connection.Acknowledged);
        var elapsed = Stopwatch.GetElapsedTime(started);
        var latency = new LatencyHistogram();
        foreach (var connection in connections)
            latency.Add(connection.Latency);
        await stop.CancelAsync();
        await running;
        Console.WriteLine(JsonSerializer.Serialize(new LoadResult(
            (long)(acknowledged / elapsed.TotalSeconds), connections.Sum(static connection => connection.Total + connection.Acknowledged),
            connections.Sum(static connection => connection.Refused),
            latency.Milliseconds(0.5), latency.Milliseconds(0.99), latency.Milliseconds(0.999),
            Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds)));
        foreach (var connection in connections)
            connection.Dispose();
        return 0;
    }
}

/// <summary>What a run of the load saw; the total includes the warm-up. Latency is from the write of a publish to the read of its acknowledgement.</summary>
internal sealed record LoadResult(long PerSecond, long Total, long Refused, double P50Ms, double P99Ms, double P999Ms, double LoadCpuSeconds);
