namespace Strata.Mqtt.Limits;

/// <summary>
/// How much of a rate is used, as the time by which what was taken is paid for: one second's worth, unless said otherwise, may be taken at once, and a debt is waited for. Any number of threads
/// take without a lock; a rate that changes holds from the next call on.
/// </summary>
internal struct RateBucket
{
    private long paidAt;

    /// <summary>What may be taken now without a debt, but at least 1.</summary>
    /// <param name="rate">A second; 0 for no limit.</param>
    /// <param name="now">In ticks of <see cref="TimeSpan"/>, from any beginning.</param>
    /// <param name="span">How long a silence is made up for at once, in ticks.</param>
    public readonly long Left(long rate, long now, long span = TimeSpan.TicksPerSecond)
    {
        if (rate == 0)
            return long.MaxValue;
        var credit = Math.Min(span, now - Volatile.Read(in paidAt));
        return Math.Max(1, (long)(credit * (double)rate / TimeSpan.TicksPerSecond));
    }

    /// <summary>Ticks until no debt is left; 0 or less: there is none.</summary>
    public readonly long Debt(long rate, long now) => rate == 0 ? 0 : Volatile.Read(in paidAt) - now;

    /// <summary>Takes it, though it makes a debt.</summary>
    /// <returns>Ticks until no debt is left; 0 or less: there is none.</returns>
    public long Take(long amount, long rate, long now, long span = TimeSpan.TicksPerSecond)
    {
        if (rate == 0)
            return 0;
        var cost = (long)(amount * (double)TimeSpan.TicksPerSecond / rate);
        var before = Volatile.Read(ref paidAt);
        while (true)
        {
            var after = Math.Max(before, now - span) + cost;
            var found = Interlocked.CompareExchange(ref paidAt, after, before);
            if (found == before)
                return after - now;
            before = found;
        }
    }
}
