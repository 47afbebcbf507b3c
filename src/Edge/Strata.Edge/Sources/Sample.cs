using Strata.Core.Telemetry;

namespace Strata.Edge.Sources;

/// <summary>What a source measured at one time. One value of it is one reading.</summary>
/// <param name="Time">Microseconds since the epoch, the time the readings carry.</param>
/// <param name="SampledAt">Milliseconds since the epoch by this machine's clock, also when <paramref name="Time"/> is replayed.</param>
/// <param name="Next">Where the source goes on after this sample.</param>
internal sealed record Sample(long Time, long SampledAt, SourcePosition Next, IReadOnlyList<Measurement> Values);

/// <summary>One value of a sample.</summary>
internal readonly record struct Measurement(MetricName Metric, ReadingValue Value);

/// <summary>How far a source is; kept with every record, so that a replay goes on where the last durable record ends.</summary>
/// <param name="Rows">Rows (of a replay), lines or samples that are done.</param>
/// <param name="Shift">Microseconds added to the times of a file.</param>
/// <param name="Anchor">When the replay began, microseconds since the epoch by this machine's clock; 0 before it begins.</param>
internal readonly record struct SourcePosition(long Rows, long Shift, long Anchor);
