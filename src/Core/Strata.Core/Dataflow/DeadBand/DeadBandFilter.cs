using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>
/// Report on change with heartbeat, for the metrics of one device. Each sample is compared with the value last reported, not with the last
/// sample, so the value that a receiver holds never errs by more than the band, however slow the drift. Not safe for use by two threads at once.
/// </summary>
public sealed class DeadBandFilter(DeadBandOptions options)
{
    private const DeadBandReason Undecided = (DeadBandReason)byte.MaxValue;

    private readonly long heartbeat = EventTime.Span(options.Heartbeat);
    private readonly double positionBand = options.PositionBand;
    private readonly Dictionary<MetricName, Tracked> tracked = [];

    /// <summary>
    /// Decides about what was sampled together and remembers what is reported. A latitude and its longitude of one time are decided as one
    /// position; a coordinate without its partner as any number.
    /// </summary>
    /// <param name="sample">Readings of the one device, each metric once; their times are given, not <see cref="EventTime.Arrival"/>.</param>
    /// <param name="decisions">One for each reading, in order.</param>
    public void Decide(ReadOnlySpan<Reading> sample, Span<DeadBandDecision> decisions)
    {
        decisions[..sample.Length].Fill(new DeadBandDecision(Undecided, 0));
        for (var i = 0; i < sample.Length; i++)
        {
            var partner = LongitudeOf(sample, i);
            if (partner >= 0 && decisions[partner].Reason == Undecided)
                DecidePosition(sample[i], sample[partner], out decisions[i], out decisions[partner]);
        }
        for (var i = 0; i < sample.Length; i++)
        {
            if (decisions[i].Reason == Undecided)
                decisions[i] = Decide(sample[i]);
        }
    }

    /// <summary>Decides about one sample by itself.</summary>
    public DeadBandDecision Decide(in Reading sample)
    {
        var last = Find(sample.Metric);
        if (last is null)
            return Start(sample);
        var reason = Compare(sample.Value, last);
        return Settle(sample, last, reason == DeadBandReason.Changed ? reason : Elapsed(sample.Time, last.Time) ?? reason);
    }

    /// <summary>What was last reported of each metric.</summary>
    public IReadOnlyList<DeadBandReport> Save() =>
        [.. tracked.Values.Select(t => new DeadBandReport(t.Metric.Value, t.Time, t.Value.Kind, t.Value.Number, t.Value.Text, t.Suppressed))];

    /// <summary>Goes on from what <see cref="Save"/> gave; replaces whatever was remembered. Entries that are no metrics are left out.</summary>
    public void Restore(IEnumerable<DeadBandReport> reports)
    {
        tracked.Clear();
        foreach (var report in reports)
        {
            if (!MetricName.TryParse(report.Metric, out var metric) || tracked.Count >= options.MaxMetrics)
                continue;
            tracked[metric] = new Tracked(metric, options.BandOf(metric))
            {
                Time = report.Time,
                Value = ReadingValue.FromColumns(report.Kind, report.Number, report.Text),
                Suppressed = report.Suppressed,
            };
        }
    }

    private static int LongitudeOf(ReadOnlySpan<Reading> sample, int latitude)
    {
        if (sample[latitude].Value.Kind != ReadingKind.Number || !PositionNames.IsLatitude(sample[latitude].Metric))
            return -1;
        for (var i = 0; i < sample.Length; i++)
        {
            if (sample[i].Time == sample[latitude].Time && sample[i].Value.Kind == ReadingKind.Number
                && PositionNames.ArePair(sample[latitude].Metric, sample[i].Metric))
                return i;
        }
        return -1;
    }

    private void DecidePosition(in Reading latitude, in Reading longitude, out DeadBandDecision north, out DeadBandDecision east)
    {
        var (lastNorth, lastEast) = (Find(latitude.Metric), Find(longitude.Metric));
        if (lastNorth is null || lastEast is null)
        {
            (north, east) = (Start(latitude), Start(longitude));
            return;
        }
        var distance = GreatCircle.Metres(lastNorth.Value.Number, lastEast.Value.Number, latitude.Value.Number, longitude.Value.Number);
        // Coordinates of two times are no position to measure from.
        var reason = lastNorth.Time != lastEast.Time || !(distance <= positionBand)
            ? DeadBandReason.Moved
            : Elapsed(latitude.Time, lastNorth.Time) ?? DeadBandReason.SamePlace;
        (north, east) = (Settle(latitude, lastNorth, reason), Settle(longitude, lastEast, reason));
    }

    /// <summary>What the value alone says.</summary>
    private static DeadBandReason Compare(in ReadingValue now, Tracked last)
    {
        if (now == last.Value)
            return DeadBandReason.Unchanged;
        return now.Kind == ReadingKind.Number && last.Value.Kind == ReadingKind.Number && Math.Abs(now.Number - last.Value.Number) <= last.Band
            ? DeadBandReason.WithinBand
            : DeadBandReason.Changed;
    }

    private DeadBandReason? Elapsed(long now, long last) =>
        now < last ? DeadBandReason.OutOfOrder : now - last >= heartbeat ? DeadBandReason.Heartbeat : null;

    private Tracked? Find(MetricName metric) => tracked.GetValueOrDefault(metric);

    private DeadBandDecision Start(in Reading sample)
    {
        if (!tracked.TryGetValue(sample.Metric, out var entry))
        {
            if (tracked.Count >= options.MaxMetrics)
                return new DeadBandDecision(DeadBandReason.Untracked, 0);
            tracked[sample.Metric] = entry = new Tracked(sample.Metric, options.BandOf(sample.Metric));
        }
        (entry.Time, entry.Value, entry.Suppressed) = (sample.Time, sample.Value, 0);
        return new DeadBandDecision(DeadBandReason.First, 0);
    }

    private DeadBandDecision Settle(in Reading sample, Tracked last, DeadBandReason reason)
    {
        var decision = new DeadBandDecision(reason, last.Suppressed);
        if (!decision.IsReported)
            return decision with { SuppressedBefore = ++last.Suppressed };
        // A straggler leaves the newer report in force; a clock set back by more than a heartbeat starts anew.
        if (sample.Time < last.Time && last.Time - sample.Time <= heartbeat)
            return new DeadBandDecision(DeadBandReason.OutOfOrder, 0);
        (last.Time, last.Value, last.Suppressed) = (sample.Time, sample.Value, 0);
        return decision;
    }

    private sealed class Tracked(MetricName metric, double band)
    {
        public readonly MetricName Metric = metric;
        public readonly double Band = band;
        public long Time;
        public ReadingValue Value;
        public long Suppressed;
    }
}
