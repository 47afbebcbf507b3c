using System.Collections.Concurrent;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Health;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health.Book;

/// <summary>What is known of all devices' health, in memory: one record for each that was heard. Of registered devices, so the registry bounds it. Safe from any thread.</summary>
internal sealed class HealthBook(TimeProvider time)
{
    private readonly ConcurrentDictionary<TenantId, ConcurrentDictionary<DeviceId, DeviceRecord>> tenants = new();
    private readonly ConcurrentDictionary<TenantId, HealthPolicy> policies = new();

    /// <summary>From when on silence counts.</summary>
    public DateTimeOffset ListeningSince { get; } = time.GetUtcNow();

    public DateTimeOffset Now => time.GetUtcNow();

    public HealthPolicy PolicyOf(TenantId tenant) => policies.GetValueOrDefault(tenant, HealthPolicy.Default);

    public void SetPolicy(TenantId tenant, HealthPolicy policy) => policies[tenant] = policy;

    public DeviceRecord? Find(TenantId tenant, DeviceId device) => tenants.TryGetValue(tenant, out var records) ? records.GetValueOrDefault(device) : null;

    /// <summary>The device's record, made when there is none.</summary>
    public DeviceRecord Of(TenantId tenant, DeviceId device) => RecordsOf(tenant).GetOrAdd(device, static _ => new DeviceRecord());

    /// <summary>The tenant's records: for who asks for many of them.</summary>
    public ConcurrentDictionary<DeviceId, DeviceRecord> RecordsOf(TenantId tenant) => tenants.GetOrAdd(tenant, static _ => new ConcurrentDictionary<DeviceId, DeviceRecord>());

    /// <summary>The record of this very device: one that was kept of an earlier device of the same name is let go.</summary>
    public static DeviceRecord? Current(ConcurrentDictionary<DeviceId, DeviceRecord> records, FleetDevice device)
    {
        if (!records.TryGetValue(device.Id, out var record))
            return null;
        if (record.Created == default)
            record.Created = device.Created;
        if (record.Created >= device.Created)
            return record;
        records.TryRemove(KeyValuePair.Create(device.Id, record));
        return null;
    }

    public void Forget(TenantId tenant)
    {
        tenants.TryRemove(tenant, out _);
        policies.TryRemove(tenant, out _);
    }

    /// <summary>What is known of a device now.</summary>
    /// <param name="moment">What is the same for all devices of a tenant.</param>
    public HealthFacts Facts(FleetDevice device, DeviceRecord? record, FleetMoment moment)
    {
        var facts = new HealthFacts
        {
            State = device.State, InWindow = moment.InWindow(device), LastHeard = device.LastSeen, ListeningSince = ListeningSince, Heartbeat = device.Heartbeat,
            GatewayDown = device.Gateway is { } gateway && moment.Down.ContainsKey(gateway), ErrorCohort = moment.ErrorsOf(device.Model), RebootCohort = moment.RebootsOf(device.Model),
        };
        return record is null ? facts : record.AddTo(facts, moment.Policy, moment.Now);
    }
}
