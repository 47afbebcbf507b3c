namespace Strata.Forwarding;

/// <summary>
/// Holds a rate: so many units a second on average, and at most one second's worth at once. Measures elapsed time, not the wall clock, so a clock that
/// jumps changes nothing. Not safe for use by two threads at once.
/// </summary>
/// <param name="perSecond">Units a second, more than 0.</param>
public sealed class DrainPacer(double perSecond, TimeProvider time)
{
    private readonly double capacity = Math.Max(1, perSecond);
    private double available = Math.Max(1, perSecond);
    private long measured = time.GetTimestamp();

    /// <summary>Takes up to <paramref name="wanted"/> units, as many as there are now.</summary>
    public int Take(int wanted)
    {
        Refill();
        var taken = (int)Math.Min(wanted, available);
        available -= taken;
        return taken;
    }

    /// <summary>Gives back what was taken and not used.</summary>
    public void Return(int unused) => available = Math.Min(capacity, available + unused);

    /// <summary>How long until a unit is there; zero when one is.</summary>
    public TimeSpan UntilNext()
    {
        Refill();
        return available >= 1 ? TimeSpan.Zero : TimeSpan.FromSeconds((1 - available) / perSecond);
    }

    private void Refill()
    {
        var now = time.GetTimestamp();
        available = Math.Min(capacity, available + (time.GetElapsedTime(measured, now).TotalSeconds * perSecond));
        measured = now;
    }
}
