using System.Text.Json;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.Bulk;

/// <summary>What a device was before a change of many: its state, or its fields.</summary>
internal sealed record BulkUndo
{
    public string? State { get; init; }

    public bool Fields { get; init; }

    public string? Site { get; init; }

    public string? Model { get; init; }

    public long HeartbeatMs { get; init; }

    public Dictionary<string, double>? Deadband { get; init; }

    public string[]? Gateways { get; init; }

    public Dictionary<string, string>? Tags { get; init; }

    public string[]? Groups { get; init; }

    public string? PowerProfile { get; init; }

    public static BulkUndo Of(DeviceRow row) => new()
    {
        Fields = true, Site = row.Site, Model = row.Model, HeartbeatMs = (long)row.Heartbeat.TotalMilliseconds, Deadband = row.Deadband.ToDictionary(), Gateways = [.. row.Gateways],
        Tags = row.Tags.ToDictionary(), Groups = [.. row.Groups], PowerProfile = row.PowerProfile,
    };

    /// <summary>Takes back what an operation did, if nothing was done to the device since.</summary>
    public static BulkOutcome Apply(RegistryChange change, BulkItemRow item, string operation, Access access)
    {
        var was = JsonSerializer.Deserialize<BulkUndo>(item.Undo!, JsonSerializerOptions.Web)!;
        DeviceState? state = DeviceLifecycle.TryParse(was.State, out var named) ? named : null;
        var found = GetDevice.Find(change.Image, item.Device, state is { } to ? MoveDevices.Needs(to) : Permission.DevicesWrite, access);
        if (!found.IsOk)
            return new BulkOutcome(null, found.Problem);
        var row = found.Value;
        if (row.Revision != item.Revision)
            return new BulkOutcome(null, new Problem(ProblemKind.Outdated, "It was changed since."));
        if (state is { } before)
        {
            var moved = Fleet.Move(change, new DeviceMove(DeviceId.Parse(item.Device), before, $"takes back {operation}"));
            return new BulkOutcome(moved.Refused is null ? "{}" : null, moved.Refused);
        }
        if (was.Site is { } site && EnsurePlace.Check(change.Image, site, Permission.DevicesWrite, access) is { } gone)
            return new BulkOutcome(null, gone);
        if (was.Site is null && !access.IsWhole(Permission.DevicesWrite))
            return new BulkOutcome(null, EnsurePlace.SayThePlace);
        change.Put(
            row with
            {
                Site = was.Site, Model = was.Model, Heartbeat = TimeSpan.FromMilliseconds(was.HeartbeatMs), Deadband = Values.Sorted(was.Deadband ?? []),
                Gateways = [.. was.Gateways ?? []], Tags = Values.Sorted(was.Tags ?? []), Groups = [.. (was.Groups ?? []).Where(change.Image.Groups.ContainsKey)], PowerProfile = was.PowerProfile,
            },
            "change");
        return new BulkOutcome("{}", null);
    }
}
