using System.Text.Json;

namespace Strata.Cloud.Contracts;

/// <summary>One raw reading. <paramref name="Value"/> is a JSON number, boolean or string.</summary>
/// <param name="Time">Resolution microseconds.</param>
public sealed record ReadingInfo(DateTimeOffset Time, string Device, string Metric, JsonElement Value);

/// <summary>One bucket of readings; <paramref name="Values"/> are in the order of the functions asked for, null where there is none.</summary>
public sealed record AggregateInfo(DateTimeOffset Time, string Device, string Metric, IReadOnlyList<double?> Values);

/// <summary>The newest value of a metric.</summary>
/// <param name="AgeMs">Age when asked, in ms.</param>
/// <param name="Via"><c>memory</c> of this node, <c>store</c>, or the id of the gateway that was asked.</param>
public sealed record LatestInfo(string Device, string Metric, DateTimeOffset Time, JsonElement Value, double AgeMs, string Via);

/// <summary>One window of a group.</summary>
/// <param name="Heard">Members that had a value; of <paramref name="Members"/>.</param>
public sealed record WindowInfo(
    string Group, string Site, string? Gateway, DateTimeOffset Start, TimeSpan Length, int Revision, int Heard, int Members,
    IReadOnlyDictionary<string, WindowMetricInfo> Metrics);

public sealed record WindowMetricInfo(long Count, double Mean, double Min, double Max, double Deviation, double Last);

/// <summary>Raw readings stored.</summary>
public sealed record ReadingCount(long Count);

/// <summary>Numbers that will never come, and the readings lost with them.</summary>
public sealed record GapInfo(
    DateTimeOffset Recorded, string Source, long First, long Last, long Readings, DateTimeOffset? From, DateTimeOffset? To, string Reason);

/// <summary>A reading or window as it becomes visible, for server-sent events.</summary>
/// <param name="Type"><c>reading</c>, <c>window</c> or <c>event</c>; <c>dropped</c> tells a slow client what it missed.</param>
/// <param name="Dropped">For <c>dropped</c>: how many items.</param>
public sealed record LiveItem(string Type, ReadingInfo? Reading, WindowInfo? Window, EventInfo? Event, long? Dropped = null);

/// <summary>The way of the newest reading of one metric through the tiers.</summary>
/// <param name="Complete">False when a tier could not be asked; the hops say which.</param>
public sealed record TraceInfo(string Device, string Metric, DateTimeOffset? ReadingTime, JsonElement? Value, bool Complete, IReadOnlyList<HopInfo> Hops);

/// <summary>One stop on the way.</summary>
/// <param name="Tier"><c>edge</c>, <c>fog</c> or <c>cloud</c>.</param>
/// <param name="Process">The device, gateway or node.</param>
/// <param name="Level">Of the seven-level reference model, 1-7.</param>
/// <param name="TimeIn">When it came in, by that process's clock.</param>
/// <param name="SpentMs">Time spent there, ms; null when still there.</param>
/// <param name="What">sampled, suppressed 12 before it, windowed with 59 others, forwarded as entry 17, committed, visible.</param>
public sealed record HopInfo(string Tier, string Process, int Level, DateTimeOffset TimeIn, double? SpentMs, string What);
