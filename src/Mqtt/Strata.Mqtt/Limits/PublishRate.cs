namespace Strata.Mqtt.Limits;

/// <summary>What a client, or a namespace, has published lately, in messages and in bytes. Looked at once per burst; safe for use by any number of threads.</summary>
internal sealed class PublishRate
{
    private RateBucket messages;
    private RateBucket bytes;

    /// <summary>What the next burst may hold.</summary>
    public Allowance Left(in PublishRates limits, long now) => new(messages.Left(limits.Messages, now, limits.Span), bytes.Left(limits.Bytes, now));

    /// <summary>Ticks of <see cref="TimeSpan"/> until nothing is owed; 0 or less: nothing is.</summary>
    public long Debt(in PublishRates limits, long now) => Math.Max(messages.Debt(limits.Messages, now), bytes.Debt(limits.Bytes, now));

    /// <summary>Counts a burst.</summary>
    /// <returns>Ticks of <see cref="TimeSpan"/> to wait before the next; 0 or less for none.</returns>
    public long Take(int messageCount, long byteCount, in PublishRates limits, long now) =>
        Math.Max(messages.Take(messageCount, limits.Messages, now, limits.Span), bytes.Take(byteCount, limits.Bytes, now));
}

/// <summary>Limits a second; 0 for none.</summary>
internal readonly record struct PublishRates(long Messages, long Bytes)
{
    /// <summary>How long a silence of messages is made up for at once, in ticks of <see cref="TimeSpan"/>.</summary>
    public long Span { get; init; } = TimeSpan.TicksPerSecond;

    public bool IsOff => (Messages | Bytes) == 0;
}

/// <summary>What one burst may hold before the rest waits.</summary>
internal readonly record struct Allowance(long Messages, long Bytes)
{
    public static readonly Allowance Unlimited = new(long.MaxValue, long.MaxValue);

    public Allowance And(in Allowance other) => new(Math.Min(Messages, other.Messages), Math.Min(Bytes, other.Bytes));
}
