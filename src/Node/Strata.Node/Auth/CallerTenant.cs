using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary>Whose data a request may see: a claim of the authenticated caller, never something the request says.</summary>
public static class CallerTenant
{
    /// <summary>The claim's type.</summary>
    public const string ClaimType = "strata:tenant";

    /// <exception cref="InvalidOperationException">The endpoint lets callers in who are not authenticated; it must not ask for their tenant.</exception>
    public static TenantId Tenant(this HttpContext context) =>
        TenantId.TryParse(context.User.FindFirstValue(ClaimType), out var tenant)
            ? tenant
            : throw new InvalidOperationException("The caller has no tenant: the endpoint needs an authorization policy.");
}
