namespace Strata.Core.Metering;

/// <summary>
/// A rate with a burst: so many tokens a span, as many at once. A value: each step gives the bucket after it. Times are ticks of <see cref="TimeSpan"/> from any beginning that do not go back.
/// </summary>
/// <param name="PaidAt">The time by which everything taken is paid for.</param>
public readonly record struct TokenBucket(long PaidAt)
{
    /// <summary>Full at the beginning.</summary>
    public static readonly TokenBucket Full = new(long.MinValue / 2);

    /// <summary>Takes one token.</summary>
    /// <param name="rate">Tokens a span, at least 1.</param>
    /// <param name="span">Ticks.</param>
    /// <returns>The bucket afterwards, and how long to wait for a token: zero when it was taken, else nothing was.</returns>
    public (TokenBucket After, TimeSpan Wait) TryTake(long rate, long span, long now)
    {
        var cost = Math.Max(1, span / Math.Max(1, rate));
        var after = Math.Max(PaidAt, now - span) + cost;
        return after <= now ? (new TokenBucket(after), TimeSpan.Zero) : (this, TimeSpan.FromTicks(after - now));
    }
}
