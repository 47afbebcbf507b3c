namespace Strata.Fog.Artifacts;

/// <summary>Limits of the artifacts that a gateway keeps for its devices and for gateways below.</summary>
internal sealed class ArtifactCacheOptions
{
    /// <summary>Bytes on the disk, of all tenants; those longest not asked for go first.</summary>
    public long MaxBytes { get; init; } = 4L << 30;

    /// <summary>Devices and gateways below that are served at once; more are told to come later. 1 to 10,000, default 64.</summary>
    public int MaxDownloads { get; init; } = 64;

    /// <summary>Bytes a second that all downloads from this gateway take together; 0 for no bound. Tenants that share the gateway have their share of it.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Artifacts that come from above at once; devices that ask for more are told to come later. 1 to 1,000, default 8.</summary>
    public int MaxFetches { get; init; } = 8;

    /// <summary>How long a device's request waits while the artifact comes from above; then it is told to come again. 1 s to 5 min, default 20 s.</summary>
    public TimeSpan WaitForParent { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the parent may be silent in the middle of an answer; more than it lets a gateway wait for what is on its way to it. 1 s to 10 min, default 30 s.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between two tries to get the rest. 100 ms to 5 min, default 1 s.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long it goes on trying while nothing comes. 1 s to 1 day, default 10 min.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the parent's word that a device may read something counts, at each gateway of a chain. 0 (asked each time) to 1 day, default 10 min.</summary>
    public TimeSpan BelieveFor { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the parent may take to say whether a device may read something. 1 s to 1 min, default 10 s.</summary>
    public TimeSpan AskWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Of how many devices and artifacts it is remembered that they were let; beyond it all are asked for anew. 100 to 10,000,000, default 100,000.</summary>
    public int MaxBelieved { get; init; } = 100_000;

    /// <exception cref="FogConfigurationException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        FogOptions.Require(MaxDownloads is >= 1 and <= 10_000, "artifacts.maxDownloads", "from 1 to 10,000");
        FogOptions.Require(MaxFetches is >= 1 and <= 1_000, "artifacts.maxFetches", "from 1 to 1,000");
        FogOptions.Require(WaitForParent >= TimeSpan.FromSeconds(1) && WaitForParent <= TimeSpan.FromMinutes(5), "artifacts.waitForParent", "from 1 s to 5 min");
        FogOptions.Require(Silence >= TimeSpan.FromSeconds(1) && Silence <= TimeSpan.FromMinutes(10), "artifacts.silence", "from 1 s to 10 min");
        FogOptions.Require(RetryAfter >= TimeSpan.FromMilliseconds(100) && RetryAfter <= TimeSpan.FromMinutes(5), "artifacts.retryAfter", "from 100 ms to 5 min");
        FogOptions.Require(GiveUpAfter >= TimeSpan.FromSeconds(1) && GiveUpAfter <= TimeSpan.FromDays(1), "artifacts.giveUpAfter", "from 1 s to 1 day");
        FogOptions.Require(BelieveFor >= TimeSpan.Zero && BelieveFor <= TimeSpan.FromDays(1), "artifacts.believeFor", "from 0 to 1 day");
        FogOptions.Require(AskWithin >= TimeSpan.FromSeconds(1) && AskWithin <= TimeSpan.FromMinutes(1), "artifacts.askWithin", "from 1 s to 1 min");
        FogOptions.Require(MaxBelieved is >= 100 and <= 10_000_000, "artifacts.maxBelieved", "from 100 to 10,000,000");
    }
}
