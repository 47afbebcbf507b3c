namespace Strata.Fog.Uplink;

/// <summary>How entries are sent; tests shorten the times.</summary>
internal sealed record UplinkSenderOptions
{
    /// <summary>Entries of one request at most. 1 to 100,000, default 2,000; a parent takes 10,000 unless its <c>uplink.maxEntries</c> says otherwise.</summary>
    public int MaxEntries { get; init; } = 2_000;

    /// <summary>Payload bytes of one request at most, unless one entry alone has more. 4 KiB to 64 MiB, default 512 KiB; a parent takes 8 MiB unless its <c>uplink.maxRequestBytes</c> says otherwise.</summary>
    public int MaxBytes { get; init; } = 512 << 10;

    /// <summary>Entries a second of the backlog.</summary>
    public double DrainRate { get; init; } = 2_000;

    /// <summary>A request that is not answered for so long has failed. 1 s to 10 min, default 15 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The first wait after a failure. 10 ms to 1 min, default 200 ms.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait after failures. 100 ms to 1 h and not below the first, default 10 s.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After an outage longer than this, what gathered meanwhile is backlog and is drained at its rate. 0 to 1 h, default 2 s.</summary>
    public TimeSpan OutageMakesBacklog { get; init; } = TimeSpan.FromSeconds(2);

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        FogOptions.Require(MaxEntries is >= 1 and <= 100_000, "sender.maxEntries", "from 1 to 100,000");
        FogOptions.Require(MaxBytes is >= 4 << 10 and <= 64 << 20, "sender.maxBytes", "from 4 KiB to 64 MiB");
        FogOptions.Require(RequestTimeout >= TimeSpan.FromSeconds(1) && RequestTimeout <= TimeSpan.FromMinutes(10), "sender.requestTimeout", "from 1 s to 10 min");
        FogOptions.Require(FirstRetry >= TimeSpan.FromMilliseconds(10) && FirstRetry <= TimeSpan.FromMinutes(1), "sender.firstRetry", "from 10 ms to 1 min");
        FogOptions.Require(LongestRetry >= TimeSpan.FromMilliseconds(100) && LongestRetry <= TimeSpan.FromHours(1), "sender.longestRetry", "from 100 ms to 1 h");
        FogOptions.Require(LongestRetry >= FirstRetry, "sender.longestRetry", $"at least sender.firstRetry, which is {FirstRetry.TotalSeconds:0.###} s");
        FogOptions.Require(OutageMakesBacklog >= TimeSpan.Zero && OutageMakesBacklog <= TimeSpan.FromHours(1), "sender.outageMakesBacklog", "from 0 to 1 h");
    }
}
