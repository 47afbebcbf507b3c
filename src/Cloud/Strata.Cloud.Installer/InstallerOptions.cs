namespace Strata.Cloud.Installer;

/// <summary>Limits of what installers send.</summary>
public sealed class InstallerOptions
{
    /// <summary>Bytes of one photo. 64 KiB to 8 MiB, and with a third more for its text no more than the node takes of a request; 1 MiB unless given: the page makes them smaller.</summary>
    public int MaxPhotoBytes { get; set; } = 1024 * 1024;

    /// <summary>Bytes of all photos of one tenant; more are refused. 1 MiB to 1 TiB; 1 GiB unless given.</summary>
    public long MaxPhotoBytesOfTenant { get; set; } = 1024L * 1024 * 1024;

    /// <summary>Mountings that are kept of one device, the newest. 1 to 100; 10 unless given.</summary>
    public int KeepOfDevice { get; set; } = 10;

    /// <summary>Longest note, in characters.</summary>
    public const int MaxNoteLength = 1_000;

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Check(MaxPhotoBytes is >= 64 * 1024 and <= 8 * 1024 * 1024, nameof(MaxPhotoBytes), "64 KiB to 8 MiB");
        Check(MaxPhotoBytesOfTenant is >= 1024 * 1024 and <= 1024L * 1024 * 1024 * 1024, nameof(MaxPhotoBytesOfTenant), "1 MiB to 1 TiB");
        Check(KeepOfDevice is >= 1 and <= 100, nameof(KeepOfDevice), "1 to 100");
    }

    private static void Check(bool right, string name, string range)
    {
        if (!right)
            throw new ArgumentException($"InstallerOptions.{name} must be {range}.");
    }
}
