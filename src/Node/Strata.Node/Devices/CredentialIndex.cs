using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Strata.Core.Tenancy;

namespace Strata.Node.Devices;

/// <summary>
/// Entries by name, then tenant: a client says its name and secret only, and the secret decides between tenants that use the same name.
/// Reads take no lock; writes are serialised, so that the bound holds.
/// </summary>
internal sealed class CredentialIndex<TId, TEntry>(
    int capacity, Func<TEntry, (TenantId Tenant, TId Id)> key, Func<TEntry, ReadOnlyMemory<byte>> hash, Func<TEntry, bool> enabled)
    where TId : notnull
    where TEntry : class
{
    private readonly ConcurrentDictionary<TId, TEntry[]> byId = new();
    private readonly Lock writing = new();
    private int count;

    public int Count => Volatile.Read(ref count);

    public IEnumerable<TEntry> All => byId.Values.SelectMany(entries => entries);

    public bool TryGet(TenantId tenant, TId id, [NotNullWhen(true)] out TEntry? entry)
    {
        entry = null;
        if (byId.TryGetValue(id, out var entries))
            entry = Array.Find(entries, e => key(e).Tenant == tenant);
        return entry is not null;
    }

    /// <summary>Checks a name and secret against every tenant's entry of that name.</summary>
    public CredentialCheck Check(TId id, ReadOnlySpan<byte> secret, out TEntry? entry)
    {
        entry = null;
        if (!byId.TryGetValue(id, out var entries))
        {
            DeviceSecrets.Matches(secret, default); // The same work as for a known name.
            return CredentialCheck.Unknown;
        }
        foreach (var candidate in entries)
        {
            if (!DeviceSecrets.Matches(secret, hash(candidate).Span))
                continue;
            entry = candidate;
            return enabled(candidate) ? CredentialCheck.Accepted : CredentialCheck.Disabled;
        }
        return CredentialCheck.WrongSecret;
    }

    /// <summary>Adds or replaces; returns the entry before.</summary>
    /// <exception cref="InvalidOperationException">The directory is full.</exception>
    public TEntry? Set(TEntry entry)
    {
        var (tenant, id) = key(entry);
        lock (writing)
        {
            var entries = byId.GetValueOrDefault(id) ?? [];
            var at = Array.FindIndex(entries, e => key(e).Tenant == tenant);
            if (at < 0)
            {
                if (count >= capacity)
                    throw new InvalidOperationException($"The directory is full: {capacity} entries.");
                byId[id] = [.. entries, entry];
                count++;
                return null;
            }
            var old = entries[at];
            var copy = entries.ToArray();
            copy[at] = entry;
            byId[id] = copy;
            return old;
        }
    }

    /// <summary>Removes; returns the entry that was there.</summary>
    public TEntry? Remove(TenantId tenant, TId id)
    {
        lock (writing)
        {
            if (!byId.TryGetValue(id, out var entries) || Array.Find(entries, e => key(e).Tenant == tenant) is not { } old)
                return null;
            if (entries.Length == 1)
                byId.TryRemove(id, out _);
            else
                byId[id] = Array.FindAll(entries, e => !ReferenceEquals(e, old));
            count--;
            return old;
        }
    }
}
