using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing.Sla;

/// <summary>The tenants to which something was ever promised: those whose minutes are written. Safe from any thread.</summary>
internal sealed class MeasuredTenants(BillingStore store)
{
    private readonly ConcurrentDictionary<TenantId, bool> tenants = new();

    public ICollection<TenantId> All => tenants.Keys;

    public void Add(TenantId tenant) => tenants[tenant] = true;

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        foreach (var tenant in await store.TenantsAsync("start of the node: to whom service levels are promised", cancellationToken))
            await LoadAsync(tenant, cancellationToken);
    }

    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var db = store.Create(tenant);
        if (await db.Objectives.AnyAsync(cancellationToken))
            Add(tenant);
    }

    public void Remove(TenantId tenant) => tenants.TryRemove(tenant, out _);
}
