using Microsoft.AspNetCore.Http;
using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary>Who calls and for which tenant: found once a request, after authentication, and never taken from what the request is about.</summary>
public static class CallerTenant
{
    /// <summary>The header with which a platform owner acts for another tenant.</summary>
    public const string Header = "Strata-Tenant";

    /// <exception cref="InvalidOperationException">The endpoint lets callers in who are not authenticated; it must not ask for their rights.</exception>
    public static Access Access(this HttpContext context) =>
        context.Features.Get<Access>() ?? throw new InvalidOperationException("The caller is nobody: the endpoint declares no access.");

    /// <summary>Whose data a request may see.</summary>
    /// <exception cref="InvalidOperationException">The endpoint lets callers in who are not authenticated; it must not ask for their tenant.</exception>
    public static TenantId Tenant(this HttpContext context) => context.Access().Tenant;
}
