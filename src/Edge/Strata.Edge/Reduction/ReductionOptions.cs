using Strata.Core.Dataflow;
using Strata.Core.Telemetry;

namespace Strata.Edge.Reduction;

/// <summary>What is sent of what is measured.</summary>
public sealed record ReductionOptions
{
    /// <summary>Dead bands and heartbeat. Default: the bands of <see cref="DeadBandOptions.DefaultBand"/>, 5 minutes.</summary>
    public DeadBandOptions DeadBand { get; init; } = new();

    /// <summary>Metrics whose changes never wait for a window: a state, an alarm. Their heartbeats are no changes. Default none.</summary>
    public IReadOnlyList<MetricName> Immediate { get; init; } = [];
}
