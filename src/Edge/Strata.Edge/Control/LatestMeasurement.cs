using Strata.Core.Telemetry;
using Strata.Edge.Sources;

namespace Strata.Edge.Control;

/// <summary>The newest value of one metric of the source, handed from its task to the control loop's thread.</summary>
internal sealed class LatestMeasurement(MetricName metric, TimeSpan staleAfter, TimeProvider time) : IMeasurement
{
    private readonly Lock gate = new();
    private double value = double.NaN;
    private long taken;

    /// <summary>Takes the metric out of a sample that has it as a number.</summary>
    public void Note(Sample sample)
    {
        foreach (var (name, measured) in sample.Values)
        {
            if (name != metric || measured.Kind == ReadingKind.Text)
                continue;
            lock (gate)
                (value, taken) = (measured.Number, time.GetTimestamp());
        }
    }

    public double Read()
    {
        lock (gate)
            return time.GetElapsedTime(taken) <= staleAfter ? value : double.NaN;
    }
}
