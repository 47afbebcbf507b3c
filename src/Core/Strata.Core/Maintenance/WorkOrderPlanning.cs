using Strata.Core.Architecture;
using Strata.Core.Devices;

namespace Strata.Core.Maintenance;

/// <summary>Something that must be done at a device.</summary>
/// <param name="Due">When at the latest.</param>
/// <param name="Detail">Why, and what was known of it last: for who goes there.</param>
public sealed record WorkNeed(DeviceId Device, SiteId? Site, WorkOrderKind Kind, DateTimeOffset Due, string Detail);

/// <summary>An order that is not over, as planning sees it.</summary>
/// <param name="CanGrow">Nobody has begun it and it has room.</param>
public sealed record OpenOrder(string Id, WorkOrderKind Kind, SiteId? Site, IReadOnlyCollection<DeviceId> Devices, DateTimeOffset Due, bool CanGrow);

/// <summary>What planning says: devices to be added to an order, or a new one.</summary>
/// <param name="Order">The order's id; null for a new one.</param>
/// <param name="Due">When the whole must be done: by the most urgent.</param>
public sealed record PlannedWork(string? Order, WorkOrderKind Kind, SiteId? Site, DateTimeOffset Due, IReadOnlyList<WorkNeed> Needs);

/// <summary>Makes work orders of needs: one for each place and skill, so that who goes there goes once.</summary>
public static class WorkOrderPlanning
{
    /// <summary>Merges needs with the orders there are; a device that is in an order of the kind is not put into another.</summary>
    /// <param name="depth">Of the place that an order is of: 2 for <c>hq/floor-1</c> out of <c>hq/floor-1/zone-3</c>.</param>
    /// <param name="most">Devices of one order.</param>
    public static IReadOnlyList<PlannedWork> Plan(IEnumerable<WorkNeed> needs, IReadOnlyList<OpenOrder> open, int depth, int most)
    {
        var there = open.SelectMany(o => o.Devices.Select(d => (o.Kind, d))).ToHashSet();
        var planned = new List<PlannedWork>();
        foreach (var group in needs.Where(n => there.Add((n.Kind, n.Device))).GroupBy(n => (n.Kind, Site: Above(n.Site, depth))).OrderBy(g => g.Key.Site?.Value, StringComparer.Ordinal).ThenBy(g => g.Key.Kind))
        {
            var rest = group.OrderBy(n => n.Due).ThenBy(n => n.Device.Value, StringComparer.Ordinal).ToList();
            foreach (var order in open.Where(o => o.CanGrow && o.Kind == group.Key.Kind && o.Site == group.Key.Site && o.Devices.Count < most))
            {
                var added = rest.Take(most - order.Devices.Count).ToList();
                if (added.Count == 0)
                    break;
                planned.Add(new PlannedWork(order.Id, order.Kind, order.Site, added[0].Due < order.Due ? added[0].Due : order.Due, added));
                rest.RemoveRange(0, added.Count);
            }
            foreach (var part in rest.Chunk(most))
                planned.Add(new PlannedWork(null, group.Key.Kind, group.Key.Site, part[0].Due, part));
        }
        return planned;
    }

    /// <summary>The place of this depth that holds a place.</summary>
    public static SiteId? Above(SiteId? site, int depth)
    {
        if (site is not { } place)
            return null;
        var at = -1;
        for (var i = 0; i < depth; i++)
        {
            at = place.Value.IndexOf('/', at + 1);
            if (at < 0)
                return place;
        }
        return SiteId.Parse(place.Value[..at]);
    }
}
