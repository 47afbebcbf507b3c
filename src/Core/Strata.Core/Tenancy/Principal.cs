using System.Collections.Immutable;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Tenancy;

/// <summary>Who acts.</summary>
public enum PrincipalKind
{
    Person,
    Token,
    Device,
    Gateway,

    /// <summary>The program itself, and who owns the machine it runs on.</summary>
    Node,
}

/// <summary>A role, and where it holds.</summary>
public sealed record Grant(Role Role, AccessScope Scope);

/// <summary>What became of the question whether somebody may do something.</summary>
public enum AccessDecision
{
    Allowed,

    /// <summary>It is within the scope, but this may not be done to it (403).</summary>
    Forbidden,

    /// <summary>It is outside the scope: to this principal there is no such thing (404), whether it is there or not.</summary>
    NotFound,
}

/// <summary>
/// Somebody authenticated, with all grants: the one thing that is asked before anything is shown or done. Immutable; a change of rights is
/// another principal.
/// </summary>
public sealed class Principal
{
    private readonly Reach[] reaches;

    /// <param name="id">Unique within tenant and kind and never used again for another: a token's prefix, a device's id.</param>
    /// <param name="name">For people and audit records.</param>
    public Principal(TenantId tenant, PrincipalKind kind, string id, string name, params ImmutableArray<Grant> grants)
    {
        (Tenant, Kind, Id, Name, Grants) = (tenant, kind, id, name, grants);
        reaches = [.. Permissions.All.Select(p => Reach.Of(grants.Where(g => g.Role.Permissions.Contains(p)).Select(g => g.Scope)))];
        Seen = Reach.Of(grants.Select(g => g.Scope));
    }

    /// <summary>An application that reads a share of the tenant's, and nothing else.</summary>
    public Principal(TenantId tenant, string id, string name, Share share)
        : this(tenant, PrincipalKind.Token, id, name, new Grant(Share.Reader, share.Scope)) => Share = share;

    public TenantId Tenant { get; }

    /// <summary>What narrows its reading to some metrics; null for all metrics. With one, only what knows shares may answer.</summary>
    public Share? Share { get; }

    public PrincipalKind Kind { get; }

    public string Id { get; }

    public string Name { get; }

    public ImmutableArray<Grant> Grants { get; }

    /// <summary>Where it may do anything at all: beyond it nothing exists for it.</summary>
    public Reach Seen { get; }

    /// <summary>May act for every tenant.</summary>
    public bool IsPlatformOwner => ReachOf(Permission.PlatformManage).IsWhole;

    /// <summary>The owner of the machine: everything in every tenant.</summary>
    public static Principal Owner(TenantId tenant, string name) =>
        new(tenant, PrincipalKind.Node, name, name, new Grant(Role.PlatformOwner, AccessScope.WholeTenant));

    /// <summary>A gateway: it may listen to its own place.</summary>
    public static Principal Of(TenantId tenant, GatewayId gateway, SiteId site) =>
        new(tenant, PrincipalKind.Gateway, gateway.Value, gateway.Value, new Grant(Role.Viewer, AccessScope.Of([site])));

    /// <summary>A device: it has its own topics and routes, and nothing by a role.</summary>
    public static Principal Of(TenantId tenant, DeviceId device) => new(tenant, PrincipalKind.Device, device.Value, device.Value);

    /// <summary>Where it may do this; groups not resolved.</summary>
    public Reach ReachOf(Permission permission) => reaches[(int)permission];

    /// <summary>Whether it may see the metric, of a device that it may see.</summary>
    public bool Sees(MetricName metric) => Share is null || Share.Covers(metric);

    /// <summary>Whether it may do this anywhere.</summary>
    public bool Holds(Permission permission) => !ReachOf(permission).IsNowhere;

    /// <summary>
    /// May it do this to something in this place? Null is a thing that is in no place, or of the whole tenant.
    /// </summary>
    /// <param name="placesOfGroup">The places that make a group; null when there is no such group.</param>
    public AccessDecision Decide(Permission permission, SiteId? site, Func<string, IReadOnlyList<SiteId>?> placesOfGroup)
    {
        if (ReachOf(permission).Resolve(placesOfGroup).Covers(site))
            return AccessDecision.Allowed;
        return Seen.Resolve(placesOfGroup).Covers(site) ? AccessDecision.Forbidden : AccessDecision.NotFound;
    }

    /// <summary>The same for what is made of several places: a group and its windows.</summary>
    public AccessDecision Decide(Permission permission, IReadOnlyList<SiteId> sites, Func<string, IReadOnlyList<SiteId>?> placesOfGroup)
    {
        if (ReachOf(permission).Resolve(placesOfGroup).CoversAll(sites))
            return AccessDecision.Allowed;
        return Seen.Resolve(placesOfGroup).CoversAll(sites) ? AccessDecision.Forbidden : AccessDecision.NotFound;
    }

    /// <summary>Whether it may give this to somebody: nobody gives more than he has. The role's permissions are each held over all of the scope.</summary>
    public bool MayGive(Grant grant) => grant.Role.Permissions.Items.All(p => ReachOf(p).Covers(grant.Scope));

    public override string ToString() => $"{Kind} {Name} of {Tenant}";
}
