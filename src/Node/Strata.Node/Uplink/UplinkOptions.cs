using System.ComponentModel.DataAnnotations;

namespace Strata.Node.Uplink;

/// <summary>What a gateway may send at once.</summary>
public sealed class UplinkOptions
{
    /// <summary>Bytes of a request's body. 64 KiB to 256 MiB; default 8 MiB.</summary>
    [Range(64 * 1024, 256 * 1024 * 1024)]
    public int MaxRequestBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Bytes of one entry. 1 KiB to 16 MiB; default 512 KiB.</summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int MaxLineBytes { get; set; } = 512 * 1024;

    /// <summary>Entries of a request. 1 to 100,000; default 10,000.</summary>
    [Range(1, 100_000)]
    public int MaxEntries { get; set; } = 10_000;

    /// <summary>
    /// How far ahead of this node's clock a gateway's time may lie; an entry beyond it is rejected. 5 min to 10 years; default 1 day: a gateway whose
    /// clock is wrong by hours must not lose what it measured.
    /// </summary>
    [Range(typeof(TimeSpan), "00:05:00", "3650.00:00:00")]
    public TimeSpan MaxAhead { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// Whether readings of devices that this node does not know are taken. Default false: the cloud knows all. A gateway with others chained to
    /// it sets it, and leaves the decision to the cloud.
    /// </summary>
    public bool AcceptUnknownDevices { get; set; }

    /// <summary>Groups per stream whose place is remembered. 1 to 100,000; default 10,000.</summary>
    [Range(1, 100_000)]
    public int MaxGroups { get; set; } = 10_000;
}
