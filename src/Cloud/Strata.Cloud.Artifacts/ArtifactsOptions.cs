namespace Strata.Cloud.Artifacts;

/// <summary>Limits of artifacts.</summary>
public sealed class ArtifactsOptions
{
    /// <summary>Bytes of one artifact. 1 MiB to 16 GiB; 2 GiB unless given.</summary>
    public long MaxArtifactBytes { get; set; } = 2L << 30;

    /// <summary>Bytes of all that a tenant keeps, its patches too; what two tenants have counts for both. 1 MiB to 16 TiB; 20 GiB unless given.</summary>
    public long MaxBytesOfTenant { get; set; } = 20L << 30;

    /// <summary>Artifacts of one tenant. 1 to 10,000; 1,000 unless given.</summary>
    public int MaxArtifacts { get; set; } = 1_000;

    /// <summary>Keys of one tenant. 1 to 64; 16 unless given.</summary>
    public int MaxKeys { get; set; } = 16;

    /// <summary>Bytes of a bill of materials. 64 KiB to 16 MiB; 4 MiB unless given.</summary>
    public int MaxBomBytes { get; set; } = 4 << 20;

    /// <summary>Parts in a bill of materials. 100 to 100,000; 10,000 unless given.</summary>
    public int MaxBomComponents { get; set; } = 10_000;

    /// <summary>Bytes of an artifact that patches are made from or to; 0 makes none. 0 to 256 MiB; 64 MiB unless given. Takes nine times as much memory for seconds.</summary>
    public int MaxPatchedBytes { get; set; } = 64 << 20;

    /// <summary>A patch is kept when it has at most this part of the artifact's bytes. 0.05 to 1; 0.7 unless given.</summary>
    public double PatchAtMost { get; set; } = 0.7;

    /// <summary>How many versions before the new one patches are made from when the manifest names none. 0 to 10; 3 unless given.</summary>
    public int PatchedVersions { get; set; } = 3;

    /// <summary>How long bytes wait for their manifest before they go. 1 minute to 30 days; 1 day unless given.</summary>
    public TimeSpan KeepUnnamed { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Uploads at once of one tenant. 1 to 100; 4 unless given.</summary>
    public int MaxUploads { get; set; } = 4;

    /// <summary>Downloads at once of one device, one gateway or one person's program; more are told to come later (429). 1 to 100; 4 unless given.</summary>
    public int MaxDownloadsOfReader { get; set; } = 4;

    /// <summary>Downloads at once of one tenant. 1 to 100,000; 2,000 unless given.</summary>
    public int MaxDownloadsOfTenant { get; set; } = 2_000;

    /// <summary>Bytes a second that all downloads of one tenant take together, unless its quota <c>downloadBytesPerSecond</c> is lower. 64 KiB or more; 0, unless given: without bound.</summary>
    public long BytesPerSecondOfTenant { get; set; }

    /// <summary>Bytes a second that all downloads of one gateway take together. 64 KiB or more; 0, unless given: without bound.</summary>
    public long BytesPerSecondOfGateway { get; set; }

    /// <summary>Bytes a second that all downloads of one device or program take together. 64 KiB or more; 0, unless given: without bound.</summary>
    public long BytesPerSecondOfReader { get; set; }

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(MaxArtifactBytes is >= 1 << 20 and <= 16L << 30, nameof(MaxArtifactBytes), "1 MiB to 16 GiB");
        Check(MaxBytesOfTenant is >= 1 << 20 and <= 16L << 40, nameof(MaxBytesOfTenant), "1 MiB to 16 TiB");
        Check(MaxArtifacts is >= 1 and <= 10_000, nameof(MaxArtifacts), "1 to 10,000");
        Check(MaxKeys is >= 1 and <= 64, nameof(MaxKeys), "1 to 64");
        Check(MaxBomBytes is >= 64 << 10 and <= 16 << 20, nameof(MaxBomBytes), "64 KiB to 16 MiB");
        Check(MaxBomComponents is >= 100 and <= 100_000, nameof(MaxBomComponents), "100 to 100,000");
        Check(MaxPatchedBytes is >= 0 and <= 256 << 20, nameof(MaxPatchedBytes), "0 to 256 MiB");
        Check(PatchAtMost is >= 0.05 and <= 1, nameof(PatchAtMost), "0.05 to 1");
        Check(PatchedVersions is >= 0 and <= 10, nameof(PatchedVersions), "0 to 10");
        Check(KeepUnnamed >= TimeSpan.FromMinutes(1) && KeepUnnamed <= TimeSpan.FromDays(30), nameof(KeepUnnamed), "1 minute to 30 days");
        Check(MaxUploads is >= 1 and <= 100, nameof(MaxUploads), "1 to 100");
        Check(MaxDownloadsOfReader is >= 1 and <= 100, nameof(MaxDownloadsOfReader), "1 to 100");
        Check(MaxDownloadsOfTenant is >= 1 and <= 100_000, nameof(MaxDownloadsOfTenant), "1 to 100,000");
        Check(BytesPerSecondOfTenant is 0 or >= 65_536, nameof(BytesPerSecondOfTenant), "0, or 64 KiB or more");
        Check(BytesPerSecondOfGateway is 0 or >= 65_536, nameof(BytesPerSecondOfGateway), "0, or 64 KiB or more");
        Check(BytesPerSecondOfReader is 0 or >= 65_536, nameof(BytesPerSecondOfReader), "0, or 64 KiB or more");
    }

    private static void Check(bool right, string name, string range)
    {
        if (!right)
            throw new ArgumentException($"ArtifactsOptions.{name} must be {range}.");
    }
}
