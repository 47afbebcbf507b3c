using System.Buffers;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using Strata.Edge.Buffering;
using Strata.Edge.Books;
using Strata.Edge.Sources;
using Strata.Forwarding;

namespace Strata.Edge.Reduction;

/// <summary>
/// Decides sample by sample what is sent, and keeps the books of it. A sample becomes no batch, one, or two: changes of immediate metrics travel apart. Not safe for
/// use by two threads at once.
/// </summary>
internal sealed class SampleReducer
{
    /// <summary>Metrics with books and a dead band of their own, whose state travels with every record. Readings of further ones are all sent.</summary>
    public const int MaxMetrics = 256;

    private readonly DeviceId device;
    private readonly HashSet<MetricName> immediate;
    private readonly DeadBandFilter filter;
    private readonly Dictionary<MetricName, int> indexes = [];
    private readonly List<MetricBooks> metrics;
    private readonly Dictionary<MetricName, long> lastReported = [];
    private readonly ReadingBatch rows = new();
    private readonly ArrayBufferWriter<byte> payload = new(1024);
    private Reading[] sample = new Reading[8];
    private DeadBandDecision[] decisions = new DeadBandDecision[8];
    private SourceBooks books;
    private long suppressedTold;

    public SampleReducer(DeviceId device, ReductionOptions options, AgentMemo from)
    {
        this.device = device;
        immediate = [.. options.Immediate];
        filter = new DeadBandFilter(options.DeadBand with { MaxMetrics = Math.Min(options.DeadBand.MaxMetrics, MaxMetrics) });
        filter.Restore(from.Reported);
        books = from.Books;
        suppressedTold = from.SuppressedTold;
        metrics = [.. books.Metrics];
        for (var i = 0; i < metrics.Count; i++)
            indexes[MetricName.Parse(metrics[i].Metric)] = i;
        foreach (var report in from.Reported)
            lastReported[MetricName.Parse(report.Metric)] = report.Time;
    }

    /// <summary>Takes one sample; its batches are added to <paramref name="records"/>.</summary>
    /// <param name="badRows">Unreadable rows since the sample before.</param>
    public void Take(Sample taken, long badRows, ICollection<ForwardRecord> records)
    {
        var count = Load(taken);
        filter.Decide(sample.AsSpan(0, count), decisions);
        var bytes = Encode(count, static _ => true);
        var suppressed = 0;
        for (var i = 0; i < count; i++)
        {
            var isSuppressed = !decisions[i].IsReported;
            suppressed += isSuppressed ? 1 : 0;
            Note(sample[i], isSuppressed);
        }
        books = books with
        {
            Samples = books.Samples + 1,
            ReadingsIn = books.ReadingsIn + count,
            Suppressed = books.Suppressed + suppressed,
            Recorded = books.Recorded + count - suppressed,
            BytesIn = books.BytesIn + bytes,
            BadRows = books.BadRows + badRows,
        };
        AddRecord(taken, count, urgent: true, IsUrgent, records);
        AddRecord(taken, count, urgent: false, i => decisions[i].IsReported && !IsUrgent(i), records);
    }

    /// <summary>Counts unreadable rows behind the last sample.</summary>
    public void TakeBadRows(long badRows) => books = books with { BadRows = books.BadRows + badRows };

    /// <summary>The state after all samples taken.</summary>
    public AgentMemo Save(string sourceKey, SourcePosition position) =>
        new(sourceKey, position, books with { Metrics = [.. metrics] }, suppressedTold, filter.Save());

    private bool IsUrgent(int row) =>
        decisions[row].IsReported && decisions[row].Reason != DeadBandReason.Heartbeat && immediate.Contains(sample[row].Metric);

    private int Load(Sample taken)
    {
        var count = taken.Values.Count;
        if (sample.Length < count)
            (sample, decisions) = (new Reading[count], new DeadBandDecision[count]);
        for (var i = 0; i < count; i++)
        {
            var (metric, value) = taken.Values[i];
            // Two values of one metric at one time would hide one another: the later ones get the next microseconds.
            var time = lastReported.TryGetValue(metric, out var last) && last >= taken.Time && last - taken.Time < 1000 ? last + 1 : taken.Time;
            sample[i] = new Reading(device, metric, time, value);
        }
        return count;
    }

    private void AddRecord(Sample taken, int count, bool urgent, Func<int, bool> includes, ICollection<ForwardRecord> records)
    {
        if (Encode(count, includes) == 0)
            return;
        var batch = new Batch(taken.SampledAt, books.Suppressed - suppressedTold, urgent, payload.WrittenMemory);
        suppressedTold = books.Suppressed;
        records.Add(new ForwardRecord(batch.Write()) { Readings = rows.Count, From = rows.Times[0], To = rows.Times[^1], Cursor = books.Samples });
    }

    /// <summary>Writes the rows as a telemetry payload; gives its length, 0 without rows.</summary>
    private int Encode(int count, Func<int, bool> includes)
    {
        rows.Clear();
        payload.ResetWrittenCount();
        rows.BeginMessage();
        for (var i = 0; i < count; i++)
        {
            if (includes(i))
                rows.Add(sample[i]);
        }
        rows.EndMessage();
        if (rows.Count > 0)
            TelemetryJson.Write(payload, rows, 0, rows.Count);
        return payload.WrittenCount;
    }

    private void Note(in Reading reading, bool isSuppressed)
    {
        if (!indexes.TryGetValue(reading.Metric, out var index))
        {
            if (metrics.Count >= MaxMetrics)
                return;
            indexes[reading.Metric] = index = metrics.Count;
            metrics.Add(new MetricBooks(reading.Metric.Value, 0, 0));
        }
        var (name, taken, suppressed) = metrics[index];
        metrics[index] = new MetricBooks(name, taken + 1, suppressed + (isSuppressed ? 1 : 0));
        if (!isSuppressed)
            lastReported[reading.Metric] = reading.Time;
    }
}
