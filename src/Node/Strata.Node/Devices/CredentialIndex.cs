using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Strata.Core.Tenancy;

namespace Strata.Node.Devices;

/// <summary>Entries by tenant, then name. Reads take no lock; writes are serialised, so that the bound holds.</summary>
internal sealed class CredentialIndex<TId, TEntry>(
    int capacity, Func<TEntry, (TenantId Tenant, TId Id)> key, Func<TEntry, ReadOnlyMemory<byte>> hash, Func<TEntry, bool> enabled)
    where TId : notnull
    where TEntry : class
{
    private readonly ConcurrentDictionary<TenantId, ConcurrentDictionary<TId, TEntry>> byTenant = new();
    private readonly Lock writing = new();
    private int count;

    public int Count => Volatile.Read(ref count);

    public IEnumerable<TEntry> All(TenantId tenant) => byTenant.TryGetValue(tenant, out var entries) ? entries.Values : [];

    public bool TryGet(TenantId tenant, TId id, [NotNullWhen(true)] out TEntry? entry)
    {
        entry = null;
        return byTenant.TryGetValue(tenant, out var entries) && entries.TryGetValue(id, out entry);
    }

    /// <summary>Checks a name and secret. Does the same work for a name that is known and one that is not.</summary>
    public CredentialCheck Check(TenantId tenant, TId id, ReadOnlySpan<byte> secret, out TEntry? entry)
    {
        var known = TryGet(tenant, id, out var candidate);
        entry = null;
        if (!DeviceSecrets.Matches(secret, candidate is null ? default : hash(candidate).Span))
            return known ? CredentialCheck.WrongSecret : CredentialCheck.Unknown;
        entry = candidate;
        return enabled(candidate!) ? CredentialCheck.Accepted : CredentialCheck.Disabled;
    }

    /// <summary>Adds or replaces; returns the entry before.</summary>
    /// <exception cref="InvalidOperationException">The directory is full.</exception>
    public TEntry? Set(TEntry entry)
    {
        var (tenant, id) = key(entry);
        lock (writing)
        {
            var entries = byTenant.GetOrAdd(tenant, static _ => new ConcurrentDictionary<TId, TEntry>());
            if (entries.TryGetValue(id, out var old))
            {
                entries[id] = entry;
                return old;
            }
            if (count >= capacity)
                throw new InvalidOperationException($"The directory is full: {capacity} entries.");
            entries[id] = entry;
            count++;
            return null;
        }
    }

    /// <summary>Removes; returns the entry that was there.</summary>
    public TEntry? Remove(TenantId tenant, TId id)
    {
        lock (writing)
        {
            if (!byTenant.TryGetValue(tenant, out var entries) || !entries.TryRemove(id, out var old))
                return null;
            count--;
            return old;
        }
    }
}
