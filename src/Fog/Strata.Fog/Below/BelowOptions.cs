namespace Strata.Fog.Below;

/// <summary>Limits of what a gateway passes on for those chained to it.</summary>
internal sealed class BelowOptions
{
    /// <summary>Requests that are passed on at once; more wait for their turn. Of one gateway only one is under way. 1 to 1,000, default 4.</summary>
    public int MaxRelayed { get; set; } = 4;

    /// <summary>Bytes of such a request, which is held in memory while it is passed on. 64 KiB to 64 MiB, default 8 MiB.</summary>
    public int MaxRelayedBytes { get; set; } = 8 << 20;

    /// <summary>How long one may take, with the wait for its turn. 1 s to 10 min, default 20 s.</summary>
    public TimeSpan RelayWithin { get; set; } = TimeSpan.FromSeconds(20);
}
