using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Telemetry;

namespace Strata.Node.Reads;

/// <summary>
/// Questions to the store, narrowed to what the caller may see. A device or place outside the scope is asked about like one that is not there: what is named
/// and not visible is left out, and a question that has nothing left is answered with nothing.
/// </summary>
public static class ScopedReads
{
    private const int CountAtOnce = 1_000;

    /// <summary>A bucket that holds all times there are.</summary>
    private const long AllTime = 1_000L * 366 * 86_400_000_000;

    /// <summary>Rows looked at for one page of what is kept in one order for all; a page may end before it is full.</summary>
    private const int MaxLookedAt = 50_000;

    /// <summary>The range with the devices and metrics that the caller may read; null when there are none.</summary>
    public static ReadingRange? Narrow(this Access access, ReadingRange range)
    {
        if (access.Principal.Share is { } share)
        {
            if (share.Narrow(range.Metrics) is not { } metrics)
                return null;
            range = range with { Metrics = metrics };
        }
        if (access.IsWhole(Permission.ReadingsRead))
            return range;
        DeviceId[] visible = range.Devices.Count > 0
            ? [.. range.Devices.Where(d => access.Sees(Permission.ReadingsRead, d))]
            : [.. access.Visible(Permission.ReadingsRead)];
        return visible.Length == 0 ? null : range with { Devices = visible };
    }

    /// <summary>Raw readings stored, of one device or of all that the caller may read.</summary>
    public static async ValueTask<long> CountAsync(this Access access, ITelemetryStore store, DeviceId? device, CancellationToken cancellationToken)
    {
        if (access.Principal.Share is not null)
        {
            return access.Narrow(new ReadingRange { Devices = device is { } named ? [named] : [] }) is { } shared
                ? (await CountAsync(store, access.Tenant, shared, cancellationToken)).All
                : 0;
        }
        if (device is { } one)
            return access.Sees(Permission.ReadingsRead, one) ? await store.CountAsync(access.Tenant, one, cancellationToken) : 0;
        if (access.IsWhole(Permission.ReadingsRead))
            return await store.CountAsync(access.Tenant, null, cancellationToken);
        var (all, _) = await CountAsync(store, access.Tenant, [.. access.Visible(Permission.ReadingsRead)], cancellationToken);
        return all;
    }

    /// <summary>Raw readings of these devices, and how many of them are health figures.</summary>
    public static async ValueTask<(long All, long Health)> CountAsync(ITelemetryStore store, TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken) =>
        devices.Count == 0 ? default : await CountAsync(store, tenant, new ReadingRange { Devices = devices }, cancellationToken);

    private static async ValueTask<(long All, long Health)> CountAsync(ITelemetryStore store, TenantId tenant, ReadingRange narrowed, CancellationToken cancellationToken)
    {
        long all = 0, health = 0;
        // Without devices, of the whole tenant.
        foreach (var chunk in narrowed.Devices.Count == 0 ? [[]] : narrowed.Devices.Chunk(CountAtOnce))
        {
            var range = narrowed with { Devices = chunk, From = Core.Telemetry.EventTime.Earliest, Limit = int.MaxValue };
            foreach (var row in await store.AggregateAsync(tenant, range, AllTime, [AggregateFunction.Count], cancellationToken))
            {
                var count = (long)(row.Values[0] ?? 0);
                all += count;
                health += row.Metric.IsHealth ? count : 0;
            }
        }
        return (all, health);
    }

    /// <summary>A page of windows that the caller may see, in start order; it is full unless there are no more.</summary>
    public static async ValueTask<IReadOnlyList<WindowRecord>> WindowsAsync(this Access access, ITelemetryStore store, WindowRange range, CancellationToken cancellationToken)
    {
        var reach = access.ReachOf(Permission.ReadingsRead);
        if (reach.IsWhole)
            return await store.WindowsAsync(access.Tenant, range, cancellationToken);
        var found = new List<WindowRecord>();
        foreach (var place in Within(reach, range.Site))
            found.AddRange(await WindowsOfAsync(access, store, range with { Site = place }, cancellationToken));
        return [.. found.DistinctBy(w => (w.Start, w.Group)).OrderBy(w => w.Start).ThenBy(w => w.Group, StringComparer.Ordinal).Take(range.Limit)];
    }

    /// <summary>A page of what is kept in one order for the whole tenant, with what the caller may not see left out.</summary>
    /// <param name="read">The next rows after a position, newest first.</param>
    /// <returns>The rows, and where the next page begins; null at the end.</returns>
    public static async ValueTask<(IReadOnlyList<T> Rows, long? Next)> PageAsync<T>(
        long? before, int limit, Func<long?, int, ValueTask<IReadOnlyList<T>>> read, Func<T, long> position, Func<T, bool> sees)
    {
        var rows = new List<T>();
        for (var looked = 0; looked < MaxLookedAt;)
        {
            var page = await read(before, limit);
            foreach (var row in page)
            {
                before = position(row);
                if (sees(row))
                    rows.Add(row);
                if (rows.Count == limit)
                    return (rows, before);
            }
            looked += page.Count;
            if (page.Count < limit)
                return (rows, null);
        }
        return (rows, before);
    }

    private static async ValueTask<IReadOnlyList<WindowRecord>> WindowsOfAsync(Access access, ITelemetryStore store, WindowRange range, CancellationToken cancellationToken)
    {
        var found = new List<WindowRecord>();
        while (true)
        {
            var page = await store.WindowsAsync(access.Tenant, range, cancellationToken);
            found.AddRange(page.Where(w => access.SeesGroup(Permission.ReadingsRead, w.Group, w.Site)));
            if (page.Count < range.Limit || found.Count >= range.Limit)
                return found;
            range = range with { After = (page[^1].Start, page[^1].Group) };
        }
    }

    /// <summary>The places of the reach within the one that is asked for.</summary>
    private static IEnumerable<SiteId> Within(Reach reach, SiteId? asked)
    {
        if (asked is not { } site)
            return reach.Sites;
        return reach.Covers(site) ? [site] : reach.Sites.Where(s => site.Contains(s));
    }
}
