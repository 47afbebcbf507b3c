using Strata.Cloud.Platform.Yaml;
using Strata.Core.Shadows;

namespace Strata.Cloud.Shadows;

/// <summary>Limits of shadows at a node.</summary>
public sealed class ShadowOptions
{
    /// <summary>Size, depth and number of shadows.</summary>
    public ShadowLimits Limits { get; set; } = new();

    /// <summary>Whether devices may write <c>desired</c> too, as a lamp with a switch of its own does at AWS. False unless given: what is desired is the cloud's.</summary>
    public bool DevicesMayDesire { get; set; }

    /// <summary>Changes that are kept of one shadow, the newest. 1 to 10,000; 100 unless given.</summary>
    public int KeepChanges { get; set; } = 100;

    /// <summary>How long changes are kept. One hour to ten years; 90 days unless given.</summary>
    public TimeSpan KeepChangesFor { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Bytes of shadows that are held in memory, compact; others are read when they are asked for. 1 MiB to 64 GiB; 256 MiB unless given.</summary>
    public long CacheBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>Requests that wait for the writer; who has one more waits. 16 to 1,000,000; 20,000 unless given.</summary>
    public int MaxQueued { get; set; } = 20_000;

    /// <summary>Requests of one transaction. 1 to 100,000; 2,000 unless given.</summary>
    public int MaxBatch { get; set; } = 2_000;

    /// <summary>Requests of one device that wait; one more is refused (429): a device that sends faster than the disk takes it must not fill the queue of all. 1 to 10,000; 100 unless given.</summary>
    public int MaxQueuedOfDevice { get; set; } = 100;

    /// <summary>How often it is looked whether devices came into groups or moved, so that their configuration is another. One second to one hour; 15 seconds unless given.</summary>
    public TimeSpan ConfigurationEvery { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Bytes of layers and schemas in one export. 1 KiB to 16 MiB, which is what a file may have; 16 MiB unless given.</summary>
    public int ExportBytes { get; set; } = YamlTree.MaxCharacters;

    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public void Validate()
    {
        Limits.Validate();
        Check(KeepChanges is >= 1 and <= ShadowHistory.MostKept, nameof(KeepChanges), "1 to 10,000");
        Check(KeepChangesFor >= TimeSpan.FromHours(1) && KeepChangesFor <= TimeSpan.FromDays(3660), nameof(KeepChangesFor), "one hour to ten years");
        Check(CacheBytes is >= 1024 * 1024 and <= 64L * 1024 * 1024 * 1024, nameof(CacheBytes), "1 MiB to 64 GiB");
        Check(MaxQueued is >= 16 and <= 1_000_000, nameof(MaxQueued), "16 to 1,000,000");
        Check(MaxBatch is >= 1 and <= 100_000, nameof(MaxBatch), "1 to 100,000");
        Check(ConfigurationEvery >= TimeSpan.FromSeconds(1) && ConfigurationEvery <= TimeSpan.FromHours(1), nameof(ConfigurationEvery), "one second to one hour");
        Check(ExportBytes is >= 1024 and <= YamlTree.MaxCharacters, nameof(ExportBytes), "1 KiB to 16 MiB");
        Check(MaxQueuedOfDevice is >= 1 and <= 10_000, nameof(MaxQueuedOfDevice), "1 to 10,000");
    }

    private static void Check(bool right, string name, string range)
    {
        if (!right)
            throw new ArgumentException($"ShadowOptions.{name} must be {range}.");
    }
}
