namespace Strata.Fog.Uplink;

/// <summary>How entries are sent; tests shorten the times.</summary>
internal sealed record UplinkSenderOptions
{
    /// <summary>Entries of one request at most.</summary>
    public int MaxEntries { get; init; } = 2_000;

    /// <summary>Payload bytes of one request at most, unless one entry alone has more.</summary>
    public int MaxBytes { get; init; } = 512 << 10;

    /// <summary>Entries a second of the backlog.</summary>
    public double DrainRate { get; init; } = 2_000;

    /// <summary>A request that is not answered for so long has failed.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The first wait after a failure.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After an outage longer than this, what gathered meanwhile is backlog and is drained at its rate.</summary>
    public TimeSpan OutageMakesBacklog { get; init; } = TimeSpan.FromSeconds(2);
}
