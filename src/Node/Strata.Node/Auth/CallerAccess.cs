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
    /// Meters a call of the API, and refuses it when the quota of the tenant, or of the share that it reads by, is used up; not the platform's owner's, who can change quotas. Devices and gateways are metered by their messages.
    /// </summary>
    private static QuotaResults? Over(HttpContext context, Principal principal, TenantId tenant)
    {
        if (!context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase) || principal.Kind is PrincipalKind.Device or PrincipalKind.Gateway)
            return null;
        var services = context.RequestServices;
        var meter = services.GetRequiredService<Meter>().Of(tenant);
        var time = services.GetRequiredService<TimeProvider>();
        if (principal.Share is { } share && services.GetRequiredService<ShareDirectory>().Find(principal.Tenant, share.Name) is { } feed && feed.TryCall() is { Ticks: > 0 } until)
            return new QuotaResults("callsPerMinute", feed.Quota.CallsPerMinute, feed.Quota.CallsPerMinute, "Call again later.", until, $"The share {share.Name}'s");
        if (!principal.IsPlatformOwner && meter.TakeCall(time.GetUtcNow()) is { Ticks: > 0 } wait)
            return new QuotaResults("apiCallsPerMinute", meter.Quotas.ApiCallsPerMinute ?? 0, meter.Quotas.ApiCallsPerMinute ?? 0, "Call again later.", wait);
        meter.Called();
        return null;
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
