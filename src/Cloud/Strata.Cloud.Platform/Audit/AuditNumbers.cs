using System.Collections.Concurrent;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Audit;

/// <summary>The numbers of audit records: one series a tenant for all slices. A number whose transaction failed is left out. Safe from any thread.</summary>
public sealed class AuditNumbers
{
    private readonly ConcurrentDictionary<TenantId, StrongCounter> tenants = new();

    /// <summary>Raised after a slice has committed records of the tenant, so that they are sealed soon.</summary>
    public event Action<TenantId>? Written;

    /// <summary>What the tables hold already: when they were loaded, at the start or again.</summary>
    public void Start(TenantId tenant, long last) => tenants.GetOrAdd(tenant, static _ => new StrongCounter(0)).AtLeast(last);

    public long Next(TenantId tenant) => tenants.GetOrAdd(tenant, static _ => new StrongCounter(0)).Next();

    /// <summary>To be called after the transaction that wrote the records.</summary>
    public void Announce(TenantId tenant) => Written?.Invoke(tenant);

    private sealed class StrongCounter(long last)
    {
        private long last = last;

        public long Next() => Interlocked.Increment(ref last);

        public void AtLeast(long value)
        {
            var known = Volatile.Read(ref last);
            while (known < value && Interlocked.CompareExchange(ref last, value, known) is var seen && seen != known)
                known = seen;
        }
    }
}
