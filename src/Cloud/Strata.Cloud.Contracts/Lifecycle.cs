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
public sealed record DeviceStep(string From, string To, string Cause, string Actor, DateTimeOffset At, JsonElement? Evidence)
{
    /// <summary>The unit that took it, where it is one before; null for the device itself.</summary>
    public string? Device { get; init; }
}

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

/// <summary>A unit that takes the place of a broken one.</summary>
/// <param name="New">The id of the new unit, which is registered.</param>
public sealed record SwapDevice(string New, string? Cause = null);

/// <summary>A request for the orderly way out of service.</summary>
/// <param name="Drain">How long it is waited at most until what is queued for it (in its sessions, and for its gateway) is delivered; null for not at all.</param>
/// <param name="WipeWithin">How long the device's answer to the command to wipe itself is awaited; zero for no such command, null for a minute.</param>
/// <param name="Readings">What becomes of its readings: <c>keep</c>, <c>archive</c> (into a file, and from the store) or <c>erase</c>; null for what the tenant's policy says.</param>
public sealed record BeginDecommission(string? Cause = null, TimeSpan? Drain = null, TimeSpan? WipeWithin = null, string? Readings = null);

/// <summary>What becomes of the readings of a tenant's devices that are taken out of service, where the request does not say it: <c>keep</c> (unless set), <c>archive</c> or <c>erase</c>.</summary>
public sealed record DecommissionPolicy(string Readings);

/// <summary>A device on its way out of service.</summary>
/// <param name="State"><c>draining</c>, <c>wiping</c>, <c>erasing</c> (of its identity), then of its readings <c>handing</c> (over), <c>archiving</c>, <c>removing</c>, <c>scrubbing</c>, or <c>done</c>.</param>
/// <param name="Deadline">When waiting in this state ends.</param>
/// <param name="WipeProof">The device's own words.</param>
/// <param name="Identity">What became of its secret and certificates.</param>
public sealed record DecommissionInfo(
    string Id, string Device, string State, string Cause, string Actor, DateTimeOffset Started, DateTimeOffset Deadline, DateTimeOffset? WipeAsked, DateTimeOffset? WipeProved, string? WipeProof, string? Identity,
    DateTimeOffset? Finished)
{
    /// <summary>Messages that were queued for it when the wait for them ended and that it did not get.</summary>
    public int Undelivered { get; init; }

    /// <summary>What becomes of its readings: <c>keep</c>, <c>archive</c> or <c>erase</c>.</summary>
    public string Readings { get; init; } = "keep";

    /// <summary>Its readings when it was gone.</summary>
    public long Count { get; init; }

    /// <summary>Length of the archive; null where there is none.</summary>
    public long? ArchiveBytes { get; init; }

    /// <summary>SHA-256 of the archive.</summary>
    public string? ArchiveDigest { get; init; }
}

/// <summary>Who is told by HTTP of devices' steps.</summary>
/// <param name="States">States whose beginning is told; empty for all.</param>
public sealed record HookInfo(string Name, string Url, IReadOnlyList<string> States, DateTimeOffset Created)
{
    /// <summary>Signs what is sent; shown when it is set, and never again.</summary>
    public string? Secret { get; init; }

    /// <summary>Told since the node's start.</summary>
    public long Delivered { get; init; }

    /// <summary>Given up since the node's start, with why the last one was.</summary>
    public long Failed { get; init; }

    public string? LastFailure { get; init; }
}

/// <summary>Whom to tell.</summary>
/// <param name="Url"><c>https</c>, or <c>http</c> on the node's own machine.</param>
public sealed record SaveHook(string Url, IReadOnlyList<string>? States = null);

/// <summary>A request to give a device to another tenant.</summary>
/// <param name="To">The tenant's id.</param>
/// <param name="Readings">What becomes of its readings: <c>stay</c> (null) where they are, or <c>go</c> along and are erased here.</param>
/// <param name="ValidFor">How long it may be accepted; null for seven days.</param>
public sealed record OfferTransfer(string To, string? Readings = null, TimeSpan? ValidFor = null);

/// <summary>A request to take a device that is offered.</summary>
/// <param name="Id">Its id here; null for the one that it has.</param>
/// <param name="Site">Its place here; null for none.</param>
public sealed record AcceptTransfer(string? Id = null, string? Site = null);

/// <summary>A device that one tenant gives to another.</summary>
/// <param name="Direction"><c>given</c> or <c>received</c>.</param>
/// <param name="Tenant">The other tenant.</param>
/// <param name="Device">Its id at the giver.</param>
/// <param name="State"><c>offered</c>, <c>accepted</c>, <c>moving</c>, <c>done</c>, <c>declined</c>, <c>withdrawn</c> or <c>expired</c>.</param>
/// <param name="Readings"><c>stay</c> or <c>go</c>.</param>
/// <param name="Actor">Who offered it; for one that is received, who accepted or declined it.</param>
/// <param name="As">Its id at the receiver, once it is accepted.</param>
/// <param name="Copied">Readings that went along.</param>
public sealed record TransferInfo(
    string Id, string Direction, string Tenant, string Device, string State, string Readings, string? Model, string? Serial, DateTimeOffset Offered, DateTimeOffset Expires, string Actor, string? As, string? Site,
    long Copied, DateTimeOffset? Finished);
