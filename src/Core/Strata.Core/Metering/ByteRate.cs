namespace Strata.Core.Metering;

/// <summary>
/// A rate by which bytes wait for their turn: they are counted at once, and go when all that were counted before have had their time. After a rest a second's worth goes at once. Times are those of a clock that
/// never goes back. Not safe for use by two threads at once.
/// </summary>
public sealed class ByteRate
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private TimeSpan free = TimeSpan.MinValue;
    private long bytesPerSecond;

    /// <summary>0 for no bound. What waits already goes when it was said to.</summary>
    public long BytesPerSecond
    {
        get => bytesPerSecond;
        set
        {
            // What was counted by another rate is no debt at this one.
            free = value == bytesPerSecond ? free : TimeSpan.MinValue;
            bytesPerSecond = value;
        }
    }

    /// <summary>Counts bytes.</summary>
    /// <returns>How long they have to wait.</returns>
    public TimeSpan Take(int bytes, TimeSpan now)
    {
        if (bytesPerSecond == 0)
            return TimeSpan.Zero;
        var from = free < now - Rest ? now - Rest : free;
        free = from + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
        return Owed(now);
    }

    /// <summary>Whether it is as if nothing had ever been counted.</summary>
    public bool IsRested(TimeSpan now) => free <= now - Rest;

    /// <summary>How long until all that was counted has had its time.</summary>
    public TimeSpan Owed(TimeSpan now) => free > now ? free - now : TimeSpan.Zero;
}
