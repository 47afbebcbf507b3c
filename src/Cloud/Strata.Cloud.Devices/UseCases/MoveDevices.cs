using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.UseCases;

/// <summary><c>POST /api/v1/devices/{id}/state</c>: a step of a device's life, by hand.</summary>
internal static class MoveDevices
{
    public static async Task<IResult> HandleAsync(string id, HttpContext context, RegistryStore registry, FleetPresence presence, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.MoveDevice, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        if (!DeviceLifecycle.TryParse(request.Value.State, out var to))
            return ProblemResults.Of(NotAState(request.Value.State));
        var outcome = await registry.ChangeAsync(Caller.Of(context), change => Decide(change, id, to, request.Value, context), cancellationToken);
        return outcome.ToResult(row =>
        {
            EntityTag.Show(context, row.Revision);
            return Results.Json(DeviceViews.ToInfo(row, presence, time.GetUtcNow()), ContractsJson.Default.DeviceInfo);
        });
    }

    public static Problem NotAState(string? text) =>
        new(ProblemKind.Invalid, $"'{(text?.Length > 40 ? text[..40] + "..." : text)}' is not a state; there are {string.Join(", ", DeviceLifecycle.Names)}.", "state");

    /// <summary>What somebody must be allowed to who moves a device there: the way out of service is as wide as the way in.</summary>
    public static Permission Needs(DeviceState to) =>
        to is DeviceState.Decommissioned or DeviceState.Unprovisioned or DeviceState.Provisioning ? Permission.DevicesProvision : Permission.DevicesWrite;

    private static Outcome<DeviceRow> Decide(RegistryChange change, string id, DeviceState to, MoveDevice request, HttpContext context)
    {
        var found = GetDevice.Find(change.Image, id, Needs(to), context.Access());
        if (!found.IsOk)
            return found.Problem;
        if (EntityTag.Check(context, found.Value) is { } outdated)
            return outdated;
        var moved = Fleet.Move(change, new DeviceMove(DeviceId.Parse(id), to, request.Cause ?? $"asked for by {change.Caller.Actor}") { Evidence = request.Evidence?.GetRawText() });
        return moved.Refused is { } refused ? refused : change.Image.Devices[id];
    }
}
