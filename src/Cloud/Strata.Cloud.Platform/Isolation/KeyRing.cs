using System.Collections.Concurrent;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>A tenant's data key.</summary>
/// <param name="Id">As <see cref="SealedField.KeyIdLength"/> says.</param>
public sealed record DataKey(string Id, byte[] Bytes);

/// <summary>The data keys in use, unwrapped, in memory only. Any thread.</summary>
public sealed class KeyRing
{
    private readonly ConcurrentDictionary<(TenantId Tenant, string Id), DataKey> keys = new();
    private readonly ConcurrentDictionary<TenantId, DataKey> active = new();

    /// <summary>The key that seals what is written now; null where nothing is sealed.</summary>
    public DataKey? Active(TenantId tenant) => active.GetValueOrDefault(tenant);

    /// <summary>Whether there is any key of the tenant: some of its fields may be sealed.</summary>
    public bool HasAny(TenantId tenant) => keys.Keys.Any(k => k.Tenant == tenant);

    public DataKey? Find(TenantId tenant, string id) => keys.GetValueOrDefault((tenant, id));

    internal void Add(TenantId tenant, DataKey key) => keys[(tenant, key.Id)] = key;

    /// <param name="key">Null: from now on nothing is sealed.</param>
    internal void Activate(TenantId tenant, DataKey? key)
    {
        if (key is null)
            active.TryRemove(tenant, out _);
        else
            active[tenant] = key;
    }

    internal void Forget(TenantId tenant, string id)
    {
        if (keys.TryRemove((tenant, id), out var key))
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(key.Bytes);
    }
}
