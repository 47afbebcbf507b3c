using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Operations;

namespace Strata.Cloud.Devices.Presence;

/// <summary>
/// Follows the devices: who was heard and through whom, moves from one gateway to another, the first time a device is heard, and silence of those that talk to this
/// node itself (a gateway reports its own). Hearing is noted in memory at once and written in batches.
/// </summary>
internal sealed partial class DeviceActivity(
    RegistryStore registry, FleetPresence presence, IFleetEvents events, GatewayLinks links, DevicesOptions options, TimeProvider time, ILogger<DeviceActivity> logger)
    : BackgroundService, IDeviceActivity, IUnwritten
{
    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device), bool> unwritten = new();
    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device), bool> firstHeard = new();
    private readonly ConcurrentDictionary<(TenantId Tenant, DeviceId Device), bool> silent = new();
    private readonly DateTimeOffset started = time.GetUtcNow();

    public void Connected(DeviceEntry device, DateTimeOffset at) =>
        events.Raise(device.Tenant, FleetEventKinds.DeviceConnected, device.Device, null, $"{device.Device} connected", at);

    public void Disconnected(DeviceEntry device, DateTimeOffset at, string reason) =>
        events.Raise(device.Tenant, FleetEventKinds.DeviceDisconnected, device.Device, null, $"{device.Device} disconnected: {reason}", at);

    public void Heard(DeviceEntry device, GatewayId? gateway, DateTimeOffset at, bool live)
    {
        var key = (device.Tenant, device.Device);
        if (!registry.Image(device.Tenant).Devices.TryGetValue(device.Device.Value, out var row))
            return;
        var (before, now) = presence.Heard(device.Tenant, device.Device, gateway, at, live);
        if (!ReferenceEquals(before, now))
            unwritten[key] = true;
        if (row.State is DeviceState.Provisioning)
            firstHeard[key] = true;
        if (before is not null && before.Gateway != now.Gateway)
            events.Raise(device.Tenant, FleetEventKinds.DeviceMoved, device.Device, now.Gateway, $"{device.Device} moved from {Name(before.Gateway)} to {Name(now.Gateway)}", at);
        if (live && silent.TryRemove(key, out _))
            events.Raise(device.Tenant, FleetEventKinds.DeviceReturned, device.Device, now.Gateway, $"{device.Device} is heard again", at);
    }

    public async Task WriteUnwrittenAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in registry.Tenants)
        {
            await ActivateAsync(tenant, cancellationToken);
            await WritePresenceAsync(tenant, cancellationToken);
            FindSilent(tenant);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.PresenceInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryFlushAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await TryFlushAsync(CancellationToken.None);
        }
    }

    private async Task TryFlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteUnwrittenAsync(cancellationToken);
        }
#pragma warning disable CA1031 // What was not written stays marked and is written the next time.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotWritten(failure);
        }
    }

    private async Task ActivateAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var heard = firstHeard.Keys.Where(k => k.Tenant == tenant).Take(options.PresenceBatch).ToList();
        if (heard.Count == 0)
            return;
        var outcome = await registry.ChangeAsync(Caller.Node(tenant), change => Activate(change, heard), cancellationToken);
        if (!outcome.IsOk)
            return;
        foreach (var key in heard)
            firstHeard.TryRemove(key, out _);
        foreach (var device in outcome.Value)
            events.Raise(tenant, FleetEventKinds.DeviceState, DeviceId.Parse(device), null, $"{device} is active: heard for the first time", time.GetUtcNow());
    }

    private static Outcome<List<string>> Activate(RegistryChange change, List<(TenantId, DeviceId Device)> heard)
    {
        var activated = new List<string>();
        foreach (var (_, device) in heard)
        {
            if (!change.Image.Devices.TryGetValue(device.Value, out var row) || row.State is not DeviceState.Provisioning)
                continue;
            var step = DeviceLifecycle.Move(row.State, DeviceState.Active, "heard for the first time", change.Now).Value!;
            change.Put(
                row with { State = step.To, StateSince = step.Time, StateCause = step.Cause }, "state",
                new { from = DeviceLifecycle.Name(step.From), to = DeviceLifecycle.Name(step.To), step.Cause });
            activated.Add(row.Id);
        }
        return activated;
    }

    private async Task WritePresenceAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var devices = unwritten.Keys.Where(k => k.Tenant == tenant).Take(options.PresenceBatch).ToList();
        var now = time.GetUtcNow();
        foreach (var (_, gateway) in links.Linked.Where(l => l.Tenant == tenant))
            presence.Set(tenant, gateway, now);
        var gateways = presence.TakeUnwritten(tenant);
        if (devices.Count + gateways.Count == 0)
            return;
        foreach (var key in devices)
            unwritten.TryRemove(key, out _);
        try
        {
            await registry.WriteAsync(tenant, context => WriteAsync(context, tenant, devices, gateways, cancellationToken), cancellationToken);
        }
        catch
        {
            devices.ForEach(key => unwritten[key] = true);
            throw;
        }
    }

    private async Task WriteAsync(
        DevicesDbContext context, TenantId tenant, List<(TenantId, DeviceId Device)> devices, IReadOnlyList<GatewayId> gateways, CancellationToken cancellationToken)
    {
        var image = registry.Image(tenant);
        foreach (var (_, device) in devices.Where(d => image.Devices.ContainsKey(d.Device.Value)))
        {
            if (presence.Of(tenant, device) is not { } heard)
                continue;
            var (at, gateway) = (Core.Telemetry.EventTime.From(heard.LastSeen), heard.Gateway?.Value);
            await context.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO device_presence (tenant_id, device, gateway, last_seen) VALUES ({tenant.Value}, {device.Value}, {gateway}, {at})
                ON CONFLICT (tenant_id, device) DO UPDATE SET gateway = excluded.gateway, last_seen = excluded.last_seen
                """, cancellationToken);
        }
        foreach (var gateway in gateways.Where(g => image.Gateways.ContainsKey(g.Value)))
        {
            var at = Core.Telemetry.EventTime.From(presence.Of(tenant, gateway) ?? started);
            await context.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO gateway_presence (tenant_id, gateway, last_seen) VALUES ({tenant.Value}, {gateway.Value}, {at})
                ON CONFLICT (tenant_id, gateway) DO UPDATE SET last_seen = excluded.last_seen
                """, cancellationToken);
        }
    }

    /// <summary>A device is silent after two heartbeats, counted from the node's start at the earliest: while it was down nobody listened.</summary>
    private void FindSilent(TenantId tenant)
    {
        var now = time.GetUtcNow();
        var devices = presence.Of(tenant);
        foreach (var row in registry.Image(tenant).AllDevices.Where(RegistryImage.IsInService))
        {
            var device = DeviceId.Parse(row.Id);
            if (devices.GetValueOrDefault(device) is not { Gateway: null } heard || (heard.LastSeen > started ? heard : heard with { LastSeen = started }).IsOnline(row.Heartbeat, now))
                continue;
            if (silent.TryAdd((tenant, device), true))
                events.Raise(tenant, FleetEventKinds.DeviceSilent, device, null, $"{device} has not been heard for two heartbeats", now);
        }
    }

    private static string Name(GatewayId? gateway) => gateway?.Value ?? "this node";

    [LoggerMessage(5011, LogLevel.Error, "What was heard of devices could not be written; it is tried again.")]
    private partial void LogNotWritten(Exception failure);
}
