namespace Strata.Core.Health;

/// <summary>
/// How often something happened in the last while: the count of this window and of the one before, which fades as this one fills. Sixteen bytes in place of a list of times;
/// right to within what happened unevenly in the window before. A value: its owner keeps it.
/// </summary>
public struct RateWindow
{
    private long window;
    private float before;
    private float now;

    /// <summary>Notes that something happened.</summary>
    /// <param name="length">The same at every call; a day for rates a day.</param>
    public void Add(double count, DateTimeOffset at, TimeSpan length)
    {
        Turn(at, length);
        now += (float)count;
    }

    /// <summary>How often in the time of this length that ends now.</summary>
    public readonly double Of(DateTimeOffset at, TimeSpan length)
    {
        if (now == 0 && before == 0)
            return 0; // Of most devices, at every report.
        var copy = this;
        copy.Turn(at, length);
        return copy.now + (copy.before * (1 - ((double)(at.UtcTicks % length.Ticks) / length.Ticks)));
    }

    /// <summary>For keeping: as <see cref="Restore"/> takes it.</summary>
    public readonly (long Window, float Before, float Now) Parts => (window, before, now);

    public static RateWindow Restore(long window, float before, float now) => new() { window = window, before = before, now = now };

    private void Turn(DateTimeOffset at, TimeSpan length)
    {
        var current = at.UtcTicks / length.Ticks;
        if (current == window)
            return;
        before = current == window + 1 ? now : 0;
        now = 0;
        window = current;
    }
}
