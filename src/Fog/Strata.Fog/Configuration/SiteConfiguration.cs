using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Fog.Configuration;

/// <summary>
/// What the gateway knows of its site: its devices, groups and policies. Comes over the link, is kept in a file so that the gateway starts and
/// authenticates its devices without its parent, and is given out as one immutable <see cref="SiteView"/>.
/// </summary>
/// <param name="tenant">As whose gateway it joined, which no configuration changes; null for one that joined before there were several: then the configuration says.</param>
/// <param name="serve">Told whose devices are let in.</param>
internal sealed class SiteConfiguration(string path, TenantId? tenant, DeviceDirectory devices, Action<TenantId> serve)
{
    private readonly Lock writing = new();
    private GatewayConfiguration? current;
    private volatile SiteView view = SiteView.Empty with { Tenant = tenant ?? TenantId.Main };

    /// <summary>Raised after a change, on the thread that made it.</summary>
    public event Action? Changed;

    public SiteView View => view;

    public GatewayConfiguration? Current => current;

    /// <summary>The version that is known; 0 when none is.</summary>
    public long Version => current?.Version ?? 0;

    /// <summary>Takes what the file holds. False when there is none: then devices are told to try again until there is.</summary>
    /// <param name="damage">Why the file could not be read.</param>
    public bool Load(out string? damage)
    {
        var kept = PrivateFile.Read(path, FogJson.Default.GatewayConfiguration, out damage);
        if (kept is null)
        {
            if (tenant is { } own)
                serve(own);
            devices.Expect(view.Tenant);
            return false;
        }
        Take(kept);
        return true;
    }

    /// <summary>Makes this the configuration.</summary>
    public void Apply(GatewayConfiguration configuration)
    {
        lock (writing)
        {
            PrivateFile.Write(path, configuration, FogJson.Default.GatewayConfiguration);
            Take(configuration);
        }
        Changed?.Invoke();
    }

    /// <summary>Applies a change; false when it does not follow on what is known, so that the whole must be asked for.</summary>
    public bool TryApply(GatewayChange change)
    {
        lock (writing)
        {
            if (current is null || change.From != current.Version)
                return false;
            var kept = current.Devices.ToDictionary(d => d.Id);
            foreach (var gone in change.Removed)
                kept.Remove(gone);
            foreach (var device in change.Devices)
                kept[device.Id] = device;
            var next = current with
            {
                Version = change.Version, Devices = [.. kept.Values], Groups = change.Groups ?? current.Groups, Uplink = change.Uplink ?? current.Uplink,
            };
            PrivateFile.Write(path, next, FogJson.Default.GatewayConfiguration);
            Take(next);
        }
        Changed?.Invoke();
        return true;
    }

    private void Take(GatewayConfiguration configuration)
    {
        var next = SiteView.From(configuration, tenant);
        current = configuration;
        view = next;
        serve(next.Tenant);
        devices.ReplaceAll(next.Tenant, next.Devices);
    }
}

/// <summary>A configuration as the gateway uses it. Immutable.</summary>
/// <param name="Groups">Each with its members.</param>
internal sealed record SiteView(
    TenantId Tenant, IReadOnlyList<DeviceEntry> Devices, IReadOnlyList<GroupDefinition> Groups, IReadOnlyDictionary<DeviceId, IReadOnlyList<GroupDefinition>> GroupsOf,
    IReadOnlyDictionary<MetricName, MetricPolicy> Metrics, MetricPolicy Default)
{
    public static readonly SiteView Empty = new(
        TenantId.Main, [], [], new Dictionary<DeviceId, IReadOnlyList<GroupDefinition>>(), new Dictionary<MetricName, MetricPolicy>(), new MetricPolicy(UplinkPolicy.Raw));

    public MetricPolicy PolicyOf(MetricName metric) => Metrics.TryGetValue(metric, out var policy) ? policy : Default;

    /// <param name="of">Whose it is, whatever it says itself; null when it says.</param>
    public static SiteView From(GatewayConfiguration configuration, TenantId? of = null)
    {
        var tenant = of ?? (TenantId.TryParse(configuration.Tenant, out var named) ? named : TenantId.Main);
        var devices = new List<DeviceEntry>(configuration.Devices.Count);
        foreach (var device in configuration.Devices)
        {
            if (!DeviceId.TryParse(device.Id, out var id))
                continue;
            devices.Add(new DeviceEntry(
                tenant, id, device.SecretHash is null ? default : Convert.FromBase64String(device.SecretHash),
                SiteId.TryParse(device.Site, out var site) ? site : null, TimeSpan.FromMilliseconds(Math.Max(1, device.HeartbeatMs)), device.Enabled));
        }
        var metrics = new Dictionary<MetricName, MetricPolicy>();
        var fallback = new MetricPolicy(UplinkPolicy.Raw);
        foreach (var (metric, text) in configuration.Uplink)
        {
            if (metric == "*")
                fallback = Policy(text);
            else if (MetricName.TryParse(metric, out var name))
                metrics[name] = Policy(text);
        }
        var groups = configuration.Groups.Select(g => Group(g, devices, metrics, fallback)).OfType<GroupDefinition>().ToList();
        var groupsOf = groups.SelectMany(g => g.Members.Select(m => (m.Device, Group: g))).GroupBy(p => p.Device)
            .ToDictionary(p => p.Key, p => (IReadOnlyList<GroupDefinition>)[.. p.Select(x => x.Group)]);
        return new SiteView(tenant, devices, groups, groupsOf, metrics, fallback);
    }

    private static GroupDefinition? Group(
        GatewayGroup group, List<DeviceEntry> devices, Dictionary<MetricName, MetricPolicy> metrics, MetricPolicy fallback)
    {
        if (!SiteId.TryParse(group.Site, out var site))
            return null;
        var places = group.Sites.Select(s => SiteId.TryParse(s, out var id) ? id : (SiteId?)null).OfType<SiteId>().ToList();
        return new GroupDefinition
        {
            Id = group.Id, Site = site, Window = TimeSpan.FromMilliseconds(Math.Clamp(group.WindowMs, 1_000, 86_400_000)), Metrics = metrics, Default = fallback,
            Members = [.. devices.Where(d => d.Enabled && d.Site is { } at && places.Exists(p => p.Contains(at))).Select(d => new GroupMember(d.Device, d.Heartbeat))],
        };
    }

    private static MetricPolicy Policy(string text) => text switch
    {
        "window" => new MetricPolicy(UplinkPolicy.Window),
        "both" => new MetricPolicy(UplinkPolicy.Both),
        "immediate" => new MetricPolicy(UplinkPolicy.Raw, Immediate: true),
        _ => new MetricPolicy(UplinkPolicy.Raw),
    };
}
