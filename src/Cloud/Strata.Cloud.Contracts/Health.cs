namespace Strata.Cloud.Contracts;

/// <summary>How a device is.</summary>
/// <param name="Score">0 to 100.</param>
/// <param name="Reasons">What takes from 100; none when nothing is wrong.</param>
/// <param name="Bucket">Where it is counted: <c>maintenance</c>, <c>waiting</c>, <c>behindGateway</c>, <c>offline</c>, <c>lowBattery</c>, <c>faulty</c>, <c>badData</c>, <c>weakSignal</c>, <c>unstable</c> or <c>healthy</c>.</param>
public sealed record DeviceHealthInfo(int Score, IReadOnlyList<HealthReasonInfo> Reasons, string Bucket)
{
    /// <summary>As it reports itself.</summary>
    public string? Firmware { get; init; }

    /// <summary>Percent.</summary>
    public double? Battery { get; init; }

    /// <summary>Volts.</summary>
    public double? Voltage { get; init; }

    /// <summary>dBm.</summary>
    public double? Rssi { get; init; }

    /// <summary>dB.</summary>
    public double? Snr { get; init; }

    /// <summary>How often it reports, as it was learned; null while that is not known.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>After what silence it counts as offline.</summary>
    public TimeSpan OfflineAfter { get; init; }

    /// <summary>Errors in the last day.</summary>
    public double Errors { get; init; }

    /// <summary>Restarts in the last day.</summary>
    public double Reboots { get; init; }

    /// <summary>Why its last connection ended.</summary>
    public string? LastDisconnect { get; init; }

    public DateTimeOffset? LastDisconnectAt { get; init; }
}

/// <summary>Something that is wrong with a device.</summary>
/// <param name="Reason">For programs: <c>lowBattery</c>, <c>offline</c>, ...</param>
/// <param name="Weight">What it takes from the score.</param>
/// <param name="Detail">One sentence.</param>
public sealed record HealthReasonInfo(string Reason, int Weight, string Detail);

/// <summary>The fleet, counted: each device that is not decommissioned in exactly one bucket.</summary>
/// <param name="Buckets">Count by bucket, all of them named, in order of precedence.</param>
/// <param name="Reasons">Devices that have a reason; a device may have several.</param>
/// <param name="States">Count by lifecycle state.</param>
/// <param name="Causes">What explains more than one device: gateways that are down.</param>
/// <param name="Groups">The same by place, model, firmware or gateway, when that was asked for; the worst first.</param>
/// <param name="Summary">One sentence.</param>
public sealed record FleetReportInfo(
    DateTimeOffset At, string? Site, int Total, IReadOnlyDictionary<string, int> Buckets, IReadOnlyDictionary<string, int> Reasons, IReadOnlyDictionary<string, int> States,
    IReadOnlyList<FleetCauseInfo> Causes, IReadOnlyList<FleetGroupInfo>? Groups, string Summary);

/// <param name="Kind"><c>gatewayDown</c>.</param>
/// <param name="Devices">That it explains.</param>
public sealed record FleetCauseInfo(string Kind, string Gateway, string Site, DateTimeOffset? Since, int Devices);

/// <param name="Key">A place, model, firmware or gateway; empty for none.</param>
public sealed record FleetGroupInfo(string Key, int Total, int Healthy, IReadOnlyDictionary<string, int> Buckets);

/// <summary>A device of a fleet report.</summary>
public sealed record FleetDeviceInfo(
    string Id, string? Site, string? Model, string State, string Bucket, int Score, IReadOnlyList<HealthReasonInfo> Reasons, DateTimeOffset? LastSeen, string? Gateway, string? Firmware, double? Battery);

/// <summary>The fleet's counts at an hour.</summary>
public sealed record FleetTrendInfo(DateTimeOffset Time, int Total, IReadOnlyDictionary<string, int> Buckets);

/// <summary>Thresholds of health; null in a change is what stays.</summary>
public sealed record HealthPolicyInfo
{
    public double? LowBatteryPercent { get; init; }

    public TimeSpan? OfflineAfter { get; init; }

    public double? VoltageMarginPercent { get; init; }

    public double? WeakRssi { get; init; }

    public double? LoraMargin { get; init; }

    public double? CohortSigmas { get; init; }

    public double? ErrorsPerDay { get; init; }

    public double? RebootsPerDay { get; init; }

    public double? GapsPerDay { get; init; }

    public double? LatePerDay { get; init; }

    public TimeSpan? LateAfter { get; init; }

    public double? DuplicatesPerDay { get; init; }

    public double? FlapsPerHour { get; init; }

    public TimeSpan? ClockSkew { get; init; }

    public TimeSpan? StuckAfter { get; init; }

    public int? StuckReadings { get; init; }

    public int? DegradedBelow { get; init; }

    public int? ActiveFrom { get; init; }

    public TimeSpan? DegradeAfter { get; init; }

    public TimeSpan? RecoverAfter { get; init; }

    /// <summary>By metric: the least and the greatest value.</summary>
    public IReadOnlyDictionary<string, double[]>? Ranges { get; init; }
}
