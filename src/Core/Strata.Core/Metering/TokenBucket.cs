namespace Strata.Core.Metering;

/// <summary>A rate with a burst: tokens come in evenly, at most <see cref="Burst"/> wait. Full at first. Safe from any thread; a clock that goes back brings nothing in.</summary>
public sealed class TokenBucket
{
    private readonly Lock gate = new();
    private readonly double perTick;
    private double tokens;
    private DateTimeOffset at = DateTimeOffset.MinValue;

    /// <param name="perSecond">Tokens that come in a second; more than 0.</param>
    /// <param name="burst">The most that wait; at least 1.</param>
    public TokenBucket(double perSecond, double burst)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(perSecond);
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        (perTick, Burst, tokens) = (perSecond / TimeSpan.TicksPerSecond, burst, burst);
    }

    public double Burst { get; }

    /// <summary>Takes so many when they are there, all or none.</summary>
    /// <returns>Zero when they were taken; otherwise how long until they are there. Never for more than <see cref="Burst"/>: <see cref="TimeSpan.MaxValue"/>.</returns>
    public TimeSpan TryTake(double amount, DateTimeOffset now)
    {
        if (amount > Burst)
            return TimeSpan.MaxValue;
        lock (gate)
        {
            if (at != DateTimeOffset.MinValue && now > at)
                tokens = Math.Min(Burst, tokens + ((now - at).Ticks * perTick));
            if (now > at)
                at = now;
            if (tokens < amount)
                return TimeSpan.FromTicks((long)Math.Ceiling((amount - tokens) / perTick));
            tokens -= amount;
            return TimeSpan.Zero;
        }
    }
}
