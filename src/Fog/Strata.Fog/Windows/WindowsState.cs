using System.Text.Json.Serialization;
using Strata.Core.Dataflow;

namespace Strata.Fog.Windows;

/// <summary>
/// What the gateway must know of its windows after a restart, as of one commit of the store; later commits are gone through again. Losing it costs
/// time only: everything is derived from the store.
/// </summary>
/// <param name="Commit">The last commit that is contained.</param>
/// <param name="States">Booleans as they stand: a change of one is immediate.</param>
internal sealed record WindowsState(
    long Commit, IReadOnlyList<GroupState> Groups, IReadOnlyList<HeardState> Devices, FlowState Flow, IReadOnlyList<BooleanState>? States = null);

/// <summary>The last value of a boolean metric.</summary>
internal readonly record struct BooleanState(string Device, string Metric, bool Value);

/// <param name="LengthMs">Of its windows.</param>
/// <param name="Former">The windows of the length before.</param>
/// <param name="From">Microseconds: those hold the readings before it; where there are none these are too late.</param>
internal sealed record GroupState(string Group, double LengthMs, WindowScheduleState Schedule, IReadOnlyList<WindowBooks> Windows, GroupState? Former = null, long From = 0);

/// <summary>The books of one window.</summary>
/// <param name="Revision">The highest committed; -1 while there is none.</param>
/// <param name="Covered">Readings that its record covers and that did not go up raw.</param>
/// <param name="RawSent">Readings of it that went up raw besides (immediate ones).</param>
/// <param name="Open">Readings heard since its record was made.</param>
/// <param name="Late">Whether late readings gather for it before it is given out again.</param>
/// <param name="GivenOut">1 while it is given out to be computed and has not come back: it is not given again before.</param>
internal sealed record WindowBooks(
    long Start, int Revision = -1, long Covered = 0, long RawSent = 0, long Open = 0, bool Late = false, int GivenOut = 0)
{
    /// <summary>Whether it is to be computed, or is being computed.</summary>
    [JsonIgnore]
    public bool IsDue => Late || GivenOut > 0;
}

/// <param name="LastHeard">Microseconds.</param>
/// <param name="Readings">Received of it, health reports not counted.</param>
/// <param name="Agent">Whether it reports as an agent.</param>
internal readonly record struct HeardState(string Device, long LastHeard, bool Silent, long Readings, bool Agent);

/// <summary>Totals of earlier runs that no store keeps.</summary>
internal readonly record struct FlowState(long BytesIn, long Duplicates);
