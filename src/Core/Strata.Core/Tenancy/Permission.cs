using System.Collections.Frozen;

namespace Strata.Core.Tenancy;

/// <summary>What somebody may be allowed to do: a closed set. Each API route and each topic filter names the one it needs.</summary>
#pragma warning disable CA1711 // It is the field's word; the rule means a class of .NET Framework's code access security.
public enum Permission
#pragma warning restore CA1711
{
    /// <summary><c>readings.read</c>: readings, windows, newest values, traces, statistics, live.</summary>
    ReadingsRead,

    /// <summary><c>devices.read</c>: devices and who was refused.</summary>
    DevicesRead,

    /// <summary><c>devices.write</c>: changing a device that is there.</summary>
    DevicesWrite,

    /// <summary><c>devices.provision</c>: registering a device, giving it a secret, taking it out of service.</summary>
    DevicesProvision,

    /// <summary><c>commands.send</c>: telling a device to do something.</summary>
    CommandsSend,

    /// <summary><c>updates.read</c>: artifacts and rollouts.</summary>
    UpdatesRead,

    /// <summary><c>updates.write</c>: bringing artifacts, and drafting rollouts.</summary>
    UpdatesWrite,

    /// <summary><c>updates.approve</c>: saying that what another has drafted may begin.</summary>
    UpdatesApprove,

    /// <summary><c>updates.start</c>: starting, pausing, resuming and rolling back a rollout.</summary>
    UpdatesStart,

    /// <summary><c>updates.abort</c>: ending a rollout.</summary>
    UpdatesAbort,

    /// <summary><c>sites.read</c>: places, groups and the architecture as a file.</summary>
    SitesRead,

    /// <summary><c>sites.write</c>: places and groups.</summary>
    SitesWrite,

    /// <summary><c>gateways.read</c>: gateways with their links and backlogs.</summary>
    GatewaysRead,

    /// <summary><c>gateways.write</c>: describing gateways and letting them join.</summary>
    GatewaysWrite,

    /// <summary><c>events.read</c>: what happened in the fleet, gaps.</summary>
    EventsRead,

    /// <summary><c>tokens.manage</c>: API tokens of programs.</summary>
    TokensManage,

    /// <summary><c>shares.manage</c>: what applications read by a share, of the tenant's own data and of what it was given.</summary>
    SharesManage,

    /// <summary><c>views.manage</c>: saved views, by which roles see parts of the tenant on one page.</summary>
    ViewsManage,

    /// <summary><c>users.manage</c>: people and what they may do.</summary>
    UsersManage,

    /// <summary><c>roles.manage</c>: roles made of permissions.</summary>
    RolesManage,

    /// <summary><c>audit.read</c>: who changed what.</summary>
    AuditRead,

    /// <summary><c>tenant.manage</c>: the tenant itself: its name, sign-in links of its administrator.</summary>
    TenantManage,

    /// <summary><c>usage.read</c>: what the tenant has used, what it may use and when that runs out; what it costs and what was promised.</summary>
    UsageRead,

    /// <summary><c>node.read</c>: how the node is: health, metrics. Of all tenants, so the platform owner's.</summary>
    NodeRead,

    /// <summary><c>platform.manage</c>: tenants, and acting for any of them.</summary>
    PlatformManage,
}

/// <summary>The permissions' names in API, tables and texts.</summary>
public static class Permissions
{
    private static readonly (Permission Permission, string Name)[] Names =
    [
        (Permission.ReadingsRead, "readings.read"), (Permission.DevicesRead, "devices.read"), (Permission.DevicesWrite, "devices.write"),
        (Permission.DevicesProvision, "devices.provision"),
        (Permission.CommandsSend, "commands.send"), (Permission.UpdatesRead, "updates.read"), (Permission.UpdatesWrite, "updates.write"),
        (Permission.UpdatesApprove, "updates.approve"), (Permission.UpdatesStart, "updates.start"), (Permission.UpdatesAbort, "updates.abort"),
        (Permission.SitesRead, "sites.read"), (Permission.SitesWrite, "sites.write"),
        (Permission.GatewaysRead, "gateways.read"), (Permission.GatewaysWrite, "gateways.write"), (Permission.EventsRead, "events.read"),
        (Permission.TokensManage, "tokens.manage"), (Permission.SharesManage, "shares.manage"), (Permission.ViewsManage, "views.manage"),
        (Permission.UsersManage, "users.manage"), (Permission.RolesManage, "roles.manage"),
        (Permission.AuditRead, "audit.read"), (Permission.TenantManage, "tenant.manage"), (Permission.UsageRead, "usage.read"), (Permission.NodeRead, "node.read"),
        (Permission.PlatformManage, "platform.manage"),
    ];

    private static readonly FrozenDictionary<string, Permission> ByName = Names.ToFrozenDictionary(n => n.Name, n => n.Permission, StringComparer.Ordinal);

    /// <summary>All there are, in the order of the enumeration.</summary>
    public static IReadOnlyList<Permission> All { get; } = [.. Names.Select(n => n.Permission)];

    /// <summary>The name, for example <c>readings.read</c>.</summary>
    public static string NameOf(Permission permission) => Names[(int)permission].Name;

    /// <summary>Finds a permission by its name; false when there is none of that name.</summary>
    public static bool TryParse(string? name, out Permission permission)
    {
        permission = default;
        return name is not null && ByName.TryGetValue(name, out permission);
    }
}
