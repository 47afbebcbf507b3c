using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Metering;

namespace Strata.Node.Auth;

/// <summary>
/// Between authentication and authorization: makes the authenticated caller an <see cref="Access"/> of its tenant, or of the one that a platform owner names in
/// <see cref="CallerTenant.Header"/> or whose session acts for. A tenant that is not there and one that the caller may not act for are one answer.
/// </summary>
public static class CallerAccess
{
    public static IApplicationBuilder UseCallerAccess(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.User.Identity?.IsAuthenticated == true)
        {
            if (Find(context) is not { } principal)
            {
                context.User = new ClaimsPrincipal(new ClaimsIdentity()); // A session whose token or tenant is gone.
            }
            else if (TenantOf(context, principal) is { } tenant)
            {
                if (Wait(context, principal) is { } wait && wait > TimeSpan.Zero)
                {
                    await RefuseAsync(context, principal.Share!, wait);
                    return;
                }
                context.Features.Set(context.RequestServices.GetRequiredService<AccessMap>().Of(principal, tenant));
                context.User.NoteAddress(context.Connection.RemoteIpAddress);
                if (Over(context, principal, tenant) is { } refusal)
                {
                    await refusal.ExecuteAsync(context);
                    return;
                }
            }
            else
            {
                await ProblemResults.Of(ProblemKind.NotFound, "There is no such tenant.", CallerTenant.Header).ExecuteAsync(context);
                return;
            }
        }
        await next(context);
    });

    /// <summary>
    /// Meters a call of the API, and refuses it when the tenant's quota is used up; not the platform's owner's, who can change quotas. Devices and gateways are metered by their messages.
    /// </summary>
    private static QuotaResults? Over(HttpContext context, Principal principal, TenantId tenant)
    {
        if (!context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase) || principal.Kind is PrincipalKind.Device or PrincipalKind.Gateway)
            return null;
        var services = context.RequestServices;
        var meter = services.GetRequiredService<Meter>().Of(tenant);
        var time = services.GetRequiredService<TimeProvider>();
        if (!principal.IsPlatformOwner && meter.TakeCall(time.GetUtcNow()) is { Ticks: > 0 } wait)
            return new QuotaResults("apiCallsPerMinute", meter.Quotas.ApiCallsPerMinute ?? 0, meter.Quotas.ApiCallsPerMinute ?? 0, "Call again later.", wait);
        meter.Called();
        return null;
    }

    /// <summary>How long who reads by a share waits until its quota of calls lets it; null for everybody else.</summary>
    private static TimeSpan? Wait(HttpContext context, Principal principal) =>
        principal.Share is { } share ? context.RequestServices.GetRequiredService<ShareDirectory>().Find(principal.Tenant, share.Name)?.TryCall() : null;

    private static Task RefuseAsync(HttpContext context, Share share, TimeSpan wait)
    {
        context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return ProblemResults.Of(ProblemKind.TooMuch, $"The share '{share.Name}' has used up its calls per minute; see Retry-After.").ExecuteAsync(context);
    }

    private static Principal? Find(HttpContext context)
    {
        var services = context.RequestServices;
        var principal = context.Features.Get<Principal>() ?? StrataIdentity.ToPrincipal(
            context.User, services.GetRequiredService<ITokenStore>(), services.GetRequiredService<GatewayDirectory>());
        return principal is not null && (principal.IsPlatformOwner || services.GetRequiredService<TenantDirectory>().IsActive(principal.Tenant)) ? principal : null;
    }

    private static TenantId? TenantOf(HttpContext context, Principal principal)
    {
        var tenants = context.RequestServices.GetRequiredService<TenantDirectory>();
        var said = context.Request.Headers[CallerTenant.Header];
        if (said.Count == 0)
        {
            if (!principal.IsPlatformOwner)
                return principal.Tenant;
            return context.User.ActsFor() is { } acting && tenants.Exists(acting) ? acting : tenants.Default;
        }
        return said.Count == 1 && TenantId.TryParse(said[0], out var named) && (principal.IsPlatformOwner ? tenants.Exists(named) : named == principal.Tenant) ? named : null;
    }
}
