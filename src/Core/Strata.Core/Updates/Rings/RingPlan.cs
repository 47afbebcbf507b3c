namespace Strata.Core.Updates.Rings;

/// <summary>What is put into a ring as a whole.</summary>
public enum RingUnit
{
    /// <summary>A device; the first ring is like the fleet.</summary>
    Device,

    /// <summary>A whole place: its devices are updated together.</summary>
    Site,
}

/// <summary>One step of a rollout.</summary>
/// <param name="Share">Of the targets, this ring and those before it together: above 0, at most 1.</param>
/// <param name="Minimum">Units of this ring and those before it at least, but never more than half of all before the last ring: somebody is left to be compared with, and to be spared.</param>
/// <param name="Soak">How long the ring is watched before the next one begins.</param>
public sealed record Ring(double Share, int Minimum, TimeSpan Soak);

/// <summary>The steps of a rollout.</summary>
/// <param name="SiteDepth">With <see cref="RingUnit.Site"/>: of how many segments a place is that goes as a whole, 1 for <c>hq</c> out of <c>hq/floor-1</c>.</param>
public sealed record RingPlan(IReadOnlyList<Ring> Rings, RingUnit Unit = RingUnit.Device, int SiteDepth = 1)
{
    public const int MaxRings = 20;

    /// <summary>The longest soak of a ring.</summary>
    public static readonly TimeSpan MaxSoak = TimeSpan.FromDays(60);

    /// <summary>1 %, 10 %, 50 %, all; two days, three, four and five: two weeks. The first ring has ten devices at least, or one place.</summary>
    public static RingPlan Usual(RingUnit unit = RingUnit.Device, int siteDepth = 1) => new(
        [new(0.01, unit == RingUnit.Device ? 10 : 1, TimeSpan.FromHours(48)), new(0.1, 1, TimeSpan.FromHours(72)), new(0.5, 1, TimeSpan.FromHours(96)), new(1, 1, TimeSpan.FromHours(120))], unit, siteDepth);

    /// <summary>What is wrong with it; null when nothing is.</summary>
    public Problem? Refuse()
    {
        if (Rings.Count is 0 or > MaxRings)
            return new Problem(ProblemKind.Invalid, $"A rollout has 1 to {MaxRings} rings; this one has {Rings.Count}.", "rings");
        for (var i = 0; i < Rings.Count; i++)
        {
            var ring = Rings[i];
            if (!(ring.Share > 0 && ring.Share <= 1) || (i > 0 && ring.Share <= Rings[i - 1].Share))
                return new Problem(ProblemKind.Invalid, $"The share of ring {i + 1} is {ring.Share}; shares are above 0, at most 1, and each is larger than the one before.", $"rings[{i}].share");
            if (ring.Soak < TimeSpan.Zero || ring.Soak > MaxSoak)
                return new Problem(ProblemKind.Invalid, $"Ring {i + 1} is watched for 0 to {MaxSoak.TotalDays} days.", $"rings[{i}].soak");
            if (ring.Minimum is < 0 or > 1_000_000)
                return new Problem(ProblemKind.Invalid, $"The minimum of ring {i + 1} is 0 to 1,000,000.", $"rings[{i}].minimum");
        }
        if (Rings[^1].Share < 1)
            return new Problem(ProblemKind.Invalid, "The last ring's share is 1: somebody must be the last.", $"rings[{Rings.Count - 1}].share");
        return SiteDepth is < 1 or > Architecture.SiteId.MaxDepth ? new Problem(ProblemKind.Invalid, $"A place has 1 to {Architecture.SiteId.MaxDepth} segments.", "siteDepth") : null;
    }

    /// <summary>Units in this ring and those before it, of so many.</summary>
    public int Until(int ring, int units)
    {
        if (ring >= Rings.Count - 1)
            return units;
        var before = ring == 0 ? 0 : Until(ring - 1, units);
        var minimum = Math.Min(Rings[ring].Minimum, (units + 1) / 2);
        // Rounded down: a ring is never more than its share, unless it would be nobody. The half thousandth is for 0.1 x 30.
        return Math.Min(units, Math.Max(Math.Max((int)((Rings[ring].Share * units) + 0.0005), minimum), before + 1));
    }
}
