using System.Collections.Concurrent;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Presence;

/// <summary>
/// Who was heard when and through whom, in memory. Of registered devices and gateways only, so the registry bounds it. Safe from any thread.
/// </summary>
internal sealed class FleetPresence
{
    private readonly ConcurrentDictionary<(TenantId, DeviceId), DevicePresence> devices = new();
    private readonly ConcurrentDictionary<(TenantId, GatewayId), DateTimeOffset> gateways = new();
    private readonly ConcurrentDictionary<(TenantId, GatewayId), bool> unwrittenGateways = new();

    public DevicePresence? Of(TenantId tenant, DeviceId device) => devices.GetValueOrDefault((tenant, device));

    public DateTimeOffset? Of(TenantId tenant, GatewayId gateway) => gateways.TryGetValue((tenant, gateway), out var at) ? at : null;

    public void Set(TenantId tenant, DeviceId device, DevicePresence presence) => devices[(tenant, device)] = presence;

    public void Set(TenantId tenant, GatewayId gateway, DateTimeOffset at)
    {
        gateways[(tenant, gateway)] = at;
        unwrittenGateways[(tenant, gateway)] = true;
    }

    /// <summary>The gateways noted since the last call.</summary>
    public IReadOnlyList<GatewayId> TakeUnwritten(TenantId tenant) =>
        [.. unwrittenGateways.Keys.Where(k => k.Item1 == tenant && unwrittenGateways.TryRemove(k, out _)).Select(k => k.Item2)];

    public void Forget(TenantId tenant, DeviceId device) => devices.TryRemove((tenant, device), out _);

    public void Forget(TenantId tenant, GatewayId gateway) => gateways.TryRemove((tenant, gateway), out _);

    /// <summary>
    /// Notes that a device was heard. Out of a backlog it says nothing about where the device is now, unless nothing is known yet.
    /// </summary>
    /// <returns>What was known before, and what is now.</returns>
    public (DevicePresence? Before, DevicePresence Now) Heard(TenantId tenant, DeviceId device, GatewayId? gateway, DateTimeOffset at, bool live)
    {
        while (true)
        {
            if (!devices.TryGetValue((tenant, device), out var before))
            {
                var first = new DevicePresence(at, gateway);
                if (devices.TryAdd((tenant, device), first))
                    return (null, first);
                continue;
            }
            if (!live)
                return (before, before);
            var now = new DevicePresence(at > before.LastSeen ? at : before.LastSeen, gateway);
            if (devices.TryUpdate((tenant, device), now, before))
                return (before, now);
        }
    }

    /// <summary>How many devices each gateway serves now.</summary>
    public IReadOnlyDictionary<GatewayId, int> CountByGateway(TenantId tenant) =>
        devices.Where(d => d.Key.Item1 == tenant && d.Value.Gateway is not null).CountBy(d => d.Value.Gateway!.Value).ToDictionary(c => c.Key, c => c.Value);
}
