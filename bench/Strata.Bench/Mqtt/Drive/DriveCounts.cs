namespace Strata.Bench.Mqtt.Drive;

/// <summary>What all clients of one generator have seen.</summary>
internal sealed class DriveCounts
{
    public long Published { get; set; }

    public long Acknowledged { get; set; }

    public long Delivered { get; set; }

    /// <summary>Connections of the storm that were welcomed and are over.</summary>
    public long Connected { get; set; }

    /// <summary>Those that ended without a welcome.</summary>
    public long Refused { get; set; }

    /// <summary>From the write of a publish to the read of its delivery.</summary>
    public LatencyHistogram Latency { get; } = new();
}

/// <summary>What a run saw. The rates, the times and the processor seconds are of the measured part; the totals of the whole.</summary>
/// <param name="ServerCpu">Processor seconds of the server.</param>
/// <param name="LoadCpu">Processor seconds of the generator.</param>
/// <param name="Lost">Deliveries that were due at the end and did not come; negative: too many came.</param>
internal sealed record DriveResult(
    double Seconds, long Published, long Acknowledged, long Delivered, double ServerCpu, double LoadCpu, double P50Ms, double P99Ms, double P999Ms,
    long TotalPublished, long TotalAcknowledged, long TotalDelivered, long Lost, long Connected, long Refused);
