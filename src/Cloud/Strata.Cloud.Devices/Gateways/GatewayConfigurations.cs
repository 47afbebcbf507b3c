using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Link;

namespace Strata.Cloud.Devices.Gateways;

/// <summary>
/// The configuration of every gateway and its changes, for the links. Keeps the names of what changed in the last commits; a gateway that
/// was away longer gets the whole.
/// </summary>
internal sealed class GatewayConfigurations : IGatewayConfigurationSource
{
    /// <summary>Commits remembered per gateway.</summary>
    public const int MaxRemembered = 64;

    /// <summary>Devices in one change; more are sent as a whole.</summary>
    public const int MaxDevices = 2_000;

    private readonly RegistryStore registry;
    private readonly Lock gate = new();
    private readonly Dictionary<(TenantId, string), Queue<GatewayDelta>> remembered = [];

    public GatewayConfigurations(RegistryStore registry)
    {
        this.registry = registry;
        registry.Publishing += Remember;
        registry.Published += Announce;
    }

    public event Action<TenantId, GatewayId>? Changed;

    public ValueTask<GatewayConfiguration?> CurrentAsync(GatewayEntry gateway, CancellationToken cancellationToken)
    {
        var image = registry.Image(gateway.Tenant);
        return ValueTask.FromResult(
            image.Gateways.TryGetValue(gateway.Gateway.Value, out var row) ? GatewayCoverage.ConfigurationOf(image, row) : null);
    }

    public ValueTask<GatewayChange?> ChangeSinceAsync(GatewayEntry gateway, long version, CancellationToken cancellationToken) =>
        ValueTask.FromResult(ChangeSince(registry.Image(gateway.Tenant), gateway, version));

    /// <summary>
    /// The image is taken before the deltas are looked at: deltas are remembered before their image is published, so none that the image's
    /// version counts is missed; one that is newer than the image only says something twice.
    /// </summary>
    private GatewayChange? ChangeSince(RegistryImage image, GatewayEntry gateway, long version)
    {
        if (!image.Gateways.TryGetValue(gateway.Gateway.Value, out var row))
            return null;
        if (row.Revision == version)
            return new GatewayChange(version, version, [], [], null, null);
        GatewayDelta[] deltas;
        lock (gate)
            deltas = remembered.TryGetValue((gateway.Tenant, row.Id), out var queue) ? [.. queue.SkipWhile(d => d.From != version)] : [];
        if (deltas.Length == 0 || deltas.Any(d => d.Whole))
            return null;
        var touched = deltas.SelectMany(d => d.Devices).ToHashSet(StringComparer.Ordinal);
        if (touched.Count > MaxDevices)
            return null;
        var known = touched.Where(id => image.Devices.TryGetValue(id, out var d) && GatewayCoverage.Covers(row, d)).ToHashSet(StringComparer.Ordinal);
        return new GatewayChange(
            version, row.Revision, [.. known.Order(StringComparer.Ordinal).Select(id => GatewayCoverage.ToGatewayDevice(image.Devices[id]))],
            [.. touched.Except(known).Order(StringComparer.Ordinal)],
            deltas.Any(d => d.Groups) ? GatewayCoverage.GroupsOf(image, row) : null,
            deltas.Any(d => d.Uplink) ? GatewayCoverage.UplinkOf(row) : null);
    }

    private void Remember(RegistryCommit commit)
    {
        lock (gate)
        {
            foreach (var gone in commit.Change.Gateways.Where(g => g.Value.After is null))
                remembered.Remove((commit.Tenant, gone.Key));
            foreach (var delta in commit.Deltas)
            {
                if (!remembered.TryGetValue((commit.Tenant, delta.Gateway), out var queue))
                    remembered[(commit.Tenant, delta.Gateway)] = queue = new Queue<GatewayDelta>();
                queue.Enqueue(delta.Devices.Count > MaxDevices ? delta with { Whole = true, Devices = new HashSet<string>() } : delta);
                if (queue.Count > MaxRemembered)
                    queue.Dequeue();
            }
        }
    }

    private void Announce(RegistryCommit commit)
    {
        foreach (var gateway in commit.Deltas.Select(d => d.Gateway).Union(commit.Change.Gateways.Keys))
            Changed?.Invoke(commit.Tenant, GatewayId.Parse(gateway));
    }
}
