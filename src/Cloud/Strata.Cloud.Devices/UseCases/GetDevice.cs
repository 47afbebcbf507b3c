using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>GET /api/v1/devices/{id}</c>.</summary>
internal static class GetDevice
{
    public static IResult Handle(string id, HttpContext context, RegistryStore registry, FleetPresence presence, [FromServices] IDeviceHealth? health, TimeProvider time) =>
        Find(registry.Image(context.Tenant()), id, Permission.DevicesRead, context.Access())
            .ToResult(row =>
            {
                EntityTag.Show(context, row.Revision);
                return Results.Json(DeviceViews.ToInfo(row, presence, time.GetUtcNow()) with { Health = health?.Find(context.Tenant(), DeviceId.Parse(row.Id)) }, ContractsJson.Default.DeviceInfo);
            });

    /// <summary>The device, if it may be done to it.</summary>
    public static Outcome<DeviceRow> Find(RegistryImage image, string id, Permission permission, Access access)
    {
        if (!image.Devices.TryGetValue(id, out var row))
            return Unknown(id);
        return Access.Refusal(access.Decide(permission, row.Site is null ? null : SiteId.Parse(row.Site)), () => Unknown(id)) is { } refusal ? refusal : row;
    }

    public static Problem Unknown(string id) =>
        new(ProblemKind.NotFound, $"There is no device '{(id.Length > 128 ? id[..128] + "..." : id)}'.", "id");
}
