namespace Strata.Fog.Below;

/// <summary>Limits of gateways chained to this one.</summary>
internal sealed class BelowOptions
{
    /// <summary>Gateways that may be chained to this one, with those below them; further ones are refused when they join. 0 to 100,000, default 1,000.</summary>
    public int MaxGateways { get; init; } = 1_000;

    /// <summary>How long the parent may take to say whether one may join. 1 s to 1 min, default 10 s.</summary>
    public TimeSpan JoinWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests about shadows that are passed on at once; more wait for their turn. Of one gateway only one is under way. 1 to 1,000, default 4.</summary>
    public int MaxRelayed { get; init; } = 4;

    /// <summary>Bytes of such a request, which is held in memory while it is passed on. 8 MiB, which is what the cloud takes (with less a gateway below could be refused for ever), to 64 MiB; default 8 MiB.</summary>
    public int MaxRelayedBytes { get; init; } = 8 << 20;

    /// <summary>How long one may take, with the wait for its turn. 1 s to 10 min, default 20 s.</summary>
    public TimeSpan RelayWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        FogOptions.Require(MaxGateways is >= 0 and <= 100_000, "below.maxGateways", "from 0 to 100,000");
        FogOptions.Require(JoinWithin >= TimeSpan.FromSeconds(1) && JoinWithin <= TimeSpan.FromMinutes(1), "below.joinWithin", "from 1 s to 1 min");
        FogOptions.Require(MaxRelayed is >= 1 and <= 1_000, "below.maxRelayed", "from 1 to 1,000");
        FogOptions.Require(MaxRelayedBytes is >= 8 << 20 and <= 64 << 20, "below.maxRelayedBytes", "from 8 MiB to 64 MiB");
        FogOptions.Require(RelayWithin >= TimeSpan.FromSeconds(1) && RelayWithin <= TimeSpan.FromMinutes(10), "below.relayWithin", "from 1 s to 10 min");
    }
}
