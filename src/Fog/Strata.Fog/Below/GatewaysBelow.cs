using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Fog.Configuration;
using Strata.Node.Devices;
using Strata.Node.Link;
using Strata.Node.Reads;

namespace Strata.Fog.Below;

/// <summary>A gateway chained to this one.</summary>
/// <param name="Secret">Kept so that this gateway can hold the link to the parent on the other's behalf; the file is 0600.</param>
/// <param name="Tenant">As in <see cref="GatewayIdentity"/>.</param>
internal sealed record GatewayBelow(string Id, string Secret, string Site, GatewayConfiguration? Configuration, string? Tenant = null)
{
    /// <summary>As whom this gateway asks the parent on its behalf.</summary>
    [JsonIgnore]
    public GatewayIdentity Identity => new(Id, Secret, Site, Tenant);

    public override string ToString() => Id;
}

/// <summary>All of them, as kept.</summary>
internal sealed record GatewaysBelowState(IReadOnlyList<GatewayBelow> Gateways);

/// <summary>
/// The gateways chained to this one: who they are, their configuration (kept, so that they start and are served without the cloud), and which of them
/// hears which device. Safe from any thread.
/// </summary>
internal sealed class GatewaysBelow(string path, SiteConfiguration site, GatewayDirectory directory, BelowOptions options)
{
    private readonly Lock writing = new();
    private readonly ConcurrentDictionary<string, GatewayBelow> gateways = new();
    private readonly ConcurrentDictionary<DeviceId, GatewayId> heardBy = new();

    /// <summary>Raised after a gateway's configuration got a new version.</summary>
    public event Action<TenantId, GatewayId>? Changed;

    /// <summary>Raised when a gateway was added.</summary>
    public event Action<GatewayBelow>? Added;

    public IReadOnlyCollection<GatewayBelow> All => [.. gateways.Values];

    public void Load()
    {
        var kept = PrivateFile.Read(path, FogJson.Default.GatewaysBelowState, out var damage);
        if (damage is not null)
            throw new FogConfigurationException($"{path} cannot be read ({damage}); restore it, or delete it and let the gateways below join again.");
        foreach (var gateway in kept?.Gateways ?? [])
            Register(gateway);
    }

    /// <summary>Whether one may join that asks by this name: one that is known takes its own place again.</summary>
    public bool HasRoomFor(string? name) => gateways.Count < options.MaxGateways || (name is not null && gateways.ContainsKey(name));

    /// <summary>A gateway has joined through this one.</summary>
    public void Add(JoinResponse joined)
    {
        var gateway = new GatewayBelow(joined.Id, joined.Secret, joined.Site, gateways.GetValueOrDefault(joined.Id)?.Configuration, joined.Tenant);
        lock (writing)
        {
            Register(gateway);
            Save();
        }
        Added?.Invoke(gateway);
    }

    /// <summary>The parent sent a gateway's configuration.</summary>
    public void Apply(string id, GatewayConfiguration configuration)
    {
        lock (writing)
        {
            if (!gateways.TryGetValue(id, out var gateway))
                return;
            gateways[id] = gateway with { Configuration = configuration };
            Save();
        }
        Changed?.Invoke(site.View.Tenant, GatewayId.Parse(id));
    }

    /// <summary>As whom this gateway asks the parent on another's behalf; null for one that is not chained to it.</summary>
    public GatewayIdentity? IdentityOf(GatewayId gateway) => gateways.GetValueOrDefault(gateway.Value)?.Identity;

    public long VersionOf(string id) => gateways.GetValueOrDefault(id)?.Configuration?.Version ?? 0;

    /// <summary>Notes who heard a device last; null for this gateway itself.</summary>
    public void Heard(DeviceId device, GatewayId? gateway)
    {
        if (gateway is { } below)
            heardBy[device] = below;
        else
            heardBy.TryRemove(device, out _);
    }

    /// <summary>As <see cref="IGatewayConfigurationSource.CurrentAsync"/>, of this tenant.</summary>
    public ValueTask<GatewayConfiguration?> CurrentAsync(GatewayEntry gateway)
    {
        var known = gateways.GetValueOrDefault(gateway.Gateway.Value);
        // Before the parent has told it, the gateway gets an empty one: it must not wait for the cloud to come up.
        return ValueTask.FromResult(known is null
            ? null
            : known.Configuration ?? new GatewayConfiguration(0, known.Id, site.View.Tenant.Value, known.Site, new Dictionary<string, string>(), [], []));
    }

    /// <summary>As <see cref="IGatewayConfigurationSource.ChangeSinceAsync"/>, of this tenant.</summary>
    public ValueTask<GatewayChange?> ChangeSinceAsync(GatewayEntry gateway, long version)
    {
        var current = VersionOf(gateway.Gateway.Value);
        return ValueTask.FromResult(current == version ? new GatewayChange(version, version, [], [], null, null) : null);
    }

    /// <summary>As <see cref="IFleetRoutes.RouteTo"/>, of this tenant.</summary>
    public GatewayRoute? RouteTo(DeviceId device)
    {
        if (heardBy.TryGetValue(device, out var gateway))
            return new GatewayRoute(gateway, KeepsRaw: true);
        var listed = gateways.Values.FirstOrDefault(g => g.Configuration?.Devices.Any(d => d.Id == device.Value) == true);
        return listed is null || site.View.GroupsOf.ContainsKey(device) ? null : new GatewayRoute(GatewayId.Parse(listed.Id), KeepsRaw: true);
    }

    /// <summary>As <see cref="IFleetRoutes.SitesOfGroup"/>, of this tenant.</summary>
    public IReadOnlyList<SiteId>? SitesOfGroup(string group)
    {
        var found = (site.Current?.Groups ?? []).Concat(gateways.Values.SelectMany(g => g.Configuration?.Groups ?? [])).FirstOrDefault(g => g.Id == group);
        return found is null ? null : [.. found.Sites.Select(s => SiteId.TryParse(s, out var id) ? id : (SiteId?)null).OfType<SiteId>()];
    }

    private void Register(GatewayBelow gateway)
    {
        gateways[gateway.Id] = gateway;
        directory.Set(new GatewayEntry(
            site.View.Tenant, GatewayId.Parse(gateway.Id), DeviceSecrets.Hash(gateway.Secret), SiteId.Parse(gateway.Site), Parent: null, Enabled: true));
    }

    private void Save() => PrivateFile.Write(path, new GatewaysBelowState([.. gateways.Values]), FogJson.Default.GatewaysBelowState);
}
