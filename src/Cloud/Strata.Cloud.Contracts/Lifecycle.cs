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

/// <summary>A group of devices: of places, by a query, or of those that are put into it by name.</summary>
/// <param name="Window">Over which the readings of places are computed; null for groups without places.</param>
/// <param name="Devices">Members that the caller may see.</param>
public sealed record GroupInfo(string Id, IReadOnlyList<string> Sites, string? Query, TimeSpan? Window, int Devices);

/// <summary>What a group shall be: places, or a query, or neither for one of devices by name.</summary>
public sealed record SaveGroup(IReadOnlyList<string>? Sites = null, string? Query = null, TimeSpan? Window = null);

/// <summary>A change of all devices that a query finds.</summary>
/// <param name="Change">Fields, or</param>
/// <param name="Move">the state that each shall be in;</param>
/// <param name="Cause">why.</param>
/// <param name="DryRun">Only says what would be done.</param>
public sealed record RunBulk(string Query, ChangeDevice? Change = null, string? Move = null, string? Cause = null, bool DryRun = false);

/// <summary>A change of many devices and how far it is.</summary>
/// <param name="Id">Null for a dry run, which is not kept.</param>
/// <param name="State"><c>dry-run</c>, <c>running</c>, <c>done</c> or <c>interrupted</c>.</param>
/// <param name="Found">Devices that the query found when it began.</param>
/// <param name="Unchanged">Devices that were so already.</param>
/// <param name="Refusals">The first of those that were refused.</param>
public sealed record BulkInfo(
    string? Id, string Query, JsonElement Change, string State, int Found, int Changed, int Unchanged, int Refused, IReadOnlyList<BulkRefusal> Refusals, string Actor, DateTimeOffset Started)
{
    public DateTimeOffset? Ended { get; init; }

    /// <summary>The operation that this one takes back.</summary>
    public string? UndoOf { get; init; }

    /// <summary>The operation that took this one back.</summary>
    public string? UndoneBy { get; init; }
}

/// <summary>A device that a change of many was refused for, and why.</summary>
public sealed record BulkRefusal(string Device, string Why);
