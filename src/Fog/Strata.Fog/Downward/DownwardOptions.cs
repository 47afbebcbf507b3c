namespace Strata.Fog.Downward;

/// <summary>Limits of what waits at a gateway for devices: what the parent sent, and what was told here.</summary>
internal sealed class DownwardOptions
{
    /// <summary>Messages of one tenant that wait, those for gateways below too; further ones stay at the parent, or are refused here. 1 to 100,000, default 1,000.</summary>
    public int MaxWaiting { get; init; } = 1_000;

    /// <summary>Bytes of their payloads, as Base64. 64 KiB to 64 MiB, default 4 MiB; all are written again when one comes or goes.</summary>
    public int MaxWaitingBytes { get; init; } = 4 << 20;

    /// <summary>Ids of messages that are remembered, so that what comes again is not said again; beyond them the ones that expire first are forgotten. 100 to 1,000,000, default 10,000.</summary>
    public int MaxKnown { get; init; } = 10_000;

    /// <summary>How often it is looked whether something can be said. 50 ms to 1 min, default 250 ms.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Between two times that a command is said to a device that does not acknowledge it. 1 s to 1 h, default 5 s.</summary>
    public TimeSpan SayEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        FogOptions.Require(MaxWaiting is >= 1 and <= 100_000, "downward.maxWaiting", "from 1 to 100,000");
        FogOptions.Require(MaxWaitingBytes is >= 64 << 10 and <= 64 << 20, "downward.maxWaitingBytes", "from 64 KiB to 64 MiB");
        FogOptions.Require(MaxKnown is >= 100 and <= 1_000_000, "downward.maxKnown", "from 100 to 1,000,000");
        FogOptions.Require(LookEvery >= TimeSpan.FromMilliseconds(50) && LookEvery <= TimeSpan.FromMinutes(1), "downward.lookEvery", "from 50 ms to 1 min");
        FogOptions.Require(SayEvery >= TimeSpan.FromSeconds(1) && SayEvery <= TimeSpan.FromHours(1), "downward.sayEvery", "from 1 s to 1 h");
    }
}
