using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow;

/// <summary>
/// What one group of devices measured in one window of event time. A record of its own kind, never stored as a reading. A late reading gives
/// the window again with <see cref="Revision"/> + 1; the highest revision stands.
/// </summary>
/// <param name="Group">The group's id, unique in the tenant.</param>
/// <param name="Site">The place whose topic carries it: <c>sites/{path}/windows</c>.</param>
/// <param name="Gateway">The gateway that computed it.</param>
/// <param name="Start">Microseconds since the epoch, a multiple of the length.</param>
/// <param name="Length">Microseconds.</param>
/// <param name="Heard">Members of the group that had a value standing or arriving in the window.</param>
/// <param name="Members">Members that the group has.</param>
public sealed record WindowRecord(
    string Group, SiteId Site, GatewayId Gateway, long Start, long Length, int Revision, int Heard, int Members, IReadOnlyList<WindowMetric> Metrics);

/// <summary>One metric of a window. Mean and deviation are weighted by time: a value stands until the next, for two heartbeats at most.</summary>
/// <param name="Count">Readings whose time lies in the window.</param>
/// <param name="Deviation">Population standard deviation.</param>
/// <param name="Last">The value of the latest reading in the window, else the one standing at its end.</param>
public readonly record struct WindowMetric(MetricName Metric, long Count, double Mean, double Min, double Max, double Deviation, double Last);
