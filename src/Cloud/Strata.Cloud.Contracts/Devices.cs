namespace Strata.Cloud.Contracts;

/// <summary>A request for a new device.</summary>
/// <param name="Deadband">Threshold per metric, in the metric's unit.</param>
/// <param name="Heartbeat">Longest silence of a healthy device; null for 5 minutes.</param>
/// <param name="Gateways">Gateways that may serve it beside those of its site, first choice first.</param>
public sealed record CreateDevice(
    string Id, string? Site = null, string? Model = null, TimeSpan? Heartbeat = null,
    IReadOnlyDictionary<string, double>? Deadband = null, IReadOnlyList<string>? Gateways = null)
{
    /// <summary>What people write on it, to find it by.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>Groups that it is put into by name.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>The maker's number of this unit.</summary>
    public string? Serial { get; init; }

    /// <summary>The batch that it was made in.</summary>
    public string? Batch { get; init; }

    /// <summary>How it lives on its power: the name of a profile.</summary>
    public string? PowerProfile { get; init; }
}

/// <summary>A device's id and its secret, shown once.</summary>
public sealed record DeviceSecret(string Id, string Secret);

/// <summary>A device as the registry knows it.</summary>
/// <param name="State">One of the lifecycle states: unprovisioned, provisioning, active, degraded, maintenance, decommissioned.</param>
/// <param name="Gateway">The gateway that serves it now; null when it talks to the cloud itself or has not been heard.</param>
/// <param name="LastSeen">When it was last heard, by any tier.</param>
/// <param name="Online">Heard within two heartbeats.</param>
public sealed record DeviceInfo(
    string Id, string? Site, string? Model, string State, string? Gateway, DateTimeOffset? LastSeen, bool Online, TimeSpan Heartbeat,
    IReadOnlyDictionary<string, double> Deadband, IReadOnlyList<string> Gateways, DateTimeOffset Created)
{
    /// <summary>Since when it is in its state.</summary>
    public DateTimeOffset StateSince { get; init; }

    /// <summary>Why it is: one phrase.</summary>
    public string Cause { get; init; } = "";

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Groups that it was put into by name.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    public string? Serial { get; init; }

    public string? Batch { get; init; }

    public string? PowerProfile { get; init; }

    /// <summary>Changes with every change of it; the <c>ETag</c> of the same.</summary>
    public long Revision { get; init; }

    /// <summary>How it is; in lists and of decommissioned devices null.</summary>
    public DeviceHealthInfo? Health { get; init; }
}

/// <summary>Someone or something was refused. Equal refusals are one entry with a count.</summary>
/// <param name="Subject">The device id or user name it gave, as far as it gave one.</param>
/// <param name="Gateway">The gateway that refused it; null for this node.</param>
/// <param name="Kind"><c>authentication</c>, <c>payload</c>, <c>permission</c>, <c>protocol</c>, <c>entry</c>.</param>
/// <param name="Reason">One sentence.</param>
public sealed record Rejection(
    string Subject, string? Gateway, string Kind, string Reason, long Count, DateTimeOffset First, DateTimeOffset Last);

/// <summary>One record of who changed what.</summary>
/// <param name="Detail">A JSON document with what else there is to say; a bulk change's digest of its items.</param>
/// <param name="Before">What it was, as JSON without secrets; null when it is new.</param>
/// <param name="After">What it is now; null when it is gone.</param>
/// <param name="From">The address that the request came from; null for the node itself.</param>
/// <param name="Result"><c>done</c>, or why not.</param>
/// <param name="Number">Its place in the tenant's chain; null while it is not sealed (within a second).</param>
/// <param name="Hash">Of its link of the chain.</param>
public sealed record AuditRecord(
    DateTimeOffset Time, string Actor, string Action, string Kind, string Id, string? Detail, string? Before = null, string? After = null, string? From = null,
    string Result = "done", long? Number = null, string? Hash = null);

/// <summary>Which records of an audit trail; null is any.</summary>
/// <param name="Kind">Of thing: <c>device</c>, <c>api-token</c>, <c>user</c>, ...</param>
/// <param name="Id">The thing's.</param>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
public sealed record AuditQuery(string? Actor = null, string? Action = null, string? Kind = null, string? Id = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>What the verification of a tenant's audit trail came to.</summary>
/// <param name="Records">Records that were read and are whole.</param>
/// <param name="Broken">The number of the first that is not; null when all are.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record AuditVerification(bool Whole, long Records, long? Broken, string? Problem);

/// <summary>Something that happened in the fleet.</summary>
public sealed record EventInfo(DateTimeOffset Time, string Kind, string? Device, string? Gateway, string Detail);
