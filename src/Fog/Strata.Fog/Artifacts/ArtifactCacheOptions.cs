namespace Strata.Fog.Artifacts;

/// <summary>Limits of the artifacts that a gateway keeps for its devices.</summary>
internal sealed class ArtifactCacheOptions
{
    /// <summary>Bytes on the disk, of all tenants; those longest not asked for go first.</summary>
    public long MaxBytes { get; init; } = 4L << 30;

    /// <summary>Devices that are served at once; more are told to come later.</summary>
    public int MaxDownloads { get; init; } = 64;

    /// <summary>Bytes a second that all downloads from this gateway take together; 0 for no bound. Tenants that share the gateway have their share of it.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Artifacts that come from above at once; devices that ask for more are told to come later.</summary>
    public int MaxFetches { get; init; } = 8;

    /// <summary>How long a device's request waits while the artifact comes from above; then it is told to come again.</summary>
    public TimeSpan WaitForParent { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the parent may be silent in the middle of an answer.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Between two tries to get the rest.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long it goes on trying without a device that asks again.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the parent's word that a device may read something counts.</summary>
    public TimeSpan BelieveFor { get; init; } = TimeSpan.FromMinutes(10);
}
