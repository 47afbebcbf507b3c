using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>PATCH /api/v1/devices/{id}</c>: what is known of a device that is there.</summary>
internal static class ChangeDevices
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, RegistryStore registry, FleetPresence presence, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.ChangeDevice, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var outcome = await registry.ChangeAsync(Caller.Of(context), change => Decide(change, id, request.Value, context), cancellationToken);
        return outcome.ToResult(row =>
        {
            EntityTag.Show(context, row.Revision);
            return Results.Json(DeviceViews.ToInfo(row, presence, time.GetUtcNow()), ContractsJson.Default.DeviceInfo);
        });
    }

    /// <summary>Makes the change to one device; one that changes nothing is no change.</summary>
    public static Outcome<DeviceRow> Put(RegistryChange change, DeviceRow row, ChangeDevice wanted, Access? access)
    {
        if (!RegistryImage.IsInService(row))
            return new Problem(ProblemKind.Conflict, $"Device '{row.Id}' is decommissioned; create it anew to use it again.", "id");
        var changed = DevicePatch.Apply(row, wanted, change.Image, access);
        if (!changed.IsOk)
            return changed.Problem;
        if (DevicePatch.Same(row, changed.Value))
            return row;
        if (changed.Value.Site is { } site)
            EnsurePlace.Create(change, site);
        change.Put(changed.Value, "change");
        return change.Image.Devices[row.Id];
    }

    private static Outcome<DeviceRow> Decide(RegistryChange change, string id, ChangeDevice wanted, HttpContext context)
    {
        var found = GetDevice.Find(change.Image, id, Permission.DevicesWrite, context.Access());
        if (!found.IsOk)
            return found.Problem;
        return EntityTag.Check(context, found.Value) is { } outdated ? outdated : Put(change, found.Value, wanted, context.Access());
    }
}
