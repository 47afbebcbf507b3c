using System.Buffers;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Dataflow.Uplink;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Bench.Dataflow;

/// <summary>
/// What the dead band and the windows take away and what they cost in accuracy, on the real recording: three rooms of a floor, each the same
/// room some hours apart, default bands, a heartbeat of 5 minutes, windows of 5 minutes. Pure arithmetic; the same on every machine.
/// </summary>
internal static class ReductionVerb
{
    private const int Rooms = 3;

    private static readonly TimeSpan Heartbeat = TimeSpan.FromMinutes(5);

    public static int Run(Arguments arguments)
    {
        var path = arguments.Text("file", "samples/office/data/datatraining.txt");
        var rooms = Enumerable.Range(1, Rooms).Select(i => DeviceId.Parse($"room-{i}")).ToList();
        var raw = rooms.Select((device, i) => Rotate(Recording.Read(path, device), i * 300)).ToList();
        var sent = raw.Select(Suppress).ToList();
        var windows = Compute(rooms, sent).ToList();
        var truth = Compute(rooms, raw).ToList();

        var (readings, reported) = (raw.Sum(Count), sent.Sum(Count));
        var (rawBytes, sentBytes) = (raw.Sum(Bytes), sent.Sum(Bytes));
        var windowBytes = windows.Sum(w => (long)Payload(w).WrittenCount);
        var result = new
        {
            readings,
            edge = new { records = reported, bytes = sentBytes, reduction = Less(reported, readings), bytesReduction = Less(sentBytes, rawBytes) },
            fog = new { records = windows.Count, bytes = windowBytes, reduction = Less(windows.Count, reported), bytesReduction = Less(windowBytes, sentBytes) },
            together = new { reduction = Less(windows.Count, readings), bytesReduction = Less(windowBytes, rawBytes) },
            windowPayloadBytes = new { mean = windowBytes / (double)windows.Count, max = windows.Max(w => Payload(w).WrittenCount), threeMetrics = Sizes([.. windows.Select(w => Payload(Three(w)).WrittenCount)]) },
            carriedValueErrorMax = CarriedErrors(raw, sent),
            windowMeanError = WindowErrors(windows, truth),
        };
        return Results.Write("reduction", result);
    }

    /// <summary>The recording begun at a later row, its values wrapped round, its times kept.</summary>
    private static List<Reading[]> Rotate(List<Reading[]> rows, int by) =>
        [.. rows.Select((row, i) => rows[(i + by) % rows.Count].Select(r => r with { Time = row[0].Time }).ToArray())];

    private static List<Reading[]> Suppress(List<Reading[]> rows)
    {
        var filter = new DeadBandFilter(new DeadBandOptions { Heartbeat = Heartbeat });
        var decisions = new DeadBandDecision[16];
        var kept = new List<Reading[]>();
        foreach (var row in rows)
        {
            filter.Decide(row, decisions);
            var reported = row.Where((_, i) => decisions[i].IsReported).ToArray();
            if (reported.Length > 0)
                kept.Add(reported);
        }
        return kept;
    }

    private static IEnumerable<WindowRecord> Compute(List<DeviceId> rooms, List<List<Reading[]>> sources)
    {
        var group = new GroupDefinition
        {
            Id = "floor-1", Site = SiteId.Parse("hq/floor-1"), Members = [.. rooms.Select(r => new GroupMember(r, Heartbeat))], Default = new MetricPolicy(UplinkPolicy.Window),
        };
        var samples = sources.SelectMany(s => s).SelectMany(r => r).Select(r => WindowSample.From(r)).OrderBy(s => s.Time).ToArray();
        var times = Array.ConvertAll(samples, s => s.Time);
        var length = EventTime.Span(group.Window);
        for (var start = samples[0].Time / length * length; start <= samples[^1].Time; start += length)
        {
            var from = LowerBound(times, start - WindowMath.LookBack(group));
            var to = LowerBound(times, start + length);
            if (WindowMath.Compute(group, GatewayId.Parse("gw"), start, 0, samples.AsSpan(from, to - from)) is { } window)
                yield return window;
        }
    }

    /// <summary>For each metric: how far the value that a receiver holds is from the sampled one, at most.</summary>
    private static SortedDictionary<string, double> CarriedErrors(List<List<Reading[]>> raw, List<List<Reading[]>> sent)
    {
        var errors = new SortedDictionary<string, double>();
        foreach (var (source, reported) in raw.Zip(sent))
        {
            var held = new Dictionary<MetricName, double>();
            var next = 0;
            foreach (var row in source)
            {
                while (next < reported.Count && reported[next][0].Time <= row[0].Time)
                {
                    foreach (var reading in reported[next++])
                        held[reading.Metric] = reading.Value.Number;
                }
                foreach (var reading in row)
                    errors[reading.Metric.Value] = Math.Max(errors.GetValueOrDefault(reading.Metric.Value), Math.Abs(held[reading.Metric] - reading.Value.Number));
            }
        }
        return errors;
    }

    private static SortedDictionary<string, object> WindowErrors(List<WindowRecord> windows, List<WindowRecord> truth)
    {
        var exact = truth.ToDictionary(w => w.Start);
        var errors = windows.Where(w => exact.ContainsKey(w.Start))
            .SelectMany(w => w.Metrics.Join(exact[w.Start].Metrics, m => m.Metric, m => m.Metric, (a, b) => (a.Metric, Error: Math.Abs(a.Mean - b.Mean))))
            .GroupBy(e => e.Metric.Value, e => e.Error);
        return new SortedDictionary<string, object>(errors.ToDictionary(g => g.Key, g => (object)new { max = Math.Round(g.Max(), 5), mean = Math.Round(g.Average(), 5) }));
    }

    private static object Sizes(List<int> sizes) => new { mean = Math.Round(sizes.Average(), 1), max = sizes.Max(), upTo200 = Math.Round(sizes.Count(s => s <= 200) / (double)sizes.Count, 4) };

    private static WindowRecord Three(WindowRecord window) => window with { Metrics = [.. window.Metrics.Where(m => m.Metric.Value is "temperature" or "humidity" or "occupancy")] };

    private static ArrayBufferWriter<byte> Payload(WindowRecord window)
    {
        var output = new ArrayBufferWriter<byte>(512);
        WindowPayload.Write(output, window, withSite: false);
        return output;
    }

    private static long Count(List<Reading[]> rows) => rows.Sum(r => (long)r.Length);

    private static long Bytes(List<Reading[]> rows)
    {
        var output = new ArrayBufferWriter<byte>(512);
        var batch = new ReadingBatch();
        var total = 0L;
        foreach (var row in rows)
        {
            batch.Clear();
            foreach (var reading in row)
                batch.Add(reading);
            output.ResetWrittenCount();
            TelemetryJson.Write(output, batch, 0, batch.Count);
            total += output.WrittenCount;
        }
        return total;
    }

    private static double Less(long after, long before) => Math.Round(1 - after / (double)before, 4);

    private static int LowerBound(long[] times, long time)
    {
        var at = Array.BinarySearch(times, time);
        at = at < 0 ? ~at : at;
        while (at > 0 && times[at - 1] >= time)
            at--;
        return at;
    }
}
