using Strata.Core.Telemetry;

namespace Strata.Fog;

/// <summary>
/// The wall clock as it was at the start, moved on by the monotonic one: waits and silences do not jump when somebody sets the clock.
/// </summary>
internal sealed class SteadyClock(TimeProvider time)
{
    private readonly long startWall = EventTime.From(time.GetUtcNow());
    private readonly long start = time.GetTimestamp();

    public TimeProvider Time => time;

    /// <summary>Microseconds since the epoch.</summary>
    public long Now => startWall + EventTime.Span(time.GetElapsedTime(start));
}
