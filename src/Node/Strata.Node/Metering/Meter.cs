using System.Collections.Concurrent;
using Strata.Core.Metering;
using Strata.Core.Tenancy;

namespace Strata.Node.Metering;

/// <summary>The meters of all tenants. Any thread.</summary>
public sealed class Meter
{
    private readonly ConcurrentDictionary<TenantId, TenantMeter> tenants = new();

    /// <summary>Raised after a tenant's quotas were replaced.</summary>
    public event Action<TenantMeter>? QuotasChanged;

    /// <summary>Those that were asked for, in no order.</summary>
    public IEnumerable<TenantMeter> All => tenants.Values;

    /// <summary>The tenant's meter. Ask only for tenants that are there: it is kept.</summary>
    public TenantMeter Of(TenantId tenant) => tenants.TryGetValue(tenant, out var known) ? known : tenants.GetOrAdd(tenant, static id => new TenantMeter(id));

    /// <summary>Says what a tenant may use.</summary>
    public void SetQuotas(TenantId tenant, Quotas quotas)
    {
        var meter = Of(tenant);
        if (meter.Quotas == quotas)
            return;
        meter.Quotas = quotas;
        QuotasChanged?.Invoke(meter);
    }
}
