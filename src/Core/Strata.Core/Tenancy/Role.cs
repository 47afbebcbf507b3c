using System.Diagnostics.CodeAnalysis;

namespace Strata.Core.Tenancy;

/// <summary>A named set of permissions. Where it holds is said by the grant, not by the role.</summary>
/// <param name="Name">As <see cref="IsName"/>.</param>
public sealed record Role(string Name, PermissionSet Permissions)
{
    public const int MaxNameLength = 64;

    /// <summary>Looks.</summary>
    public static readonly Role Viewer = new("viewer", PermissionSet.Of(
        Permission.ReadingsRead, Permission.DevicesRead, Permission.SitesRead, Permission.GatewaysRead, Permission.EventsRead, Permission.UpdatesRead));

    /// <summary>Keeps devices running: looks, and changes what is there.</summary>
    public static readonly Role Operator = new("operator", Viewer.Permissions.With(PermissionSet.Of(
        Permission.DevicesWrite, Permission.CommandsSend, Permission.UpdatesWrite, Permission.UpdatesStart, Permission.UpdatesAbort)));

    /// <summary>Brings devices and gateways in.</summary>
    public static readonly Role Installer = new("installer", Viewer.Permissions.With(PermissionSet.Of(
        Permission.DevicesWrite, Permission.DevicesProvision, Permission.SitesWrite, Permission.GatewaysWrite)));

    /// <summary>Everything in a tenant.</summary>
    public static readonly Role TenantAdmin = new("tenant-admin", PermissionSet.All.Without(Permission.NodeRead, Permission.PlatformManage));

    /// <summary>Everything, in every tenant.</summary>
    public static readonly Role PlatformOwner = new("platform-owner", PermissionSet.All);

    /// <summary>The roles that every tenant has.</summary>
    public static IReadOnlyList<Role> BuiltIn { get; } = [Viewer, Operator, Installer, TenantAdmin, PlatformOwner];

    /// <summary>A permission for which a role is the platform's, not a tenant's.</summary>
    public bool IsOfPlatform => Permissions.Contains(Permission.PlatformManage) || Permissions.Contains(Permission.NodeRead);

    public static bool TryFindBuiltIn(string? name, [NotNullWhen(true)] out Role? role) =>
        (role = BuiltIn.FirstOrDefault(r => r.Name == name)) is not null;

    /// <summary>Whether a role may have this name: a letter or digit, then letters, digits and <c>. _ : -</c>, at most 64.</summary>
    public static bool IsName([NotNullWhen(true)] string? text) => NameRule.IsValid(text, MaxNameLength, allowSpace: false);
}
