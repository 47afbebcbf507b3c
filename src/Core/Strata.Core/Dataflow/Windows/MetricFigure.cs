using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>Gathers the values of one metric in one window; <see cref="TryFinish"/> empties it for the next.</summary>
internal sealed class MetricFigure
{
    private readonly List<(double Value, double Weight)> parts = [];
    private long count;
    private long lastTime;
    private double last;

    /// <param name="weight">Microseconds that the value stood in the window.</param>
    /// <param name="arrived">Whether its time lies in the window.</param>
    public void Add(long time, double value, double weight, bool arrived)
    {
        // Devices come in the order of their ids: of two values of one time the last device's counts, whatever order they arrived in.
        if (parts.Count == 0 || time >= lastTime)
            (lastTime, last) = (time, value);
        parts.Add((value, weight));
        count += arrived ? 1 : 0;
    }

    /// <summary>The metric's figures; false when there was no value.</summary>
    public bool TryFinish(MetricName metric, out WindowMetric figures)
    {
        figures = default;
        if (parts.Count == 0)
            return false;
        var (total, min, max) = (0.0, double.PositiveInfinity, double.NegativeInfinity);
        foreach (var (value, weight) in parts)
            (total, min, max) = (total + weight, Math.Min(min, value), Math.Max(max, value));
        // Summing the differences from the least keeps the mean of a constant exact; only values near a double's end overflow there.
        var mean = min + Average(parts, total, value => value - min);
        mean = Math.Clamp(double.IsFinite(mean) ? mean : Average(parts, total, value => value), min, max);
        var variance = Average(parts, total, value => (value - mean) * (value - mean));
        figures = new WindowMetric(metric, count, mean, min, max, Math.Min(Math.Sqrt(variance), double.MaxValue), last);
        parts.Clear();
        count = 0;
        return true;
    }

    /// <summary>Weighted by standing time; evenly when nothing stood for any time.</summary>
    private static double Average(List<(double Value, double Weight)> parts, double total, Func<double, double> of)
    {
        var sum = 0.0;
        foreach (var (value, weight) in parts)
            sum += of(value) * (total > 0 ? weight / total : 1.0 / parts.Count);
        return sum;
    }
}
