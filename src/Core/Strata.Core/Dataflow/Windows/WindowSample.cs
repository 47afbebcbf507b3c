using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>One reading as the windows see it.</summary>
/// <param name="Time">Microseconds.</param>
/// <param name="Value">The number; 1 or 0 for a boolean; NaN for a text, which counts as heard and gives no figure.</param>
public readonly record struct WindowSample(DeviceId Device, MetricName Metric, long Time, double Value)
{
    public static WindowSample From(in Reading reading) => new(
        reading.Device, reading.Metric, reading.Time, reading.Value.Kind == ReadingKind.Text ? double.NaN : reading.Value.Number);
}

/// <summary>The figures of one window.</summary>
/// <param name="Heard">Members that had a value standing or arriving in the window.</param>
/// <param name="Metrics">Ordered by name; empty when nobody was heard.</param>
public sealed record WindowFigures(int Heard, IReadOnlyList<WindowMetric> Metrics);
