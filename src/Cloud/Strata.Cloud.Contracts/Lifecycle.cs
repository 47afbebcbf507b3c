using System.Text.Json;

namespace Strata.Cloud.Contracts;

/// <summary>A request for a step of a device's life.</summary>
/// <param name="State">The state that it shall be in.</param>
/// <param name="Cause">One phrase for people; null for "asked for by" and the caller's name.</param>
/// <param name="Evidence">What it was decided on: any JSON.</param>
public sealed record MoveDevice(string State, string? Cause = null, JsonElement? Evidence = null);

/// <summary>A step of a device's life.</summary>
/// <param name="Cause">One phrase for people.</param>
/// <param name="Actor">Who made it; <c>node</c> for the node itself.</param>
/// <param name="Evidence">What it was decided on; null when the cause says all.</param>
public sealed record DeviceStep(string From, string To, string Cause, string Actor, DateTimeOffset At, JsonElement? Evidence);

/// <summary>A device's life, as far back as its steps are kept.</summary>
/// <param name="Since">When it came into the state.</param>
/// <param name="SecondsInState">How long it was in each state that it was in.</param>
/// <param name="Steps">Newest first.</param>
/// <param name="Next">The states that can follow the one it is in.</param>
public sealed record DeviceHistory(
    string Device, string State, DateTimeOffset Since, IReadOnlyDictionary<string, double> SecondsInState, IReadOnlyList<DeviceStep> Steps, IReadOnlyList<string> Next);

/// <summary>What is to be changed of a device, or of many; what is null stays.</summary>
public sealed record ChangeDevice
{
    /// <summary>The place; an empty text takes it out of every place.</summary>
    public string? Site { get; init; }

    /// <summary>What it is; an empty text for nothing.</summary>
    public string? Model { get; init; }

    public TimeSpan? Heartbeat { get; init; }

    /// <summary>All thresholds anew.</summary>
    public IReadOnlyDictionary<string, double>? Deadband { get; init; }

    /// <summary>All listed gateways anew.</summary>
    public IReadOnlyList<string>? Gateways { get; init; }

    /// <summary>Tags by name; a tag whose value is null is removed, tags that are not named stay.</summary>
    public IReadOnlyDictionary<string, string?>? Tags { get; init; }

    /// <summary>Groups that it is put into by name.</summary>
    public IReadOnlyList<string>? AddGroups { get; init; }

    /// <summary>Groups that it is taken out of by name.</summary>
    public IReadOnlyList<string>? RemoveGroups { get; init; }

    public string? PowerProfile { get; init; }
}
