using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>GET /api/v1/devices/{id}</c>.</summary>
internal static class GetDevice
{
    public static IResult Handle(string id, HttpContext context, RegistryStore registry, FleetPresence presence, TimeProvider time) =>
        Find(registry.Image(context.Tenant()), id)
            .ToResult(row => Results.Json(DeviceViews.ToInfo(row, presence, time.GetUtcNow()), ContractsJson.Default.DeviceInfo));

    public static Outcome<DeviceRow> Find(RegistryImage image, string id) => image.Devices.TryGetValue(id, out var row) ? row : Unknown(id);

    public static Problem Unknown(string id) =>
        new(ProblemKind.NotFound, $"There is no device '{(id.Length > 128 ? id[..128] + "..." : id)}'.", "id");
}
