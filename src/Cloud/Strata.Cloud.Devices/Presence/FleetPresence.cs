using System.Collections.Concurrent;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Presence;

/// <summary>
/// Who was heard when and through whom, in memory. Of registered devices and gateways only, so the registry bounds it. Safe from any thread.
/// </summary>
internal sealed class FleetPresence
{
    private readonly ConcurrentDictionary<TenantId, ConcurrentDictionary<DeviceId, DevicePresence>> tenants = new();
    private readonly ConcurrentDictionary<(TenantId, GatewayId), DateTimeOffset> gateways = new();
    private readonly ConcurrentDictionary<(TenantId, GatewayId), bool> unwrittenGateways = new();

    public DevicePresence? Of(TenantId tenant, DeviceId device) => tenants.TryGetValue(tenant, out var devices) ? devices.GetValueOrDefault(device) : null;

    /// <summary>Of all devices of a tenant that were heard: for who asks for many.</summary>
    public IReadOnlyDictionary<DeviceId, DevicePresence> Of(TenantId tenant) => DevicesOf(tenant);

    public DateTimeOffset? Of(TenantId tenant, GatewayId gateway) => gateways.TryGetValue((tenant, gateway), out var at) ? at : null;

    public void Set(TenantId tenant, DeviceId device, DevicePresence presence) => DevicesOf(tenant)[device] = presence;

    public void Set(TenantId tenant, GatewayId gateway, DateTimeOffset at)
    {
        gateways[(tenant, gateway)] = at;
        unwrittenGateways[(tenant, gateway)] = true;
    }

    /// <summary>The gateways noted since the last call.</summary>
    public IReadOnlyList<GatewayId> TakeUnwritten(TenantId tenant) =>
        [.. unwrittenGateways.Keys.Where(k => k.Item1 == tenant && unwrittenGateways.TryRemove(k, out _)).Select(k => k.Item2)];

    /// <summary>
    /// Notes that a device was heard. Out of a backlog it says nothing about where the device is now, unless nothing is known yet.
    /// </summary>
    /// <returns>What was known before, and what is now.</returns>
    public (DevicePresence? Before, DevicePresence Now) Heard(TenantId tenant, DeviceId device, GatewayId? gateway, DateTimeOffset at, bool live)
    {
        var devices = DevicesOf(tenant);
        while (true)
        {
            if (!devices.TryGetValue(device, out var before))
            {
                var first = new DevicePresence(at, gateway);
                if (devices.TryAdd(device, first))
                    return (null, first);
                continue;
            }
            if (!live)
                return (before, before);
            var now = new DevicePresence(at > before.LastSeen ? at : before.LastSeen, gateway);
            if (devices.TryUpdate(device, now, before))
                return (before, now);
        }
    }

    /// <summary>How many devices each gateway serves now.</summary>
    public IReadOnlyDictionary<GatewayId, int> CountByGateway(TenantId tenant) =>
        DevicesOf(tenant).Where(d => d.Value.Gateway is not null).CountBy(d => d.Value.Gateway!.Value).ToDictionary(c => c.Key, c => c.Value);

    private ConcurrentDictionary<DeviceId, DevicePresence> DevicesOf(TenantId tenant) => tenants.GetOrAdd(tenant, static _ => new ConcurrentDictionary<DeviceId, DevicePresence>());
}
