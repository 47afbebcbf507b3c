using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>GET /api/v1/gateways</c> in order of their ids; <c>site</c>: in this place or below.</summary>
internal static class ListGateways
{
    public static async Task<IResult> HandleAsync(
        string? site, string? cursor, string? limit, HttpContext context, RegistryStore registry, GatewayViews views, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var access = context.Access();
        var tenant = access.Tenant;
        var reach = access.ReachOf(Permission.GatewaysRead);
        var rows = registry.Image(tenant).Gateways.Values
            .SkipWhile(g => page.Value.After is not null && string.CompareOrdinal(g.Id, page.Value.After) <= 0)
            .Where(g => (site is null || Places.Contains(site, g.Site)) && (reach.IsWhole || reach.Covers(SiteId.Parse(g.Site))))
            .Take(page.Value.Limit + 1)
            .ToList();
        return Results.Json(Paging.ToPage(await views.ToInfosAsync(tenant, rows, cancellationToken), page.Value.Limit, g => g.Id), ContractsJson.Default.PageGatewayInfo);
    }
}

/// <summary><c>GET /api/v1/gateways/{id}</c>.</summary>
internal static class GetGateway
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, RegistryStore registry, GatewayViews views, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var tenant = access.Tenant;
        return registry.Image(tenant).Gateways.TryGetValue(id, out var row) && access.ReachOf(Permission.GatewaysRead).Covers(SiteId.Parse(row.Site))
            ? Results.Json((await views.ToInfosAsync(tenant, [row], cancellationToken))[0], ContractsJson.Default.GatewayInfo)
            : ProblemResults.Of(ProblemKind.NotFound, $"There is no gateway '{(id.Length > 128 ? id[..128] + "..." : id)}'.", "id");
    }
}
