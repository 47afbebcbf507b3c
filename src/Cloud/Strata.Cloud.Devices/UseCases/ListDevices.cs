using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary>
/// <c>GET /api/v1/devices</c> in order of their ids. Filters: <c>search</c> (part of id, model or place, without regard to case), <c>state</c>,
/// <c>site</c> (with all below), <c>gateway</c> (that serves it now). Decommissioned devices are listed only when asked for by state.
/// </summary>
internal static class ListDevices
{
    public static IResult Handle(
        string? search, string? state, string? site, string? gateway, string? cursor, string? limit, HttpContext context, RegistryStore registry,
        FleetPresence presence, TimeProvider time)
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
        var access = context.Access();
        var tenant = access.Tenant;
        var reach = access.ReachOf(Permission.DevicesRead);
        var rows = After(registry.Image(tenant), page.Value.After)
            .Where(d => wanted is { } s ? d.State == s : RegistryImage.IsInService(d))
            .Where(d => reach.IsWhole || (d.Site is not null && reach.Covers(SiteId.Parse(d.Site))))
            .Where(d => site is null || Places.Contains(site, d.Site))
            .Where(d => search is null || Matches(d, search))
            .Where(d => gateway is null || presence.Of(tenant, DeviceId.Parse(d.Id))?.Gateway?.Value == gateway)
            .Take(page.Value.Limit + 1)
            .ToList();
        var now = time.GetUtcNow();
        return Results.Json(
            Paging.ToPage(rows.ConvertAll(d => DeviceViews.ToInfo(d, presence, now)), page.Value.Limit, d => d.Id), ContractsJson.Default.PageDeviceInfo);
    }

    private static IEnumerable<DeviceRow> After(RegistryImage image, string? id)
    {
        var found = id is null ? -1 : image.DeviceIds.IndexOf(id);
        var first = id is null ? 0 : found < 0 ? ~found : found + 1;
        for (var i = first; i < image.DeviceIds.Count; i++)
            yield return image.Devices[image.DeviceIds[i]];
    }

    private static bool Matches(DeviceRow device, string search) =>
        device.Id.Contains(search, StringComparison.OrdinalIgnoreCase)
        || (device.Model?.Contains(search, StringComparison.OrdinalIgnoreCase) ?? false)
        || (device.Site?.Contains(search, StringComparison.OrdinalIgnoreCase) ?? false);
}
