using Strata.Core.Devices;

namespace Strata.Core.Updates.Rings;

/// <summary>
/// Who is in which ring. Targets that are there when the rollout begins are dealt out so that each ring is like the fleet: put in the order of model, hardware, place and gateway,
/// the one at rank <c>r</c> gets the fraction of <c>s + r * golden ratio</c>, and the lowest fractions are the first ring. Any run of that order (a model, a revision in it, a place in
/// that) has its share of each ring, give or take two (the points of a golden rotation lie as evenly as points can: Sós 1958, Swierczkowski 1959). Who comes later is put where its hash
/// says. Once in a ring a device stays there, whoever joins or leaves.
/// </summary>
public static class RingAssignment
{
    private static readonly double Golden = (Math.Sqrt(5) - 1) / 2;

    /// <summary>The ring of each target, from 0.</summary>
    /// <param name="rollout">Its id: the seed of the choice.</param>
    public static Dictionary<DeviceId, int> Deal(string rollout, RingPlan plan, IReadOnlyCollection<RolloutTarget> targets) =>
        plan.Unit == RingUnit.Site ? DealSites(rollout, plan, targets) : DealDevices(rollout, plan, targets);

    /// <summary>The ring of one that joins after the deal.</summary>
    /// <param name="ringOfSite">Where the devices of its place are, with <see cref="RingUnit.Site"/>; null when none of them is in the rollout.</param>
    public static int Join(string rollout, RingPlan plan, RolloutTarget target, int? ringOfSite = null)
    {
        if (plan.Unit == RingUnit.Site && ringOfSite is { } ring)
            return ring;
        var hash = RingHash.Of(rollout, plan.Unit == RingUnit.Site ? target.SiteAt(plan.SiteDepth) : target.Id.Value);
        for (var i = 0; i < plan.Rings.Count - 1; i++)
        {
            if (hash < plan.Rings[i].Share)
                return i;
        }
        return plan.Rings.Count - 1;
    }

    private static Dictionary<DeviceId, int> DealDevices(string rollout, RingPlan plan, IReadOnlyCollection<RolloutTarget> targets)
    {
        var inOrder = targets.Select(t => (Target: t, Hash: RingHash.Of(rollout, t.Id.Value))).ToArray();
        Array.Sort(inOrder, static (a, b) => Compare(a, b));
        return Cut(plan, Spread(rollout, [.. inOrder.Select(t => t.Target.Id)])).ToDictionary();
    }

    private static Dictionary<DeviceId, int> DealSites(string rollout, RingPlan plan, IReadOnlyCollection<RolloutTarget> targets)
    {
        // Places of the same kinds of devices stand together, so that the first ring is not of one kind only.
        var sites = targets.GroupBy(t => t.SiteAt(plan.SiteDepth), StringComparer.Ordinal)
            .Select(g => (Site: g.Key, Kinds: string.Join('\n', g.Select(t => $"{t.Model}\t{t.Hardware}").Distinct().Order(StringComparer.Ordinal)), Hash: RingHash.Of(rollout, g.Key)))
            .OrderBy(s => s.Kinds, StringComparer.Ordinal).ThenBy(s => s.Hash).ThenBy(s => s.Site, StringComparer.Ordinal).Select(s => s.Site).ToArray();
        var rings = Cut(plan, Spread(rollout, sites)).ToDictionary(StringComparer.Ordinal);
        return targets.ToDictionary(t => t.Id, t => rings[t.SiteAt(plan.SiteDepth)]);
    }

    private static T[] Spread<T>(string rollout, T[] inOrder)
    {
        var start = RingHash.Of(rollout, "");
        var fractions = new double[inOrder.Length];
        for (var i = 0; i < fractions.Length; i++)
            fractions[i] = Fraction(start + (i * Golden));
        Array.Sort(fractions, inOrder);
        return inOrder;
    }

    private static IEnumerable<(T Unit, int Ring)> Cut<T>(RingPlan plan, T[] units)
    {
        var ring = 0;
        var until = plan.Until(0, units.Length);
        for (var i = 0; i < units.Length; i++)
        {
            while (i >= until)
                until = plan.Until(++ring, units.Length);
            yield return (units[i], ring);
        }
    }

    private static double Fraction(double value) => value - Math.Floor(value);

    private static int Compare((RolloutTarget Target, double Hash) a, (RolloutTarget Target, double Hash) b)
    {
        var order = string.CompareOrdinal(a.Target.Model, b.Target.Model);
        order = order != 0 ? order : string.CompareOrdinal(a.Target.Hardware, b.Target.Hardware);
        order = order != 0 ? order : string.CompareOrdinal(a.Target.Site, b.Target.Site);
        order = order != 0 ? order : string.CompareOrdinal(a.Target.Gateway, b.Target.Gateway);
        order = order != 0 ? order : a.Hash.CompareTo(b.Hash);
        return order != 0 ? order : string.CompareOrdinal(a.Target.Id.Value, b.Target.Id.Value);
    }
}
