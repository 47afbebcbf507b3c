using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Reads;

namespace Strata.Node.Auth;

/// <summary>
/// What one principal may do in one tenant, as things stand now: the one place that everything asks which shows or changes something. Knows where devices and
/// gateways are; decides nothing but what <see cref="Principal.Decide(Permission, SiteId?, Func{string, IReadOnlyList{SiteId}?})"/> decides. Safe from any thread.
/// </summary>
public sealed class Access
{
    private readonly DeviceDirectory devices;
    private readonly GatewayDirectory gateways;
    private readonly Func<TenantId, string, IReadOnlyList<SiteId>?> placesOfGroup;

    internal Access(
        Principal principal, TenantId tenant, DeviceDirectory devices, GatewayDirectory gateways, Func<TenantId, string, IReadOnlyList<SiteId>?> placesOfGroup)
    {
        (Principal, Tenant) = (principal, tenant);
        (this.devices, this.gateways, this.placesOfGroup) = (devices, gateways, placesOfGroup);
    }

    public Principal Principal { get; }

    /// <summary>Whose things are asked about: the principal's own tenant, or the one that a platform owner acts for.</summary>
    public TenantId Tenant { get; }

    /// <summary>The tenant is asked as a whole when it may do this everywhere in it.</summary>
    public bool IsWhole(Permission permission) => Principal.ReachOf(permission).IsWhole;

    /// <summary>Where it may do this, groups resolved: what lists are filtered by.</summary>
    public Reach ReachOf(Permission permission) => Principal.ReachOf(permission).Resolve(Places);

    /// <summary>Where it may do anything at all, groups resolved: beyond it nothing exists for it.</summary>
    public Reach Seen => Principal.Seen.Resolve(Places);

    /// <summary>May it do this to what is in this place? Null: to the tenant as a whole, or to what is in no place.</summary>
    public AccessDecision Decide(Permission permission, SiteId? site) => Principal.Decide(permission, site, Places);

    /// <summary>May it do this to the device? One that is not known here is in no place.</summary>
    public AccessDecision Decide(Permission permission, DeviceId device) => Decide(permission, SiteOf(device));

    /// <summary>May it do this to the gateway? One that is not known here is in no place.</summary>
    public AccessDecision Decide(Permission permission, GatewayId gateway) => Decide(permission, SiteOf(gateway));

    /// <summary>May it do this to the group or its windows?</summary>
    /// <param name="site">Its place as the windows name it, for a group that is gone.</param>
    public AccessDecision DecideGroup(Permission permission, string group, SiteId site) => Principal.Decide(permission, Places(group) ?? [site], Places);

    /// <summary>Whether the device may be shown.</summary>
    public bool Sees(Permission permission, DeviceId device) => IsWhole(permission) || ReachOf(permission).Covers(SiteOf(device));

    /// <summary>Whether the gateway may be shown.</summary>
    public bool Sees(Permission permission, GatewayId gateway) => IsWhole(permission) || ReachOf(permission).Covers(SiteOf(gateway));

    /// <summary>Whether what a device or a gateway of this name sent may be shown.</summary>
    public bool SeesSource(Permission permission, string source) =>
        IsWhole(permission)
        || (DeviceId.TryParse(source, out var device) && devices.TryGet(Tenant, device, out _) && Sees(permission, device))
        || (GatewayId.TryParse(source, out var gateway) && Sees(permission, gateway));

    /// <summary>Whether a window of the group may be shown.</summary>
    public bool SeesGroup(Permission permission, string group, SiteId site) => IsWhole(permission) || DecideGroup(permission, group, site) == AccessDecision.Allowed;

    /// <summary>The devices that may be shown; in no order.</summary>
    public IEnumerable<DeviceId> Visible(Permission permission)
    {
        var reach = ReachOf(permission);
        return devices.All(Tenant).Where(d => reach.Covers(d.Site)).Select(d => d.Device);
    }

    /// <summary>
    /// The refusal that a decision means; null when it is allowed. Outside the scope the answer is the caller's own for what is not there, so that the two cannot
    /// be told apart.
    /// </summary>
    public static Problem? Refusal(AccessDecision decision, Func<Problem> notFound) => decision switch
    {
        AccessDecision.Allowed => null,
        AccessDecision.Forbidden => Forbidden,
        _ => notFound(),
    };

    /// <summary>The one refusal within the scope.</summary>
    public static Problem Forbidden => new(ProblemKind.Forbidden, "The caller is known but not allowed to do this.");

    private SiteId? SiteOf(DeviceId device) => devices.TryGet(Tenant, device, out var entry) ? entry.Site : null;

    private SiteId? SiteOf(GatewayId gateway) => gateways.TryGet(Tenant, gateway, out var entry) ? entry.Site : null;

    private IReadOnlyList<SiteId>? Places(string group) => placesOfGroup(Tenant, group);
}

/// <summary>Makes <see cref="Access"/>: knows the directories that decisions are made on.</summary>
public sealed class AccessMap(DeviceDirectory devices, GatewayDirectory gateways, IServiceProvider services)
{
    private readonly Lazy<IFleetRoutes?> routes = new(() => (IFleetRoutes?)services.GetService(typeof(IFleetRoutes)));

    public Access Of(Principal principal, TenantId tenant) => new(principal, tenant, devices, gateways, (of, group) => routes.Value?.SitesOfGroup(of, group));
}
