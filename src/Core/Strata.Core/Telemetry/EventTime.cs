namespace Strata.Core.Telemetry;

/// <summary>
/// Times of readings: microseconds since 1970-01-01 UTC as a <see cref="long"/>. Payloads carry milliseconds; the three further
/// digits keep readings apart that arrive without a time of their own.
/// </summary>
public static class EventTime
{
    /// <summary>Stands for "no time given": the writer assigns the arrival time, strictly increasing per device.</summary>
    public const long Arrival = long.MinValue;

    /// <summary>2000-01-01T00:00:00Z. A time before it is a clock fault.</summary>
    public const long Earliest = 946_684_800_000_000;

    /// <summary>How far ahead of the node's clock a time may lie before it is a clock fault.</summary>
    public static readonly TimeSpan MaxAhead = TimeSpan.FromMinutes(5);

    public static long FromMilliseconds(long milliseconds) => checked(milliseconds * 1000);

    public static long From(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset ToDateTimeOffset(long time) => DateTimeOffset.UnixEpoch.AddTicks(time * TimeSpan.TicksPerMicrosecond);

    /// <summary>Microseconds in a time span.</summary>
    public static long Span(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>Whether a node whose clock shows <paramref name="now"/> accepts a reading of this time.</summary>
    public static bool IsPlausible(long time, long now) => time >= Earliest && time <= now + Span(MaxAhead);
}
