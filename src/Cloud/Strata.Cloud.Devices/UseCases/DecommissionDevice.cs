using Microsoft.AspNetCore.Http;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>DELETE /api/v1/devices/{id}</c>: out of service for good. Its readings stay, its name is free.</summary>
internal static class DecommissionDevice
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, RegistryStore registry, CancellationToken cancellationToken)
    {
        var access = context.Access();
        var outcome = await registry.ChangeAsync(
            Caller.Of(context),
            change => GetDevice.Find(change.Image, id, Permission.DevicesProvision, access) is var found && !found.IsOk ? found
                : EntityTag.Check(context, found.Value) is { } outdated ? outdated
                : Decide(change, found.Value, $"asked for by {change.Caller.Actor}"),
            cancellationToken);
        return outcome.ToResult(_ => Results.NoContent());
    }

    public static Outcome<DeviceRow> Decide(RegistryChange change, DeviceRow row, string cause)
    {
        var step = DeviceLifecycle.Move(row.State, DeviceState.Decommissioned, cause, change.Now);
        if (!step.IsOk)
            return step.Problem;
        var gone = row with { State = step.Value.To, StateSince = step.Value.Time, StateCause = step.Value.Cause };
        change.Put(gone, "decommission", new { row.Site, from = DeviceLifecycle.Name(row.State), cause });
        return gone;
    }
}
