namespace Strata.Cloud.Contracts;

/// <summary>A place. <paramref name="Path"/> is the path from the root (<c>hq/floor-1/east</c>).</summary>
/// <param name="Kind"><c>site</c>, <c>building</c>, <c>floor</c>, <c>zone</c> or any word of the installation's own.</param>
/// <param name="Devices">Devices directly in this place.</param>
/// <param name="DevicesBelow">Devices in this place and all below it.</param>
public sealed record SiteInfo(string Path, string Name, string Kind, string? Parent, int Devices, int DevicesBelow);

/// <summary>A gateway as the registry and its link see it.</summary>
/// <param name="State"><c>expected</c> (in the description, never dialled in), <c>online</c>, <c>offline</c>.</param>
/// <param name="Backlog">Entries that the gateway still holds for its parent, as it last said.</param>
/// <param name="Uplink">Policy per metric: <c>raw</c>, <c>window</c>, <c>both</c>; <c>*</c> is the default.</param>
/// <param name="Parent">The gateway it is chained to; null when it dials the cloud.</param>
/// <param name="Share">What part of the gateway's capacity the tenant has, percent; null when it serves nobody else.</param>
public sealed record GatewayInfo(
    string Id, string Site, string State, DateTimeOffset? LastSeen, DateTimeOffset? LinkSince, string? Version, string? Mqtt, string? Http,
    int Devices, long Backlog, long BacklogBytes, DateTimeOffset? BacklogSince, long Gaps, long LostReadings,
    IReadOnlyDictionary<string, string> Uplink, string? Parent, double? RoundTripMs, double? Share = null);

/// <summary>A request for a join token.</summary>
/// <param name="Site">The place whose gateway may use it; null for any place.</param>
/// <param name="ValidFor">How long; null for 24 hours.</param>
/// <param name="Uses">How many gateways may join with it; null for 1.</param>
public sealed record CreateJoinToken(string? Site, TimeSpan? ValidFor, int? Uses);

/// <summary>A join token. It is shown once.</summary>
public sealed record JoinToken(string Token, DateTimeOffset Expires, string? Site);

/// <summary>A gateway asks to be taken in.</summary>
public sealed record JoinRequest(string Token, string Site, string? Name, string? Mqtt, string? Http, string? Version);

/// <summary>The gateway's identity. The secret is shown once.</summary>
/// <param name="Tenant">Whose it is; the user name of the gateway is <c>TENANT/ID</c>.</param>
public sealed record JoinResponse(string Id, string Secret, string Site, string? Tenant = null);

/// <summary>What <c>apply</c> did or would do.</summary>
/// <param name="DryRun">True when nothing was changed.</param>
/// <param name="Secrets">New secrets by device id, shown once; empty on a dry run.</param>
public sealed record ApplyResult(bool DryRun, IReadOnlyList<ApplyChange> Changes, IReadOnlyDictionary<string, string> Secrets);

/// <summary>One line of the difference.</summary>
/// <param name="Action"><c>+</c>, <c>~</c> or <c>-</c>.</param>
/// <param name="Kind"><c>site</c>, <c>gateway</c>, <c>device</c>, <c>group</c>, <c>view</c>, <c>configuration</c>, <c>configuration-schema</c> or <c>rollout</c>.</param>
/// <param name="Fields">For <c>~</c>: field, old value, new value.</param>
public sealed record ApplyChange(string Action, string Kind, string Id, IReadOnlyList<FieldChange> Fields);

public sealed record FieldChange(string Field, string? From, string? To);
