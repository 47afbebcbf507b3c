using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Node.Devices;

/// <summary>
/// The devices that this node serves, in memory: filled and kept current by its owner (the cloud's registry; a gateway from its
/// configuration). Any number of readers at once; writers are serialised. Bounded: see <see cref="Capacity"/>.
/// </summary>
/// <param name="capacity">How many devices at most; adding one more throws.</param>
public sealed class DeviceDirectory(int capacity = DeviceDirectory.DefaultCapacity) : IDeviceClasses
{
    public const int DefaultCapacity = 1_000_000;

    private readonly ConcurrentDictionary<TenantId, bool> expected = new();
    private int version;

    private readonly CredentialIndex<DeviceId, DeviceEntry> index = new(capacity, e => (e.Tenant, e.Device), e => e.SecretHash, e => e.Enabled);

    /// <summary>
    /// Raised after an entry was replaced (old, new) or removed (old, null) such that a connection made with the old one must end: the
    /// secret changed, it was disabled, or it is gone. Called on the writer's thread; must be quick.
    /// </summary>
    public event Action<DeviceEntry, DeviceEntry?>? Revoked;

    /// <summary>Raised after an entry was replaced by one with other rights, for connections that stay. Called on the writer's thread; must be quick.</summary>
    public event Action<DeviceEntry>? RightsChanged;

    public int Capacity { get; } = capacity;

    public int Count => index.Count;

    /// <summary>Changes with every change of the directory.</summary>
    public int Version => Volatile.Read(ref version);

    /// <summary>The device's model.</summary>
    public string ClassOf(TenantId tenant, DeviceId device) => index.TryGet(tenant, device, out var entry) ? entry.Model : "";

    public bool TryGet(TenantId tenant, DeviceId device, [NotNullWhen(true)] out DeviceEntry? entry) => index.TryGet(tenant, device, out entry);

    /// <summary>Checks a device's secret.</summary>
    /// <param name="entry">The device when the secret was right, also when it is disabled.</param>
    public CredentialCheck Check(TenantId tenant, DeviceId device, ReadOnlySpan<byte> secret, out DeviceEntry? entry) => index.Check(tenant, device, secret, out entry);

    /// <summary>Adds a device or replaces what is known of it.</summary>
    /// <exception cref="InvalidOperationException">The directory is full.</exception>
    public void Set(DeviceEntry entry)
    {
        var old = index.Set(entry);
        Interlocked.Increment(ref version);
        if (old is not null && (!entry.Enabled || !old.SecretHash.Span.SequenceEqual(entry.SecretHash.Span)))
            Revoked?.Invoke(old, entry);
        if (old is not null && old.Rights != entry.Rights)
            RightsChanged?.Invoke(entry);
    }

    public bool Remove(TenantId tenant, DeviceId device)
    {
        if (index.Remove(tenant, device) is not { } old)
            return false;
        Interlocked.Increment(ref version);
        Revoked?.Invoke(old, null);
        return true;
    }

    /// <summary>Makes a tenant's devices exactly these.</summary>
    public void ReplaceAll(TenantId tenant, IReadOnlyCollection<DeviceEntry> entries)
    {
        var kept = entries.Select(e => e.Device).ToHashSet();
        foreach (var gone in All(tenant).Where(e => !kept.Contains(e.Device)).ToList())
            Remove(tenant, gone.Device);
        foreach (var entry in entries)
            Set(entry);
        expected.TryRemove(tenant, out _);
    }

    /// <summary>The tenant's devices are to be told to this node and are not known yet: until <see cref="ReplaceAll"/> it cannot say that one is a stranger.</summary>
    public void Expect(TenantId tenant) => expected[tenant] = true;

    /// <summary>Whether the tenant's devices are not known here yet.</summary>
    public bool IsExpected(TenantId tenant) => expected.ContainsKey(tenant);

    /// <summary>A tenant's devices, in no order; changes made while enumerating may or may not be seen.</summary>
    public IEnumerable<DeviceEntry> All(TenantId tenant) => index.All(tenant);
}
