using System.Collections.Concurrent;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands.Schedules;

/// <summary>When the next schedule of each tenant is due, in memory, so that no tenant's table is asked in vain. Safe from any thread.</summary>
internal sealed class ScheduleClock
{
    private readonly ConcurrentDictionary<TenantId, DateTimeOffset> due = new();

    /// <summary>The tenant's schedules are another than before, or nobody knows: they are looked at soon.</summary>
    public void Changed(TenantId tenant) => due[tenant] = DateTimeOffset.MinValue;

    /// <summary>The tenants that are to be looked at now.</summary>
    public IReadOnlyList<TenantId> Due(DateTimeOffset now) => [.. due.Where(d => d.Value <= now).Select(d => d.Key)];

    /// <summary>It is looked at from now on; what changes meanwhile is looked at again.</summary>
    public void Begin(TenantId tenant) => due[tenant] = DateTimeOffset.MaxValue;

    /// <summary>It was looked at, and this is the next time; null for none.</summary>
    public void End(TenantId tenant, DateTimeOffset? next)
    {
        if (next is { } at)
            due.AddOrUpdate(tenant, at, (_, known) => known < at ? known : at);
        else
            due.TryRemove(new KeyValuePair<TenantId, DateTimeOffset>(tenant, DateTimeOffset.MaxValue));
    }

    public void Forget(TenantId tenant) => due.TryRemove(tenant, out _);
}
