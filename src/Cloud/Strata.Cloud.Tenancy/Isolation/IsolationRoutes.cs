using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Tenancy.Tenants;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;
using Strata.Node.Reads;

namespace Strata.Cloud.Tenancy.Isolation;

/// <summary>Isolation levels and the installation's key; for the platform's owner.</summary>
internal static class IsolationRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/isolation", List).Requires(Permission.PlatformManage).AcceptsOnly("cursor", "limit").WithName("ListIsolation").WithTags("Tenants")
            .WithSummary("Tenants' isolation levels, and how far changes are").Produces<Page<IsolationInfo>>();
        api.MapGet("/tenants/{id}/isolation", Show).Requires(Permission.PlatformManage).AcceptsOnly().WithName("GetIsolation").WithTags("Tenants")
            .WithSummary("A tenant's isolation level, and how far a change is").Produces<IsolationInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/tenants/{id}/isolation", ChangeAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("ChangeIsolation").WithTags("Tenants")
            .WithSummary("Changes a tenant's isolation level while it is served").Accepts<ChangeIsolation>("application/json").Produces<IsolationInfo>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapPost("/installation-key/rotation", RotateAsync).Requires(Permission.PlatformManage).AcceptsOnly().WithName("RotateInstallationKey").WithTags("Tenants")
            .WithSummary("Wraps all data keys with a new key of the installation and destroys the old one").Produces<RotatedKey>().ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static IResult List(string? cursor, string? limit, TenancyStore store, TenantPlacements placements, IsolationRunner runner)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var items = store.All.Select(i => i.Tenant).Where(t => t.State != TenantState.Deleted && (page.Value.After is null || string.CompareOrdinal(t.TenantId, page.Value.After) > 0))
            .OrderBy(t => t.TenantId, StringComparer.Ordinal).Take(page.Value.Limit + 1).Select(t => Info(TenantId.Parse(t.TenantId), placements, runner)).ToList();
        return Results.Json(Paging.ToPage(items, page.Value.Limit, i => i.Tenant), ContractsJson.Default.PageIsolationInfo);
    }

    private static IResult Show(string id, TenancyStore store, TenantPlacements placements, IsolationRunner runner) =>
        ListTenants.Find(store, id) is null || !TenantId.TryParse(id, out var tenant)
            ? ProblemResults.Of(ListTenants.Unknown(id))
            : Results.Json(Info(tenant, placements, runner), ContractsJson.Default.IsolationInfo);

    private static async Task<IResult> ChangeAsync(string id, HttpContext context, TenancyStore store, TenantPlacements placements, IsolationRunner runner, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.ChangeIsolation, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (ListTenants.Find(store, id) is null || !TenantId.TryParse(id, out var tenant))
            return ProblemResults.Of(ListTenants.Unknown(id));
        IsolationLevel? wanted = null;
        if (request.Value.Level is { } text)
        {
            if (!IsolationLevels.TryParse(text, out var level))
                return ProblemResults.Of(ProblemKind.Invalid, "'level' is logical, encrypted or dedicated.", "level");
            wanted = level;
        }
        var begun = await runner.BeginAsync(Caller.Of(context) with { Tenant = tenant }, wanted, request.Value.RenewKey, cancellationToken);
        return begun.ToResult(_ => Results.Json(Info(tenant, placements, runner), ContractsJson.Default.IsolationInfo, statusCode: StatusCodes.Status202Accepted));
    }

    private static async Task<IResult> RotateAsync(HttpContext context, TenancyStore store, DataKeys keys, IInstallationKey installation, CancellationToken cancellationToken)
    {
        try
        {
            var all = store.All.Select(i => TenantId.Parse(i.Tenant.TenantId)).ToList();
            // Once begun it is carried through: a caller that goes away must not leave two keys behind.
            await keys.RotateInstallationKeyAsync(all, static _ => { }, CancellationToken.None);
            var id = await installation.CurrentAsync(CancellationToken.None);
            await store.ChangeAsync<bool>(
                Caller.Of(context), (image, _) => new TenancyChange<bool>(true, image!, [], "rotate", "installation-key", id, null, new { id }), CancellationToken.None);
            return Results.Json(new RotatedKey(id, all.Count), ContractsJson.Default.RotatedKey);
        }
        catch (InstallationKeyException failure)
        {
            return ProblemResults.Of(ProblemKind.Unavailable, failure.Message);
        }
    }

    internal static IsolationInfo Info(TenantId tenant, TenantPlacements placements, IsolationRunner runner)
    {
        var row = placements.Of(tenant);
        var step = row.IsChanging ? runner.Progress(tenant)?.Step ?? IsolationPlan.Next(row.Level, row.Target, row.Renews, row.Done) : IsolationStep.None;
        return new IsolationInfo(
            tenant.Value, row.Level.Name(), row.IsChanging, row.Target.Name(), step == IsolationStep.None ? null : step.ToString().ToLowerInvariant(), runner.Progress(tenant)?.Rows ?? 0,
            row.Started, row.Finished, row.Detail);
    }
}
