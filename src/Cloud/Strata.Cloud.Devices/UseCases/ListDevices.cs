using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.Search;
using Strata.Cloud.Platform;
using Strata.Core.Devices;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>
/// <c>GET /api/v1/devices</c> in order of their ids. Filters: <c>query</c> (see <see cref="Core.Devices.Query.DeviceQuery"/>), <c>search</c> (part of id, model or place, without regard to case), <c>state</c>,
/// <c>site</c> (with all below), <c>gateway</c> (that serves it now). Decommissioned devices are listed only when asked for by state.
/// </summary>
internal static class ListDevices
{
    public static async Task<IResult> HandleAsync(
        string? query, string? search, string? state, string? site, string? gateway, string? cursor, string? limit, HttpContext context, FleetSearch fleet,
        FleetPresence presence, TimeProvider time, CancellationToken cancellationToken)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        DeviceState? wanted = null;
        if (state is not null)
        {
            if (!DeviceLifecycle.TryParse(state, out var known))
                return ProblemResults.Of(MoveDevices.NotAState(state));
            wanted = known;
        }
        var tenant = context.Tenant();
        // A state in a parameter of its own asks for the decommissioned as one in the query does.
        var asked = wanted is { } named ? $"state:{DeviceLifecycle.Name(named)}" : null;
        var found = await fleet.PrepareAsync(tenant, query, context.Access(), cancellationToken);
        var all = asked is null || !found.IsOk ? found : await fleet.PrepareAsync(tenant, query is null ? asked : $"({query}) {asked}", context.Access(), cancellationToken);
        if (!all.IsOk)
            return ProblemResults.Of(all.Problem);
        var rows = all.Value.InOrder(page.Value.After)
            .Where(d => site is null || Places.Contains(site, d.Site))
            .Where(d => search is null || Matches(d, search))
            .Where(d => gateway is null || presence.Of(tenant, DeviceId.Parse(d.Id))?.Gateway?.Value == gateway)
            .Take(page.Value.Limit + 1)
            .ToList();
        var now = time.GetUtcNow();
        return Results.Json(
            Paging.ToPage(rows.ConvertAll(d => DeviceViews.ToInfo(d, presence, now)), page.Value.Limit, d => d.Id), ContractsJson.Default.PageDeviceInfo);
    }

    private static bool Matches(DeviceRow device, string search) =>
        device.Id.Contains(search, StringComparison.OrdinalIgnoreCase)
        || (device.Model?.Contains(search, StringComparison.OrdinalIgnoreCase) ?? false)
        || (device.Site?.Contains(search, StringComparison.OrdinalIgnoreCase) ?? false);
}
