using System.Collections.Immutable;
using Strata.Cloud.Devices.Rows;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Registry;

/// <summary>
/// What the registry holds for one tenant, in memory: every decision reads it, every commit replaces it by the next one. Immutable, so that a
/// request sees one state from begin to end.
/// </summary>
internal sealed record RegistryImage
{
    public static readonly RegistryImage Empty = new();

    public ImmutableSortedDictionary<string, SiteRow> Sites { get; private init; } = Create<SiteRow>();

    public ImmutableSortedDictionary<string, GatewayRow> Gateways { get; private init; } = Create<GatewayRow>();

    public ImmutableDictionary<string, DeviceRow> Devices { get; private init; } = ImmutableDictionary.Create<string, DeviceRow>(StringComparer.Ordinal);

    /// <summary>Ids of all devices in order: pages begin within.</summary>
    public ImmutableSortedSet<string> DeviceIds { get; private init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, GroupRow> Groups { get; private init; } = Create<GroupRow>();

    public ImmutableSortedDictionary<string, ViewRow> Views { get; init; } = Create<ViewRow>();

    public ImmutableSortedDictionary<string, JoinTokenRow> JoinTokens { get; private init; } = Create<JoinTokenRow>();

    /// <summary>Devices in service that list a gateway, by gateway.</summary>
    public ImmutableDictionary<string, ImmutableHashSet<string>> Listed { get; private init; } = ImmutableDictionary.Create<string, ImmutableHashSet<string>>(StringComparer.Ordinal);

    /// <summary>Gateways by the place they stand in.</summary>
    public ILookup<string, string> GatewaysBySite { get; private init; } = Array.Empty<string>().ToLookup(g => g);

    /// <summary>All devices, in no order: for who walks them all. Laid out once for an image, because walking the tree that shares its parts with the next image takes three times as long.</summary>
    public IReadOnlyList<DeviceRow> AllDevices => allDevices ??= [.. Devices.Values];

    private DeviceRow[]? allDevices;

    /// <summary>Builds the image of what was loaded, in one go.</summary>
    public static RegistryImage Load(
        IEnumerable<SiteRow> sites, IReadOnlyCollection<GatewayRow> gateways, IReadOnlyCollection<DeviceRow> devices, IEnumerable<GroupRow> groups,
        IEnumerable<JoinTokenRow> joinTokens, IEnumerable<ViewRow> views) => new()
        {
            Sites = Values.Sorted(sites.Select(s => KeyValuePair.Create(s.Path, s))),
            Gateways = Values.Sorted(gateways.Select(g => KeyValuePair.Create(g.Id, g))),
            GatewaysBySite = gateways.ToLookup(g => g.Site, g => g.Id),
            Devices = ImmutableDictionary.CreateRange(StringComparer.Ordinal, devices.Select(d => KeyValuePair.Create(d.Id, d))),
            DeviceIds = ImmutableSortedSet.CreateRange(StringComparer.Ordinal, devices.Select(d => d.Id)),
            Listed = devices.Where(IsInService)
                .SelectMany(d => d.Gateways.Select(g => (Gateway: g, d.Id)))
                .GroupBy(l => l.Gateway)
                .ToImmutableDictionary(g => g.Key, g => g.Select(l => l.Id).ToImmutableHashSet(StringComparer.Ordinal), StringComparer.Ordinal),
            Groups = Values.Sorted(groups.Select(g => KeyValuePair.Create(g.Id, g))),
            Views = Values.Sorted(views.Select(v => KeyValuePair.Create(v.Name, v))),
            JoinTokens = Values.Sorted(joinTokens.Select(t => KeyValuePair.Create(t.TokenHash, t))),
        };

    /// <summary>What of it somebody sees whose scope this is, with the places that hold the scope's own. All views: who may change one is asked at each.</summary>
    public RegistryImage Within(Reach reach)
    {
        bool Sees(string? path) => path is not null && reach.Covers(SiteId.Parse(path));
        var devices = Devices.Values.Where(d => Sees(d.Site)).ToList();
        return Load(
            Sites.Values.Where(s => Sees(s.Path) || reach.Sites.Any(place => Places.Contains(s.Path, place.Value))), [.. Gateways.Values.Where(g => Sees(g.Site))], devices,
            Groups.Values.Where(g => !g.Sites.IsEmpty && g.Sites.All(Sees)), [], Views.Values);
    }

    public bool IsDeviceInService(string id) => Devices.TryGetValue(id, out var device) && IsInService(device);

    public static bool IsInService(DeviceRow device) => device.State is not DeviceState.Decommissioned;

    public RegistryImage With(string path, SiteRow? row) => this with { Sites = Set(Sites, path, row) };

    public RegistryImage With(string id, GatewayRow? row)
    {
        var gateways = Set(Gateways, id, row);
        var moved = Gateways.GetValueOrDefault(id)?.Site != row?.Site;
        return this with { Gateways = gateways, GatewaysBySite = moved ? gateways.Values.ToLookup(g => g.Site, g => g.Id) : GatewaysBySite };
    }

    public RegistryImage With(string id, GroupRow? row) => this with { Groups = Set(Groups, id, row) };

    public RegistryImage With(string name, ViewRow? row) => this with { Views = Set(Views, name, row) };

    public RegistryImage With(string hash, JoinTokenRow? row) => this with { JoinTokens = Set(JoinTokens, hash, row) };

    public RegistryImage With(string id, DeviceRow? row)
    {
        var listed = Listed;
        if (Devices.TryGetValue(id, out var old) && IsInService(old))
            listed = old.Gateways.Aggregate(listed, (l, g) => l.SetItem(g, l[g].Remove(id)));
        if (row is not null && IsInService(row))
            listed = row.Gateways.Aggregate(listed, (l, g) => l.SetItem(g, (l.GetValueOrDefault(g) ?? NoIds).Add(id)));
        return row is null
            ? this with { Devices = Devices.Remove(id), DeviceIds = DeviceIds.Remove(id), Listed = listed, allDevices = null }
            : this with { Devices = Devices.SetItem(id, row), DeviceIds = DeviceIds.Add(id), Listed = listed, allDevices = null };
    }

    private static readonly ImmutableHashSet<string> NoIds = ImmutableHashSet.Create<string>(StringComparer.Ordinal);

    private static ImmutableSortedDictionary<string, T> Create<T>() => ImmutableSortedDictionary.Create<string, T>(StringComparer.Ordinal);

    private static ImmutableSortedDictionary<string, T> Set<T>(ImmutableSortedDictionary<string, T> rows, string key, T? row)
        where T : class => row is null ? rows.Remove(key) : rows.SetItem(key, row);
}
