namespace Strata.Core.Metering;

/// <summary>What a tenant used of its rates within the last minute: made of what was used between looks. Not for several threads.</summary>
public sealed class UsageRates
{
    /// <summary>Over what a rate is told.</summary>
    public static readonly TimeSpan Span = TimeSpan.FromMinutes(1);

    private readonly Queue<(DateTimeOffset At, RateUse Used)> looks = new();

    /// <summary>Adds what was used since the last look, and forgets what is older than <see cref="Span"/>.</summary>
    /// <returns>What the last minute holds.</returns>
    public RateUse Add(DateTimeOffset now, RateUse used)
    {
        looks.Enqueue((now, used));
        while (looks.Peek().At <= now - Span)
            looks.Dequeue();
        return looks.Aggregate(default(RateUse), static (sum, look) => new RateUse(
            sum.Messages + look.Used.Messages, sum.Bytes + look.Used.Bytes, sum.Calls + look.Used.Calls, sum.HeldMessages + look.Used.HeldMessages, sum.HeldCalls + look.Used.HeldCalls));
    }
}

/// <summary>What was used of rates, and how often somebody was made to wait or refused for them.</summary>
public readonly record struct RateUse(long Messages, long Bytes, long Calls, long HeldMessages, long HeldCalls)
{
    /// <summary>The rates that have a limit, as the mean of the minute that this is of.</summary>
    public IEnumerable<QuotaUse> Of(Quotas quotas)
    {
        if (quotas.MessagesPerSecond is { } messages)
            yield return new QuotaUse("messagesPerSecond", messages, Messages / 60, null) { IsHeld = HeldMessages > 0 };
        if (quotas.BytesPerSecond is { } bytes)
            yield return new QuotaUse("bytesPerSecond", bytes, Bytes / 60, null) { IsHeld = HeldMessages > 0 };
        if (quotas.ApiCallsPerMinute is { } calls)
            yield return new QuotaUse("apiCallsPerMinute", calls, Calls, null) { IsHeld = HeldCalls > 0 };
    }
}
