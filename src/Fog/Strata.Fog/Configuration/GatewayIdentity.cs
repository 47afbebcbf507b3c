using System.Net.Http.Headers;
using System.Text;
using Strata.Core.Tenancy;

namespace Strata.Fog.Configuration;

/// <summary>Who the gateway is towards its parent; kept in a 0600 file from the day it joined.</summary>
/// <param name="Tenant">Whose it is; null for one that joined before there were several.</param>
internal sealed record GatewayIdentity(string Id, string Secret, string Site, string? Tenant = null)
{
    public AuthenticationHeaderValue Authorization =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{(Tenant is null ? Id : $"{Tenant}/{Id}")}:{Secret}")));

    /// <summary>Whose it is; null when only its configuration says.</summary>
    public TenantId? Owner => TenantId.TryParse(Tenant, out var tenant) ? tenant : null;

    public override string ToString() => Id;
}
