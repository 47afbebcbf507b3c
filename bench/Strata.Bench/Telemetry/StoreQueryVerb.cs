using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Bench.Telemetry;

/// <summary>One device's month out of 100 million readings in the plain table, in the order in which they arrived.</summary>
internal static class StoreQueryVerb
{
    private const int Minutes = 30 * 1440;

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var devices = arguments.Number("devices", 2_300);
        var folder = Path.Combine(arguments.Required("folder"), $"month-{devices}");
        var options = new TelemetryStoreOptions { Folder = folder, Threads = arguments.Number("threads", 2) };
        if (!Directory.Exists(folder))
            await File.WriteAllTextAsync($"{folder}.json", JsonSerializer.Serialize(await WriteAsync(options, devices)));
        var written = JsonNode.Parse(await File.ReadAllTextAsync($"{folder}.json"));
        var bytes = new FileInfo(Path.Combine(folder, "telemetry.duckdb")).Length;

        var watch = Stopwatch.StartNew();
        await using var bench = new BenchStore(options, devices);
        await bench.Store.OpenAsync(CancellationToken.None);
        var open = watch.Elapsed.TotalMilliseconds;
        var residentAfterOpen = Environment.WorkingSet >> 20;
        var readings = await bench.Store.CountAsync(TenantId.Main, null, CancellationToken.None);
        var month = await TimeAsync(8, i => Rows(bench, new ReadingRange { Devices = [BenchStore.Device(i * 97 % devices)], Limit = 100_000 }));
        var day = await TimeAsync(8, i => Rows(bench, new ReadingRange
        {
            Devices = [BenchStore.Device(i * 89 % devices)],
            From = BenchStore.Start + (i + 10) * 86_400_000_000L,
            To = BenchStore.Start + (i + 11) * 86_400_000_000L,
            Limit = 100_000,
        }));
        var hourly = await TimeAsync(4, async i => (await bench.Store.AggregateAsync(
            TenantId.Main, new ReadingRange { Devices = [BenchStore.Device(i * 83 % devices)] }, 3_600_000_000, [AggregateFunction.Avg, AggregateFunction.Max], CancellationToken.None)).Count);
        var count = await TimeAsync(4, async _ => (int)Math.Min(int.MaxValue, await bench.Store.CountAsync(TenantId.Main, null, CancellationToken.None)));
        var latest = await TimeAsync(4, async _ => (await bench.Store.LatestAsync(TenantId.Main, [], CancellationToken.None)).Count);
        return Results.Write("store-query", new
        {
            pattern = $"{devices} devices, one reading a minute over 30 days, written in order of time, 4 minutes of all devices a commit; nothing late",
            readings,
            bytesPerReading = Math.Round(bytes / (double)readings, 2),
            threads = options.Threads,
            memoryLimitMiB = options.MemoryLimitMiB,
            written,
            openMs = Math.Round(open),
            residentAfterOpenMiB = residentAfterOpen,
            oneDevice30Days = month,
            oneDevice1Day = day,
            oneDevice30DaysHourly = hourly,
            countAll = count,
            latestOfAll = latest,
            residentMiB = Environment.WorkingSet >> 20,
            load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0],
            barMs = 600,
        });
    }

    private static async Task<object> WriteAsync(TelemetryStoreOptions options, int devices)
    {
        var watch = Stopwatch.StartNew();
        await using (var bench = new BenchStore(options, devices))
        {
            await bench.Store.OpenAsync(CancellationToken.None);
            for (var minute = 0; minute < Minutes; minute += 4)
                await bench.CommitAsync(4 * devices);
        }
        return new { seconds = Math.Round(watch.Elapsed.TotalSeconds), rowsPerSecond = Math.Round((double)Minutes * devices / watch.Elapsed.TotalSeconds) };
    }

    private static async Task<int> Rows(BenchStore bench, ReadingRange range) => (await bench.Store.ReadAsync(TenantId.Main, range, CancellationToken.None)).Count;

    private static async Task<object> TimeAsync(int times, Func<int, Task<int>> query)
    {
        var taken = new List<double>();
        var cpu = Environment.CpuUsage.TotalTime;
        var rows = 0;
        for (var i = 0; i < times; i++)
        {
            var watch = Stopwatch.StartNew();
            rows = await query(i);
            taken.Add(watch.Elapsed.TotalMilliseconds);
        }
        var cpuMs = (Environment.CpuUsage.TotalTime - cpu).TotalMilliseconds / times;
        var first = taken[0];
        taken.Sort();
        return new { rows, firstMs = Math.Round(first, 1), medianMs = Math.Round(taken[times / 2], 1), maxMs = Math.Round(taken[^1], 1), cpuMs = Math.Round(cpuMs, 1) };
    }
}
