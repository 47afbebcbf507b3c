using System.Security.Claims;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Auth;

/// <summary>What the HTTP API knows of a caller, kept as claims of its principal.</summary>
public static class StrataIdentity
{
    /// <summary>Authentication by <c>Authorization: Bearer</c>.</summary>
    public const string BearerScheme = "Bearer";

    /// <summary>Authentication of devices and gateways by <c>Authorization: Basic</c>.</summary>
    public const string BasicScheme = "Basic";

    /// <summary>The dashboard's session.</summary>
    public const string CookieScheme = "Cookie";

    /// <summary>Chooses among the others by what the request carries; the default.</summary>
    public const string AnyScheme = "Strata";

    internal const string DeviceRole = "device";
    internal const string GatewayRole = "gateway";
    internal const string AdminRole = nameof(TokenRole.Admin);
    internal const string ApplicationRole = nameof(TokenRole.Application);

    /// <summary>The name for audit records: a token's name, a device's or gateway's id.</summary>
    public static string Name(this ClaimsPrincipal caller) => caller.FindFirstValue(ClaimTypes.Name) ?? "";

    /// <summary>The device that calls; null when another does.</summary>
    public static DeviceId? Device(this ClaimsPrincipal caller) =>
        caller.IsInRole(DeviceRole) && DeviceId.TryParse(caller.Name(), out var id) ? id : null;

    /// <summary>The gateway that calls; null when another does.</summary>
    public static GatewayId? Gateway(this ClaimsPrincipal caller) =>
        caller.IsInRole(GatewayRole) && GatewayId.TryParse(caller.Name(), out var id) ? id : null;

    internal static ClaimsPrincipal Of(TokenIdentity identity, string scheme) =>
        Of(identity.Tenant, identity.Name, identity.Role == TokenRole.Admin ? AdminRole : ApplicationRole, scheme);

    internal static ClaimsPrincipal Of(DeviceEntry entry, string scheme) => Of(entry.Tenant, entry.Device.Value, DeviceRole, scheme);

    internal static ClaimsPrincipal Of(GatewayEntry entry, string scheme) => Of(entry.Tenant, entry.Gateway.Value, GatewayRole, scheme);

    private static ClaimsPrincipal Of(TenantId tenant, string name, string role, string scheme) => new(new ClaimsIdentity(
        [new Claim(CallerTenant.ClaimType, tenant.Value), new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.Role, role)], scheme));
}
