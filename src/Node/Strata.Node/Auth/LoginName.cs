using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary>
/// The name with which devices, gateways and applications sign in, by MQTT and HTTP Basic: <c>TENANT/NAME</c>, or <c>NAME</c> alone, which is of the
/// installation's first tenant (<see cref="TenantDirectory.Default"/>). So a tenant that is added changes nobody's name, and no secret decides between tenants.
/// </summary>
public readonly record struct LoginName(TenantId Tenant, string Name)
{
    /// <summary>Whether the name said its tenant.</summary>
    public bool IsExplicit { get; private init; }

    /// <summary>Reads a name; one that is no <c>TENANT/NAME</c> is a plain name, which then fits nobody's rule.</summary>
    public static LoginName Of(string text, TenantId @default)
    {
        var slash = text.IndexOf('/');
        return slash > 0 && TenantId.TryParse(text[..slash], out var tenant) ? new LoginName(tenant, text[(slash + 1)..]) { IsExplicit = true } : new LoginName(@default, text);
    }

    /// <summary>In whose log of rejections a failed login belongs: that of the tenant it named, when there is one.</summary>
    public TenantId LogOf(TenantDirectory tenants) => tenants.Exists(Tenant) ? Tenant : tenants.Default;
}
