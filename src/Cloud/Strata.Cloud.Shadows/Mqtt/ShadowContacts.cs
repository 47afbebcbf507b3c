using System.Collections.Concurrent;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows.Mqtt;

/// <summary>What a device was given of a shadow, and what of its own was refused; since the node's start, in memory.</summary>
internal sealed class ShadowContact
{
    /// <summary>The version last given to it: what it asked for, or a delta while it listened.</summary>
    public long? Fetched { get; set; }

    public DateTimeOffset? FetchedAt { get; set; }

    public string? Rejected { get; set; }

    public DateTimeOffset? RejectedAt { get; set; }

    /// <summary>The version whose delta it was told, and in which connection of the device.</summary>
    public (long Version, long Connection)? Told { get; set; }
}

/// <summary>Contacts of devices with their shadows. Bounded: beyond that, some are forgotten. Safe from any thread; a contact itself is the writer's loop's.</summary>
internal sealed class ShadowContacts(TimeProvider time)
{
    private const int Most = 250_000;

    private readonly ConcurrentDictionary<ShadowKey, ShadowContact> contacts = new();
    private readonly ConcurrentDictionary<(TenantId, DeviceId), long> listening = new();
    private long connections;

    public DateTimeOffset Since { get; } = time.GetUtcNow();

    public ShadowContact? Find(ShadowKey key) => contacts.GetValueOrDefault(key);

    public ShadowContact Of(ShadowKey key)
    {
        if (contacts.Count >= Most && !contacts.ContainsKey(key))
            foreach (var old in contacts.Keys.Take(Most / 10))
                contacts.TryRemove(old, out _);
        return contacts.GetOrAdd(key, static _ => new ShadowContact());
    }

    public void Fetched(ShadowKey key, long version)
    {
        var contact = Of(key);
        (contact.Fetched, contact.FetchedAt) = (version, time.GetUtcNow());
    }

    public void Rejected(ShadowKey key, string why)
    {
        var contact = Of(key);
        (contact.Rejected, contact.RejectedAt) = (why, time.GetUtcNow());
    }

    /// <summary>A new connection of the device listens to nothing yet.</summary>
    public void Connected(TenantId tenant, DeviceId device) => listening.TryRemove((tenant, device), out _);

    public void Listens(TenantId tenant, DeviceId device)
    {
        if (listening.Count < Most)
            listening.TryAdd((tenant, device), Interlocked.Increment(ref connections));
    }

    /// <summary>A number of the connection that listens; null while none does.</summary>
    public long? Listener(TenantId tenant, DeviceId device) => listening.TryGetValue((tenant, device), out var connection) ? connection : null;
}
