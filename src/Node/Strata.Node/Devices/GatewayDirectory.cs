using System.Diagnostics.CodeAnalysis;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Devices;

/// <summary>
/// The gateways below this node, in memory: those that dial it and those chained to them. Filled by its owner; readers as in
/// <see cref="DeviceDirectory"/>.
/// </summary>
/// <param name="capacity">How many gateways at most; adding one more throws.</param>
public sealed class GatewayDirectory(int capacity = GatewayDirectory.DefaultCapacity)
{
    public const int DefaultCapacity = 100_000;

    /// <summary>The longest chain of gateways that is followed.</summary>
    public const int MaxChain = 8;

    private readonly CredentialIndex<GatewayId, GatewayEntry> index = new(capacity, e => (e.Tenant, e.Gateway), e => e.SecretHash, e => e.Enabled);

    /// <summary>As <see cref="DeviceDirectory.Revoked"/>.</summary>
    public event Action<GatewayEntry, GatewayEntry?>? Revoked;

    public int Count => index.Count;

    public bool TryGet(TenantId tenant, GatewayId gateway, [NotNullWhen(true)] out GatewayEntry? entry) => index.TryGet(tenant, gateway, out entry);

    /// <summary>Checks a gateway's secret.</summary>
    public CredentialCheck Check(TenantId tenant, GatewayId gateway, ReadOnlySpan<byte> secret, out GatewayEntry? entry) => index.Check(tenant, gateway, secret, out entry);

    /// <exception cref="InvalidOperationException">The directory is full.</exception>
    public void Set(GatewayEntry entry)
    {
        if (index.Set(entry) is { } old && (!entry.Enabled || !old.SecretHash.Span.SequenceEqual(entry.SecretHash.Span)))
            Revoked?.Invoke(old, entry);
    }

    public bool Remove(TenantId tenant, GatewayId gateway)
    {
        if (index.Remove(tenant, gateway) is not { } old)
            return false;
        Revoked?.Invoke(old, null);
        return true;
    }

    public IEnumerable<GatewayEntry> All(TenantId tenant) => index.All(tenant);

    /// <summary>
    /// Whether <paramref name="gateway"/> is <paramref name="ancestor"/> or chained below it: an ancestor may speak for it.
    /// </summary>
    public bool IsSameOrBelow(TenantId tenant, GatewayId gateway, GatewayId ancestor)
    {
        for (var steps = 0; steps <= MaxChain; steps++)
        {
            if (gateway == ancestor)
                return true;
            if (!TryGet(tenant, gateway, out var entry) || entry.Parent is not { } parent)
                return false;
            gateway = parent;
        }
        return false;
    }
}
