using System.Diagnostics;
using Strata.Telemetry;

namespace Strata.Bench.Telemetry;

/// <summary>Rows per second that one writer commits durably, by rows of a commit. Checkpoints run beside and are included.</summary>
internal static class StoreAppendVerb
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var folder = arguments.Required("folder");
        var duration = TimeSpan.FromSeconds(arguments.Number("seconds", 5));
        var results = new List<object>();
        foreach (var size in (int[])[1, 100, 1_000, 3_000, 8_000])
        {
            var path = Path.Combine(folder, $"append-{size}");
            await using (var bench = new BenchStore(new TelemetryStoreOptions { Folder = path, Threads = arguments.Number("threads", 1) }, devices: 2_300))
            {
                await bench.Store.OpenAsync(CancellationToken.None);
                await bench.CommitAsync(2_300);
                results.Add(await MeasureAsync(bench, size, duration));
            }
            Directory.Delete(path, recursive: true);
        }
        return Results.Write("store-append", new { commits = results, cores = Environment.ProcessorCount, fsync = "each commit", load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0] });
    }

    private static async Task<object> MeasureAsync(BenchStore bench, int size, TimeSpan duration)
    {
        var times = new List<double>();
        var cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < duration)
        {
            var before = watch.Elapsed;
            await bench.CommitAsync(size);
            times.Add((watch.Elapsed - before).TotalMilliseconds);
        }
        var elapsed = watch.Elapsed.TotalSeconds;
        times.Sort();
        return new
        {
            rowsPerCommit = size,
            rowsPerSecond = Math.Round(times.Count * (double)size / elapsed),
            commitMsP50 = Math.Round(times[times.Count / 2], 2),
            commitMsP99 = Math.Round(times[(int)(times.Count * 0.99)], 2),
            commitMsMax = Math.Round(times[^1], 2),
            cpuPercent = Math.Round((Environment.CpuUsage.TotalTime - cpu).TotalSeconds / elapsed * 100),
            residentMiB = Environment.WorkingSet >> 20,
        };
    }
}
