using System.Collections.Immutable;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Devices.Query;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Devices.Search;

/// <summary>Finds devices by query: for lists, groups and changes of many. One image from begin to end.</summary>
internal sealed class FleetSearch(RegistryStore registry, FleetPresence presence, LatestValues latest, TimeProvider time) : IFleetSearch
{
    private static readonly ImmutableDictionary<(DeviceId, MetricName), ReadingValue> Nothing = ImmutableDictionary<(DeviceId, MetricName), ReadingValue>.Empty;

    /// <summary>Reads a query and fetches what it will look at. Devices are those that the caller may see.</summary>
    /// <param name="text">Null for all.</param>
    /// <param name="access">Null for one who sees all.</param>
    public async Task<Outcome<FoundDevices>> PrepareAsync(TenantId tenant, string? text, Access? access, CancellationToken cancellationToken)
    {
        var image = registry.Image(tenant);
        var parsed = DeviceQuery.Parse(text ?? "");
        if (!parsed.IsOk)
            return parsed.Problem;
        var query = parsed.Value;
        if (CheckGroups(query, image, access) is { } unknown)
            return unknown;
        var metrics = query.Metrics.Concat(query.Groups.Select(g => image.Groups[g].Query).OfType<string>().SelectMany(q => DeviceQuery.Parse(q).Value?.Metrics ?? ImmutableHashSet<MetricName>.Empty)).ToHashSet();
        var reach = access?.ReachOf(Permission.DevicesRead);
        var values = metrics.Count == 0 ? null : access?.ReachOf(Permission.ReadingsRead);
        bool Sees(DeviceRow row) => Covers(reach, row) && Covers(values, row);
        var fetched = metrics.Count == 0 ? Nothing : await FetchAsync(tenant, image, metrics, cancellationToken);
        var now = time.GetUtcNow();
        return new FoundDevices(image, query, Sees, () => new QueriedDevice(tenant, image, presence, latest, fetched, now), now);
    }

    async Task<Outcome<IReadOnlyList<DeviceId>>> IFleetSearch.FindAsync(TenantId tenant, string query, CancellationToken cancellationToken)
    {
        var found = await PrepareAsync(tenant, query, access: null, cancellationToken);
        return found.IsOk ? found.Value.InAnyOrder().Select(r => DeviceId.Parse(r.Id)).ToArray() : found.Problem;
    }

    /// <summary>Why a query of a group must not be; null when it may.</summary>
    public static Problem? CheckGroupQuery(string text, RegistryImage image)
    {
        var parsed = DeviceQuery.Parse(text);
        if (!parsed.IsOk)
            return parsed.Problem;
        if (CheckGroups(parsed.Value, image, access: null) is { } unknown)
            return unknown;
        return parsed.Value.Groups.FirstOrDefault(g => image.Groups[g].Query is not null) is { } nested
            ? new Problem(ProblemKind.Invalid, $"The query names the group '{nested}', which has a query itself; write that query's terms instead.", "query")
            : null;
    }

    /// <summary>Whether the group may be seen: one without places is the whole tenant's.</summary>
    public static bool Sees(Access? access, GroupRow group) =>
        access is null || access.IsWhole(Permission.SitesRead) || (!group.Sites.IsEmpty && group.Sites.All(s => access.ReachOf(Permission.SitesRead).Covers(SiteId.Parse(s))));

    private static Problem? CheckGroups(DeviceQuery query, RegistryImage image, Access? access)
    {
        var known = image.Groups.Values.Where(g => Sees(access, g)).Select(g => g.Id).ToHashSet(StringComparer.Ordinal);
        return query.Groups.FirstOrDefault(g => !known.Contains(g)) is { } unknown
            ? new Problem(ProblemKind.Invalid, $"There is no group '{unknown}'.{Suggestion.For(unknown, known)}", "query")
            : null;
    }

    private static bool Covers(Reach? reach, DeviceRow row) => reach is null || reach.IsWhole || (row.Site is not null && reach.Covers(SiteId.Parse(row.Site)));

    /// <summary>The newest values of devices that are not in memory; those that are, are looked up there.</summary>
    private async Task<IReadOnlyDictionary<(DeviceId, MetricName), ReadingValue>> FetchAsync(TenantId tenant, RegistryImage image, HashSet<MetricName> metrics, CancellationToken cancellationToken)
    {
        var missing = image.DeviceIds.Select(DeviceId.Parse).Where(d => !latest.Holds(tenant, d)).ToList();
        if (missing.Count == 0)
            return Nothing;
        var found = new Dictionary<(DeviceId, MetricName), ReadingValue>();
        foreach (var reading in await latest.OfAsync(tenant, missing, cancellationToken))
        {
            if (metrics.Contains(reading.Metric))
                found[(reading.Device, reading.Metric)] = reading.Value;
        }
        return found;
    }
}

/// <summary>The devices that a query finds, walked when they are asked for; each walk begins anew.</summary>
/// <param name="Sees">Whether the caller may see the device at all.</param>
internal sealed record FoundDevices(RegistryImage Image, DeviceQuery Query, Func<DeviceRow, bool> Sees, Func<QueriedDevice> Look, DateTimeOffset Now)
{
    /// <summary>In the order of their ids. Decommissioned ones are among them where the query says a state.</summary>
    /// <param name="after">Only those after this id.</param>
    public IEnumerable<DeviceRow> InOrder(string? after = null)
    {
        var look = Look();
        var found = after is null ? -1 : Image.DeviceIds.IndexOf(after);
        for (var i = after is null ? 0 : found < 0 ? ~found : found + 1; i < Image.DeviceIds.Count; i++)
        {
            var row = Image.Devices[Image.DeviceIds[i]];
            if ((Query.NamesState || RegistryImage.IsInService(row)) && Sees(row) && Query.Matches(look.At(row), Now))
                yield return row;
        }
    }

    /// <summary>In no order: quicker, for counts and changes.</summary>
    public IEnumerable<DeviceRow> InAnyOrder()
    {
        var look = Look();
        return Image.AllDevices.Where(row => (Query.NamesState || RegistryImage.IsInService(row)) && Sees(row) && Query.Matches(look.At(row), Now));
    }
}
