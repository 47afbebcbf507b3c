namespace Strata.Cloud.Contracts;

/// <summary>What passed through one tier or one process since its data folder was new. Readings are distinct readings; bytes are payload bytes.</summary>
/// <param name="RecordsOut">What left for the next tier: raw readings and window entries, however batched.</param>
public sealed record FlowInfo(long ReadingsIn, long ReadingsOut, long BytesIn, long BytesOut, long RecordsIn, long RecordsOut)
{
    public static FlowInfo operator +(FlowInfo a, FlowInfo b) => new(
        a.ReadingsIn + b.ReadingsIn, a.ReadingsOut + b.ReadingsOut, a.BytesIn + b.BytesIn, a.BytesOut + b.BytesOut,
        a.RecordsIn + b.RecordsIn, a.RecordsOut + b.RecordsOut);
}

/// <summary>Percentiles in ms; null while nothing was measured.</summary>
public sealed record LatencyInfo(double? P50, double? P95, double? P99, long Count);

/// <summary>The books of one process.</summary>
/// <param name="Process">Device id, gateway id, or <c>cloud</c>.</param>
/// <param name="Suppressed">Edge: samples not sent by the dead band.</param>
/// <param name="Aggregated">Cloud: readings contained in the windows that stand (highest revision). Fog: readings in windows sent and acknowledged.</param>
/// <param name="Stored">Cloud: distinct raw readings stored.</param>
/// <param name="Waiting">Readings held here for the next tier: buffer, open windows, entries not yet acknowledged.</param>
/// <param name="Duplicates">Numbered batches or entries that came again and changed nothing.</param>
/// <param name="Lost">Readings dropped here by a full buffer, each in a gap record.</param>
/// <param name="LinkUp">Whether the next tier is reachable now; null where there is none.</param>
public sealed record ProcessBooks(
    string Tier, string Process, FlowInfo Flow, long Suppressed, long Aggregated, long Stored, long Waiting, long Duplicates, long Gaps, long Lost,
    bool? LinkUp, long BacklogEntries, long BacklogBytes, DateTimeOffset At);

/// <summary>All tiers reconciled.</summary>
/// <param name="Unexplained">Readings in, less everything that is accounted for: 0 when the books balance.</param>
/// <param name="Reduction">1 - records stored at the cloud / readings at the sources; edge and fog alone likewise; bytes likewise. Null while nothing passed.</param>
public sealed record StatisticsInfo(
    DateTimeOffset At, FlowInfo Edge, FlowInfo Fog, FlowInfo Cloud, long Suppressed, long Aggregated, long Stored, long Waiting,
    long Duplicates, long Gaps, long Lost, long Unexplained, double? Reduction, double? EdgeReduction, double? FogReduction, double? BytesReduction,
    LatencyInfo Immediate, LatencyInfo Windowed, double ReadingsPerSecond, IReadOnlyList<ProcessBooks> Processes);

/// <summary>A node's health.</summary>
/// <param name="Status"><c>ok</c>, <c>degraded</c> or <c>failing</c>.</param>
public sealed record HealthInfo(
    string Status, string Node, string Version, DateTimeOffset Started, DateTimeOffset Now, IReadOnlyList<HealthCheck> Checks, long MemoryBytes, long DiskFreeBytes,
    int Connections);

/// <summary>One thing that was checked, with how to mend it when it is not <c>ok</c>.</summary>
public sealed record HealthCheck(string Name, string Status, string Detail);

/// <summary>One page of a list.</summary>
/// <param name="Next">Cursor of the next page; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
