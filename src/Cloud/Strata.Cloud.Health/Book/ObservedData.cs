using Strata.Core.Health;
using Strata.Core.Telemetry;

namespace Strata.Cloud.Health.Book;

/// <summary>How the data of a device looks: what stands still, what cannot be, what comes late or by a wrong clock. Guarded by its record.</summary>
internal sealed class ObservedData
{
    /// <summary>Metrics of a device that are watched; of one with more, the first by name.</summary>
    private const int MaxWatched = 8;

    /// <summary>Lags so far apart are of one clock; in a row, so many of them.</summary>
    private const int SteadyNeeded = 3;

    private static readonly TimeSpan SteadyWithin = TimeSpan.FromSeconds(15);

    private Watched[] watched = [];
    private LearnedLatency latency;
    private DateTimeOffset taken;
    private long newestTime;
    private TimeSpan lag;
    private int steady;

    /// <summary>How far the clock is behind, when it is so steadily; ahead is negative.</summary>
    public TimeSpan Skew => steady >= SteadyNeeded ? lag : TimeSpan.Zero;

    /// <summary>From the device's clock to here, milliseconds; not a number while too little is known.</summary>
    public float Latency => latency.Milliseconds;

    /// <summary>What is kept of it.</summary>
    public float[] Lags => latency.Kept;

    public void Restore(KeptHealth kept)
    {
        foreach (var milliseconds in kept.Lags)
            latency.Learn(TimeSpan.FromMilliseconds(milliseconds));
    }

    /// <summary>Takes in newest values.</summary>
    /// <param name="heard">When they arrived.</param>
    /// <returns>Whether they came late, and not by a clock that is steadily behind.</returns>
    public bool Take(ReadOnlySpan<Reading> newest, DateTimeOffset heard, HealthPolicy policy)
    {
        long latest = 0;
        foreach (ref readonly var reading in newest)
        {
            if (reading.Time > latest)
                latest = reading.Time;
            if (!reading.Metric.IsHealth && reading.Value.Kind == ReadingKind.Number)
                Watch(reading);
        }
        if (latest == newestTime || latest == 0)
            return false;
        newestTime = latest;
        var late = heard - EventTime.ToDateTimeOffset(latest);
        if (heard > taken)
            latency.Learn(late); // What a gateway held back says nothing of how long it is on its way.
        taken = heard;
        steady = (late - lag).Duration() <= SteadyWithin ? Math.Min(steady + 1, SteadyNeeded) : 0;
        lag = late;
        return late > policy.LateAfter && steady < SteadyNeeded;
    }

    /// <summary>A metric whose value has stood still for too long; null for none. Whole numbers may: counts, settings, positions of a switch.</summary>
    public string? Stuck(HealthPolicy policy)
    {
        foreach (ref readonly var metric in watched.AsSpan())
        {
            if (metric.Same >= policy.StuckReadings && EventTime.ToDateTimeOffset(metric.Last) - EventTime.ToDateTimeOffset(metric.Since) >= policy.StuckAfter && metric.Value != Math.Floor(metric.Value))
                return metric.Name.Value;
        }
        return null;
    }

    /// <summary>A metric whose newest value cannot be; null for none.</summary>
    public (string Metric, double Value)? OutOfRange(HealthPolicy policy)
    {
        foreach (ref readonly var metric in watched.AsSpan())
        {
            if (policy.Ranges.TryGetValue(metric.Name.Value, out var range) && !range.Contains(metric.Value))
                return (metric.Name.Value, metric.Value);
        }
        return null;
    }

    private void Watch(in Reading reading)
    {
        for (var i = 0; i < watched.Length; i++)
        {
            ref var known = ref watched[i];
            if (known.Name != reading.Metric)
                continue;
            if (reading.Time <= known.Last)
                return;
            known = reading.Value.Number == known.Value
                ? known with { Last = reading.Time, Same = known.Same + 1 }
                : new Watched(reading.Metric, reading.Value.Number, reading.Time, reading.Time, 1);
            return;
        }
        if (watched.Length < MaxWatched)
            watched = [.. watched, new Watched(reading.Metric, reading.Value.Number, reading.Time, reading.Time, 1)];
    }

    /// <param name="Since">When the value was first this one, microseconds.</param>
    /// <param name="Last">The newest reading's time.</param>
    /// <param name="Same">Readings in a row with this value.</param>
    private readonly record struct Watched(MetricName Name, double Value, long Since, long Last, int Same);
}
