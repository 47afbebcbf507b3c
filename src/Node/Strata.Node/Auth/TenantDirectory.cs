using System.Collections.Concurrent;
using Strata.Core.Tenancy;

namespace Strata.Node.Auth;

/// <summary>
/// The tenants that this node serves, in memory: filled and kept current by its owner (the cloud's registry; a gateway from its configuration). Any number of
/// readers at once. Until it is filled there is <see cref="TenantId.Main"/>.
/// </summary>
public sealed class TenantDirectory
{
    private readonly ConcurrentDictionary<TenantId, bool> tenants = new() { [TenantId.Main] = true };

    /// <summary>Raised after a tenant was added, disabled, enabled or removed. Called on the writer's thread; must be quick.</summary>
    public event Action<TenantId>? Changed;

    /// <summary>Whose devices, gateways and platform owners name no tenant: <see cref="TenantId.Main"/>, on a gateway its own.</summary>
    public TenantId Default { get; private set; } = TenantId.Main;

    public IReadOnlyCollection<TenantId> All => [.. tenants.Keys];

    /// <summary>Whether there is such a tenant, also a disabled one.</summary>
    public bool Exists(TenantId tenant) => tenants.ContainsKey(tenant);

    /// <summary>Whether the tenant's devices, gateways and tokens are let in.</summary>
    public bool IsActive(TenantId tenant) => tenants.TryGetValue(tenant, out var active) && active;

    public void Set(TenantId tenant, bool active)
    {
        if (tenants.TryGetValue(tenant, out var before) && before == active)
            return;
        tenants[tenant] = active;
        Changed?.Invoke(tenant);
    }

    public void Remove(TenantId tenant)
    {
        if (tenants.TryRemove(tenant, out _))
            Changed?.Invoke(tenant);
    }

    /// <summary>Makes the node this tenant's own, in place of the one before, which is not served any more: a gateway.</summary>
    public void ServeAsOwn(TenantId tenant)
    {
        var before = Default;
        Default = tenant;
        Set(tenant, active: true);
        if (before != tenant)
            Remove(before);
    }
}
