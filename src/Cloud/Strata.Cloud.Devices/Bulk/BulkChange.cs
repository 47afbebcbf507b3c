using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.Bulk;

/// <summary>What a change of many does to one device.</summary>
/// <param name="Undo">What would take it back, as JSON; null when nothing was changed.</param>
/// <param name="Refused">Why it was not done.</param>
internal readonly record struct BulkOutcome(string? Undo, Problem? Refused);

/// <summary>The same for each of many devices: fields, or a step of its life. Pure on a <see cref="RegistryChange"/>.</summary>
internal sealed record BulkChange(ChangeDevice? Fields, DeviceState? To, string Cause)
{
    /// <summary>Reads what is asked for.</summary>
    public static Outcome<BulkChange> Of(RunBulk request, string actor)
    {
        if ((request.Change is null) == (request.Move is null))
            return new Problem(ProblemKind.Invalid, "Say one thing that is done to each device: change (fields) or move (a state).", "change");
        if (request.Move is null)
            return new BulkChange(request.Change, null, "");
        return DeviceLifecycle.TryParse(request.Move, out var to) ? new BulkChange(null, to, request.Cause ?? $"asked for by {actor}") : MoveDevices.NotAState(request.Move) with { Field = "move" };
    }

    /// <summary>As the operation keeps it.</summary>
    public string ToJson() => To is { } to
        ? AuditImages.Json(new { move = DeviceLifecycle.Name(to), cause = Cause })
        : JsonSerializer.Serialize(Fields!, ContractsJson.Default.ChangeDevice);

    public BulkOutcome Apply(RegistryChange change, string id, Access access)
    {
        var found = GetDevice.Find(change.Image, id, To is { } to ? MoveDevices.Needs(to) : Permission.DevicesWrite, access);
        if (!found.IsOk)
            return new BulkOutcome(null, found.Problem);
        var row = found.Value;
        if (To is { } state)
        {
            if (row.State == state)
                return default;
            var moved = Fleet.Move(change, new DeviceMove(DeviceId.Parse(id), state, Cause));
            return moved.Refused is { } illegal ? new BulkOutcome(null, illegal) : new BulkOutcome(AuditImages.Json(new BulkUndo { State = DeviceLifecycle.Name(row.State) }), null);
        }
        var put = ChangeDevices.Put(change, row, Fields!, access);
        if (!put.IsOk)
            return new BulkOutcome(null, put.Problem);
        return put.Value.Revision == row.Revision && change.Devices.GetValueOrDefault(id).After is null ? default : new BulkOutcome(AuditImages.Json(BulkUndo.Of(row)), null);
    }
}
