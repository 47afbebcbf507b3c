using System.Net;
using System.Security.Claims;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Auth;

/// <summary>What authentication found of a caller, kept as claims: enough to find its <see cref="Principal"/> again, which says what it may do.</summary>
public static class StrataIdentity
{
    /// <summary>Authentication by <c>Authorization: Bearer</c>.</summary>
    public const string BearerScheme = "Bearer";

    /// <summary>Authentication of devices and gateways by <c>Authorization: Basic</c>.</summary>
    public const string BasicScheme = "Basic";

    /// <summary>Authentication of devices by the certificate of their TLS connection.</summary>
    public const string CertificateScheme = "Certificate";

    /// <summary>The dashboard's session.</summary>
    public const string CookieScheme = "Cookie";

    /// <summary>Chooses among the others by what the request carries; the default.</summary>
    public const string AnyScheme = "Strata";

    internal const string PersonRole = "person";
    internal const string TokenRole = "token";
    internal const string NodeRole = "node";
    internal const string DeviceRole = "device";
    internal const string GatewayRole = "gateway";
    private const string TenantClaim = "strata:tenant";
    private const string IdClaim = "strata:id";
    private const string ActingClaim = "strata:acting";
    private const string AddressClaim = "strata:address";

    /// <summary>The name for audit records: a token's name, a device's or gateway's id.</summary>
    public static string Name(this ClaimsPrincipal caller) => caller.FindFirstValue(ClaimTypes.Name) ?? "";

    /// <summary>The device that calls; null when another does.</summary>
    public static DeviceId? Device(this ClaimsPrincipal caller) =>
        caller.IsInRole(DeviceRole) && DeviceId.TryParse(caller.Name(), out var id) ? id : null;

    /// <summary>The gateway that calls; null when another does.</summary>
    public static GatewayId? Gateway(this ClaimsPrincipal caller) =>
        caller.IsInRole(GatewayRole) && GatewayId.TryParse(caller.Name(), out var id) ? id : null;

    /// <summary>The administrator of a tenant, whom a one-time link lets in.</summary>
    public static Principal AdministratorOf(TenantId tenant) =>
        new(tenant, PrincipalKind.Person, "administrator", "administrator", new Grant(Role.TenantAdmin, AccessScope.WholeTenant));

    /// <summary>The claims from which the principal is found again.</summary>
    public static ClaimsPrincipal Of(Principal principal, string scheme) => new(new ClaimsIdentity(
        [
            new Claim(TenantClaim, principal.Tenant.Value), new Claim(IdClaim, principal.Id), new Claim(ClaimTypes.Name, principal.Name),
            new Claim(ClaimTypes.Role, principal.Kind.ToString().ToLowerInvariant()),
        ],
        scheme));

    /// <summary>The same, of a platform owner's session that acts for another tenant until it enters one anew.</summary>
    public static ClaimsPrincipal ActingFor(this ClaimsPrincipal caller, TenantId tenant)
    {
        ((ClaimsIdentity)caller.Identity!).AddClaim(new Claim(ActingClaim, tenant.Value));
        return caller;
    }

    /// <summary>The tenant that a session acts for; null when it acts for its own. Whether it may, is not said by it.</summary>
    internal static TenantId? ActsFor(this ClaimsPrincipal caller) => TenantId.TryParse(caller.FindFirstValue(ActingClaim), out var tenant) ? tenant : null;

    /// <summary>Notes where the request came from, for the pages that are filled on its behalf.</summary>
    internal static void NoteAddress(this ClaimsPrincipal caller, IPAddress? address)
    {
        if (address is not null)
            caller.AddIdentity(new ClaimsIdentity([new Claim(AddressClaim, address.ToString())])); // Its own, not authenticated: it says nothing of who it is.
    }

    /// <summary>What <see cref="NoteAddress"/> noted.</summary>
    internal static IPAddress? Address(this ClaimsPrincipal caller) => IPAddress.TryParse(caller.FindFirstValue(AddressClaim), out var address) ? address : null;

    /// <summary>Who the claims are of, now: null when its token was revoked or its gateway removed.</summary>
    internal static Principal? ToPrincipal(ClaimsPrincipal caller, ITokenStore tokens, GatewayDirectory gateways)
    {
        if (!TenantId.TryParse(caller.FindFirstValue(TenantClaim), out var tenant) || !Enum.TryParse<PrincipalKind>(caller.FindFirstValue(ClaimTypes.Role), ignoreCase: true, out var kind))
            return null;
        return kind switch
        {
            PrincipalKind.Device => caller.Device() is { } device ? Principal.Of(tenant, device) : null,
            PrincipalKind.Gateway => caller.Gateway() is { } gateway && gateways.TryGet(tenant, gateway, out var entry) ? Principal.Of(tenant, gateway, entry.Site) : null,
            PrincipalKind.Person => tokens.FindSession(caller.FindFirstValue(IdClaim) ?? "") is { } person && person.Tenant == tenant ? person : null,
            _ => tokens.FindById(caller.FindFirstValue(IdClaim) ?? "") is { } known && known.Tenant == tenant ? known : null,
        };
    }
}
