using CsCheck;
using Strata.Core.Devices;
using Strata.Core.Updates.Rings;

namespace Strata.Core.Tests.Updates;

public sealed class RingTests
{
    private static readonly Gen<RolloutTarget> Target = Gen.Select(Gen.Int[0, 5_000], Gen.Int[0, 6], Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[0, 3])
        .Select(t => new RolloutTarget(DeviceId.Parse($"d-{t.Item1}"), t.Item2 == 0 ? null : $"b{t.Item2}/f{t.Item4}", $"m{t.Item3}", t.Item4 == 0 ? null : $"r{t.Item4}", t.Item5 == 0 ? null : $"gw-{t.Item5}"));

    private static readonly Gen<RingPlan> Plan = Gen.Select(Gen.Double[0.001, 0.999].Array[0, 5], Gen.Int[0, 30], Gen.Bool, Gen.Int[1, 2]).Select((shares, minimum, site, depth) =>
        new RingPlan([.. shares.Distinct().Order().Append(1).Select(s => new Ring(s, minimum, TimeSpan.Zero))], site ? RingUnit.Site : RingUnit.Device, depth));

    [Fact]
    public void Rings_partition_the_targets_whatever_joins_or_leaves() =>
        Gen.Select(Plan, Target.Array[0, 200], Target.Array[0, 60], Gen.Int[0, 50], Gen.Int[0, 1_000]).Sample((plan, first, later, leaving, seed) =>
        {
            var id = $"r{seed}";
            Assert.Null(plan.Refuse());
            var there = first.DistinctBy(t => t.Id).ToList();
            var rings = RingAssignment.Deal(id, plan, there);
            Assert.Equal(there.Select(t => t.Id).ToHashSet(), rings.Keys.ToHashSet());
            Assert.All(rings.Values, r => Assert.InRange(r, 0, plan.Rings.Count - 1));
            if (plan.Unit == RingUnit.Device)
                Assert.All(Enumerable.Range(0, plan.Rings.Count), r => Assert.Equal(plan.Until(r, there.Count), rings.Values.Count(v => v <= r)));
            else
                Assert.All(there.GroupBy(t => t.SiteAt(plan.SiteDepth)), site => Assert.Single(site.Select(t => rings[t.Id]).Distinct()));

            // In any order the same choice.
            Assert.Equal(rings.OrderBy(r => r.Key.Value), RingAssignment.Deal(id, plan, [.. Enumerable.Reverse(there)]).OrderBy(r => r.Key.Value));

            var before = rings.ToDictionary();
            foreach (var gone in there.Take(leaving))
                rings.Remove(gone.Id);
            foreach (var joining in later.DistinctBy(t => t.Id).Where(t => !before.ContainsKey(t.Id)))
            {
                int? siteRing = there.Find(t => rings.ContainsKey(t.Id) && t.SiteAt(plan.SiteDepth) == joining.SiteAt(plan.SiteDepth)) is { } neighbour ? rings[neighbour.Id] : null;
                var ring = RingAssignment.Join(id, plan, joining, siteRing);
                Assert.Equal(ring, RingAssignment.Join(id, plan, joining, siteRing));
                Assert.InRange(ring, 0, plan.Rings.Count - 1);
                Assert.True(rings.TryAdd(joining.Id, ring), "a device is in one ring");
                if (plan.Unit == RingUnit.Site && siteRing is { } other)
                    Assert.Equal(other, ring);
            }
            Assert.All(rings, r => Assert.True(!before.TryGetValue(r.Key, out var was) || was == r.Value, "who is in a ring stays there"));
        }, iter: 2_000);

    [Fact]
    public void The_usual_first_ring_of_sixty_thousand_is_six_hundred_and_of_250_buildings_two()
    {
        var fleet = Fleet();
        Assert.Equal([600, 5_400, 24_000, 30_000], Counts(RingAssignment.Deal("r1", RingPlan.Usual(), fleet)));
        var bySite = RingAssignment.Deal("r1", RingPlan.Usual(RingUnit.Site), fleet);
        Assert.Equal(480, bySite.Values.Count(r => r == 0));
        Assert.Equal(2, fleet.Where(t => bySite[t.Id] == 0).Select(t => t.Site).Distinct().Count());
    }

    [Fact]
    public void Each_stratum_has_its_share_of_the_first_ring()
    {
        var fleet = Fleet();
        for (var seed = 0; seed < 20; seed++)
        {
            var rings = RingAssignment.Deal($"r{seed}", RingPlan.Usual(), fleet);
            foreach (var kind in fleet.GroupBy(t => (t.Model, t.Hardware)))
                Assert.InRange(kind.Count(t => rings[t.Id] == 0), (kind.Count() * 0.01) - 2, (kind.Count() * 0.01) + 2);
            // 240 devices of a building in four kinds: a random choice has 0 of them in 9 % of buildings and 7 or more in 1 %.
            Assert.True(fleet.GroupBy(t => t.Site).All(site => site.Count(t => rings[t.Id] == 0) is >= 0 and <= 6));
            Assert.True(fleet.GroupBy(t => t.Site).Count(site => !site.Any(t => rings[t.Id] == 0)) < 18);
        }
    }

    [Fact]
    public void Another_rollout_begins_with_other_devices()
    {
        var fleet = Fleet();
        var first = RingAssignment.Deal("r1", RingPlan.Usual(), fleet).Where(r => r.Value == 0).Select(r => r.Key).ToHashSet();
        var second = RingAssignment.Deal("r2", RingPlan.Usual(), fleet).Where(r => r.Value == 0).Select(r => r.Key).ToHashSet();
        Assert.InRange(first.Intersect(second).Count(), 0, 40);
    }

    [Fact]
    public void Who_joins_late_is_staged_by_the_same_shares()
    {
        var rings = Enumerable.Range(0, 20_000).Select(i => RingAssignment.Join("r1", RingPlan.Usual(), new RolloutTarget(DeviceId.Parse($"late-{i}"), null, null, null, null))).ToArray();
        Assert.InRange(rings.Count(r => r == 0), 140, 260);
        Assert.InRange(rings.Count(r => r <= 1), 1_850, 2_150);
        Assert.InRange(rings.Count(r => r <= 2), 9_750, 10_250);
    }

    [Fact]
    public void A_ring_of_few_has_its_minimum_and_nobody_is_left_out()
    {
        var plan = RingPlan.Usual();
        Assert.Equal([10, 11, 15, 30], Enumerable.Range(0, 4).Select(r => plan.Until(r, 30)));
        // Of a small fleet the first ring is half, so that somebody is left to be spared.
        Assert.Equal([4, 5, 6, 8], Enumerable.Range(0, 4).Select(r => plan.Until(r, 8)));
        Assert.Equal([1, 1, 1, 1], Enumerable.Range(0, 4).Select(r => plan.Until(r, 1)));
        Assert.Equal("rings[1].share", new RingPlan([new(0.5, 1, default), new(0.4, 1, default)]).Refuse()!.Field);
        Assert.Equal("rings[0].share", new RingPlan([new(0.5, 1, default)]).Refuse()!.Field);
    }

    private static int[] Counts(Dictionary<DeviceId, int> rings) => [.. Enumerable.Range(0, 4).Select(r => rings.Values.Count(v => v == r))];

    private static List<RolloutTarget> Fleet() =>
        [.. Enumerable.Range(0, 60_000).Select(i => new RolloutTarget(DeviceId.Parse($"s-{i}"), $"b-{i / 240}", i % 3 == 0 ? "TH" : "OC", i % 20 == 7 ? "C" : "B", $"gw-{i / 240}"))];
}
