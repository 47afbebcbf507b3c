using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Metering;

namespace Strata.Cloud.Devices.Registry;

/// <summary>The registry as other slices see it.</summary>
internal sealed class Fleet : IFleet
{
    private readonly RegistryStore registry;
    private readonly FleetPresence presence;
    private readonly GatewayLinks links;
    private readonly DeviceDirectory directory;
    private readonly Meter meter;

    public Fleet(RegistryStore registry, FleetPresence presence, GatewayLinks links, DeviceDirectory directory, Meter meter)
    {
        (this.registry, this.presence, this.links, this.directory, this.meter) = (registry, presence, links, directory, meter);
        registry.Published += Follow;
    }

    public event Action<TenantId, DeviceId, DeviceTransition>? Moved;

    public IReadOnlyCollection<TenantId> Tenants => [.. registry.Tenants];

    public FleetDevice? Find(TenantId tenant, DeviceId device) =>
        registry.Image(tenant).Devices.TryGetValue(device.Value, out var row) ? ToDevice(tenant, row, presence.Of(tenant)) : null;

    public IEnumerable<FleetDevice> Devices(TenantId tenant)
    {
        var heard = presence.Of(tenant);
        foreach (var row in registry.Image(tenant).AllDevices)
            yield return ToDevice(tenant, row, heard);
    }

    public IEnumerable<FleetGateway> Gateways(TenantId tenant) => registry.Image(tenant).Gateways.Values.Select(row =>
    {
        var id = GatewayId.Parse(row.Id);
        return new FleetGateway(id, SiteId.Parse(row.Site), row.Parent is null ? null : GatewayId.Parse(row.Parent), links.IsOnline(tenant, id), presence.Of(tenant, id));
    });

    public Task<Outcome<IReadOnlyList<DeviceMoved>>> MoveAsync(Caller caller, IReadOnlyList<DeviceMove> moves, CancellationToken cancellationToken) =>
        registry.ChangeAsync<IReadOnlyList<DeviceMoved>>(caller, change =>
        {
            if (moves.Count > 1)
                change.BeginBulk("move", "devices", $"{moves.Count} devices");
            return moves.Select(move => Move(change, move)).ToList();
        }, cancellationToken);

    public Task<Outcome<IReadOnlyList<RegisteredDevice>>> RegisterAsync(Caller caller, IReadOnlyList<NewDevice> devices, CancellationToken cancellationToken) =>
        registry.ChangeAsync(caller, change => Register(change, devices), cancellationToken);

    public Task<Outcome<RegisteredDevice>> ReprovisionAsync(Caller caller, NewDevice device, ReprovisionScope scope, CancellationToken cancellationToken) =>
        registry.ChangeAsync(caller, change => ReprovisionDevice.Decide(change, device, ToRequest(device), scope), cancellationToken);

    public Task<Outcome<FleetDevice>> PlaceAsync(Caller caller, DeviceId device, SiteId site, SiteId? from, CancellationToken cancellationToken) =>
        registry.ChangeAsync<FleetDevice>(caller, change =>
        {
            if (!change.Image.Devices.TryGetValue(device.Value, out var row))
                return GetDevice.Unknown(device.Value);
            if (!change.Image.Sites.ContainsKey(site.Value))
                return EnsurePlace.Unknown(site.Value, []);
            if (row.Site != from?.Value)
                return new Problem(ProblemKind.Conflict, $"Device '{row.Id}' is {(row.Site is null ? "in no place" : $"in '{row.Site}'")} by now; look again.", "site");
            var placed = ChangeDevices.Put(change, row, new ChangeDevice { Site = site.Value }, access: null);
            return placed.IsOk ? ToDevice(caller.Tenant, placed.Value, presence.Of(caller.Tenant)) : placed.Problem;
        }, cancellationToken);

    /// <summary>Makes one step within a change, or says why not.</summary>
    public static DeviceMoved Move(RegistryChange change, DeviceMove move)
    {
        if (Check(change, move) is { } refused)
            return new DeviceMoved(move, null, refused);
        var row = change.Image.Devices[move.Device.Value];
        var step = DeviceLifecycle.Move(row.State, move.To, move.Cause, change.Now);
        if (!step.IsOk)
            return new DeviceMoved(move, null, step.Problem);
        change.Put(
            row with { State = step.Value.To, StateSince = step.Value.Time, StateCause = step.Value.Cause }, move.To is DeviceState.Decommissioned ? "decommission" : "state",
            new { row.Site, from = DeviceLifecycle.Name(row.State), to = DeviceLifecycle.Name(move.To), move.Cause }, move.Evidence);
        return new DeviceMoved(move, step.Value with { Actor = change.Caller.Actor, Evidence = move.Evidence }, null);
    }

    private static Problem? Check(RegistryChange change, DeviceMove move)
    {
        if (!change.Image.Devices.TryGetValue(move.Device.Value, out var row))
            return GetDevice.Unknown(move.Device.Value);
        if (move.Cause.Length > DeviceTransition.MaxCauseLength || move.Cause.Any(char.IsControl))
            return new Problem(ProblemKind.Invalid, $"A cause has at most {DeviceTransition.MaxCauseLength} characters and no control characters.", "cause");
        if (move.Evidence is { } evidence && (evidence.Length > DeviceTransition.MaxEvidenceLength || !IsJson(evidence)))
            return new Problem(ProblemKind.Invalid, $"Evidence is a JSON document of at most {DeviceTransition.MaxEvidenceLength:N0} characters.", "evidence");
        return move.From is { } from && from != row.State
            ? new Problem(ProblemKind.Conflict, $"Device '{row.Id}' is {DeviceLifecycle.Name(row.State)} by now, not {DeviceLifecycle.Name(from)}: {row.StateCause}.", "state")
            : null;
    }

    private Outcome<IReadOnlyList<RegisteredDevice>> Register(RegistryChange change, IReadOnlyList<NewDevice> devices)
    {
        if (devices.Count > 1)
            change.BeginBulk("create", "devices", $"{devices.Count} devices");
        var registered = new List<RegisteredDevice>(devices.Count);
        for (var i = 0; i < devices.Count; i++)
        {
            var device = devices[i];
            var decided = RegisterDevice.Decide(change, ToRequest(device), device.Identity, device.Cause, directory.Capacity, access: null);
            if (!decided.IsOk)
                return decided.Problem with { Field = $"devices[{i}]{(decided.Problem.Field is { } field ? "." + field : "")}" };
            registered.Add(decided.Value);
        }
        return DeviceQuota.Check(change, meter.Of(change.Caller.Tenant).Quotas.Devices) is { } over ? over : registered;
    }

    private static CreateDevice ToRequest(NewDevice device) => new(device.Id.Value, device.Site?.Value, device.Model, device.Heartbeat, device.Deadband, device.Gateways)
    {
        Tags = device.Tags, Groups = device.Groups, Serial = device.Serial, Batch = device.Batch, PowerProfile = device.PowerProfile,
    };

    private static FleetDevice ToDevice(TenantId tenant, DeviceRow row, IReadOnlyDictionary<DeviceId, DevicePresence> presence)
    {
        var id = DeviceId.Parse(row.Id);
        var heard = presence.GetValueOrDefault(id);
        return new FleetDevice
        {
            Tenant = tenant, Id = id, Site = row.Site is null ? null : SiteId.Parse(row.Site), Model = row.Model, Heartbeat = row.Heartbeat, Deadband = row.Deadband,
            State = row.State, StateSince = row.StateSince, StateCause = row.StateCause, Tags = row.Tags, Groups = row.Groups, Serial = row.Serial, Batch = row.Batch,
            PowerProfile = row.PowerProfile, HasSecret = row.SecretHash is not null, Gateway = heard?.Gateway, LastSeen = heard?.LastSeen, Created = row.Created, Revision = row.Revision,
        };
    }

    private void Follow(RegistryCommit commit)
    {
        foreach (var row in commit.Change.Transitions)
            Moved?.Invoke(commit.Tenant, DeviceId.Parse(row.Device), row.ToTransition());
    }

    private static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
