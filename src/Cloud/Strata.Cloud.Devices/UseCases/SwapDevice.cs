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

/// <summary>
/// <c>POST /api/v1/devices/{id}/swap</c>: another unit takes the place of a broken one, in one change. It inherits place, model, settings, tags and groups, keeps its own identity, serial number and batch, and its tag
/// <c>replaces</c> leads to the history of the one before, which is decommissioned.
/// </summary>
internal static class SwapDevice
{
    /// <summary>The tag that names the unit before.</summary>
    public const string Replaces = "replaces";

    public static async Task<IResult> HandleAsync(
        string id, HttpContext context, RegistryStore registry, FleetPresence presence, TimeProvider time, CancellationToken cancellationToken)
    {
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.SwapDevice, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var caller = Caller.Of(context);
        var outcome = await registry.ChangeAsync(caller, change => Decide(change, id, request.Value, context), cancellationToken);
        return outcome.ToResult(unit => Results.Json(DeviceViews.ToInfo(unit, presence, time.GetUtcNow()), ContractsJson.Default.DeviceInfo));
    }

    private static Outcome<DeviceRow> Decide(RegistryChange change, string id, Contracts.SwapDevice request, HttpContext context)
    {
        var old = GetDevice.Find(change.Image, id, Permission.DevicesProvision, context.Access());
        if (!old.IsOk)
            return old.Problem;
        if (EntityTag.Check(context, old.Value) is { } outdated)
            return outdated;
        var unit = GetDevice.Find(change.Image, request.New ?? "", Permission.DevicesProvision, context.Access());
        if (!unit.IsOk)
            return unit.Problem with { Field = "new" };
        if (unit.Value.Id == id)
            return new Problem(ProblemKind.Invalid, "A device cannot take its own place.", "new");
        if (!RegistryImage.IsInService(old.Value) || !RegistryImage.IsInService(unit.Value))
            return new Problem(ProblemKind.Conflict, $"Both must be in service: '{id}' is {DeviceLifecycle.Name(old.Value.State)}, '{unit.Value.Id}' is {DeviceLifecycle.Name(unit.Value.State)}.", "new");
        var tags = old.Value.Tags.SetItems(unit.Value.Tags).SetItem(Replaces, id);
        if (DeviceTags.Check(tags) is { } tooMany)
            return tooMany;
        var cause = request.Cause ?? $"asked for by {change.Caller.Actor}";
        var gone = Fleet.Move(change, new DeviceMove(DeviceId.Parse(id), DeviceState.Decommissioned, $"replaced by {unit.Value.Id}: {cause}") { Evidence = AuditImages.Json(new { replacedBy = unit.Value.Id }) });
        if (gone.Refused is { } refused)
            return refused;
        change.Put(change.Image.Devices[id] with { SecretHash = null }, "revoke-secret");
        change.Put(
            unit.Value with
            {
                Site = old.Value.Site, Model = old.Value.Model ?? unit.Value.Model, Heartbeat = old.Value.Heartbeat, Deadband = old.Value.Deadband, Gateways = old.Value.Gateways, Groups = old.Value.Groups,
                PowerProfile = old.Value.PowerProfile ?? unit.Value.PowerProfile, Tags = tags,
            },
            "swap", new { replaces = id, cause });
        return change.Image.Devices[unit.Value.Id];
    }
}
