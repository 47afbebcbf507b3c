using System.ComponentModel.DataAnnotations;

namespace Strata.Node.Ingest;

/// <summary>How much one device may have in the air.</summary>
public sealed class DeviceIngestOptions
{
    /// <summary>
    /// Bursts (what arrived together on a connection) of one MQTT connection that may wait for their commit; the connection is read no
    /// further meanwhile. 1 to 64; default 4.
    /// </summary>
    [Range(1, 64)]
    public int MaxBurstsInFlight { get; set; } = 4;

    /// <summary>Connections of one device at once; one more is refused. 1 to 100; default 4 (a reconnect overlaps the dead connection).</summary>
    [Range(1, 100)]
    public int MaxConnectionsPerDevice { get; set; } = 4;

    /// <summary>How long the enrolment of a device over MQTT may take before it is told to ask again. 1 s to 5 min; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan EnrolmentTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of an HTTP request's body. 1 KiB to 16 MiB; default 256 KiB, as the payload limit.</summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int MaxRequestBytes { get; set; } = 256 * 1024;
}
