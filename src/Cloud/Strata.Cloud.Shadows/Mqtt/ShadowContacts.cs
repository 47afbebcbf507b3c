using System.Collections.Concurrent;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows.Mqtt;

/// <summary>What a device was given of a shadow, and what of its own was refused; since the node's start, in memory. Immutable.</summary>
internal sealed record ShadowContact
{
    public static readonly ShadowContact None = new();

    /// <summary>The version last given to it: what it asked for, or a delta while it listened.</summary>
    public long? Fetched { get; init; }

    public DateTimeOffset? FetchedAt { get; init; }

    public string? Rejected { get; init; }

    public DateTimeOffset? RejectedAt { get; init; }

    /// <summary>The version whose delta it was told, and in which connection of the device.</summary>
    public (long Version, long Connection)? Told { get; init; }
}

/// <summary>Contacts of devices with their shadows. Bounded: beyond that, some are forgotten. Safe from any thread.</summary>
internal sealed class ShadowContacts(TimeProvider time)
{
    private const int Most = 250_000;

    private readonly ConcurrentDictionary<ShadowKey, ShadowContact> contacts = new();
    private readonly ConcurrentDictionary<(TenantId, DeviceId), long> listening = new();

    public DateTimeOffset Since { get; } = time.GetUtcNow();

    public ShadowContact? Find(ShadowKey key) => contacts.GetValueOrDefault(key);

    public void Fetched(ShadowKey key, long version) => Set(key, c => c with { Fetched = version, FetchedAt = time.GetUtcNow() });

    public void Rejected(ShadowKey key, string why) => Set(key, c => c with { Rejected = why, RejectedAt = time.GetUtcNow() });

    /// <summary>The delta of a version was told in a connection.</summary>
    public void Told(ShadowKey key, long version, long connection) => Set(key, c => c with { Told = (version, connection), Fetched = version, FetchedAt = time.GetUtcNow() });

    /// <summary>A new connection of the device listens to nothing yet.</summary>
    public void Connected(TenantId tenant, DeviceId device) => listening.TryRemove((tenant, device), out _);

    public void Listens(TenantId tenant, DeviceId device, long connection)
    {
        if (listening.Count < Most)
            listening[(tenant, device)] = connection;
    }

    /// <summary>The connection that began to listen last; null while none does.</summary>
    public long? Listener(TenantId tenant, DeviceId device) => listening.TryGetValue((tenant, device), out var connection) ? connection : null;

    private void Set(ShadowKey key, Func<ShadowContact, ShadowContact> with)
    {
        if (contacts.Count >= Most && !contacts.ContainsKey(key))
            foreach (var old in contacts.Keys.Take(Most / 10))
                contacts.TryRemove(old, out _);
        contacts.AddOrUpdate(key, static (_, with) => with(ShadowContact.None), static (_, contact, with) => with(contact), with);
    }
}
