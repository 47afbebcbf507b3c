using Strata.Core.Dataflow;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node.Devices;

namespace Strata.Node.Metering;

/// <summary>Tells of quotas that are nearly or wholly used, as events of the tenant: <c>quota.warning</c> from 80 % on, <c>quota.exceeded</c>, <c>quota.ok</c> when there is room again.</summary>
public sealed class QuotaWatch(IFleetEvents events, Lazy<MqttBroker> broker, TimeProvider time)
{
    /// <summary>Below this share of what was said before, it is said anew: a figure that swings does not ring each time.</summary>
    private const double Rest = 0.95;

    private readonly Dictionary<(TenantId Tenant, string Quota), QuotaState> told = [];

    /// <summary>Looks at the quotas that are measured by what is there: devices, connections, storage.</summary>
    internal void Look(Meter meter, DeviceDirectory devices)
    {
        foreach (var tenant in meter.All)
        {
            foreach (var use in UsesOf(tenant, devices))
                Look(tenant.Tenant, use);
        }
    }

    /// <summary>What is there of the quotas that have a limit.</summary>
    public IEnumerable<QuotaUse> UsesOf(TenantMeter tenant, DeviceDirectory devices)
    {
        var quotas = tenant.Quotas;
        if (quotas.Devices is { } most)
            yield return new QuotaUse("devices", most, devices.All(tenant.Tenant).Count(d => d.Enabled), null);
        if (quotas.Connections is { } open)
            yield return new QuotaUse("connections", open, broker.Value.TrafficOf(tenant.Tenant.Value).Connected, null);
        if (quotas.StorageBytes is { } bytes)
            yield return new QuotaUse("storageBytes", bytes, tenant.StorageBytes, null);
    }

    private void Look(TenantId tenant, QuotaUse use)
    {
        var before = told.GetValueOrDefault((tenant, use.Name));
        if (use.State == before || (use.State < before && use.Share >= Rest * (before == QuotaState.Exceeded ? 1 : QuotaUse.WarnAt)))
            return;
        told[(tenant, use.Name)] = use.State;
        var kind = use.State switch { QuotaState.Warning => "quota.warning", QuotaState.Exceeded => "quota.exceeded", _ => "quota.ok" };
        events.Raise(tenant, new FleetEvent(EventTime.From(time.GetUtcNow()), kind, null, null, $"{use.Name}: {use.Used} of {use.Limit} are used"));
    }
}
