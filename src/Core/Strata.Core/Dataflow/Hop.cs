using Strata.Core.Architecture;

namespace Strata.Core.Dataflow;

/// <summary>One stop of a reading on its way through the tiers.</summary>
/// <param name="Process">The device, gateway or node.</param>
/// <param name="TimeIn">When it came in, microseconds by that process's clock.</param>
/// <param name="Spent">Microseconds spent there; null when it is still there.</param>
/// <param name="What">What happened to it, in the words of this type's factories.</param>
public sealed record Hop(Tier Tier, string Process, ReferenceLevel Level, long TimeIn, long? Spent, string What)
{
    /// <summary>Read from its sensor or source.</summary>
    public static Hop Sampled(string device, long time, long? spent, long suppressedBefore) => new(
        Tier.Edge, device, ReferenceLevel.PhysicalDevices, time, spent,
        suppressedBefore == 0 ? "sampled" : $"sampled, suppressed {suppressedBefore} before it");

    /// <summary>Made part of a group's window.</summary>
    public static Hop Windowed(string gateway, long time, long? spent, string group, long others) => new(
        Tier.Fog, gateway, ReferenceLevel.EdgeComputing, time, spent, $"windowed with {others} others of {group}");

    /// <summary>Sent upwards as a numbered entry.</summary>
    public static Hop Forwarded(string gateway, long time, long? spent, long entry) => new(
        Tier.Fog, gateway, ReferenceLevel.Connectivity, time, spent, $"forwarded as entry {entry}");

    /// <summary>Durable.</summary>
    public static Hop Committed(Tier tier, string process, long time, long? spent) => new(
        tier, process, ReferenceLevel.DataAccumulation, time, spent, "committed");

    /// <summary>To be had through the API.</summary>
    public static Hop Visible(Tier tier, string process, long time) => new(
        tier, process, ReferenceLevel.DataAbstraction, time, 0, "visible");
}
