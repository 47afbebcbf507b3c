using Strata.Core.Updates.Gate;

namespace Strata.Core.Tests.Updates;

public sealed class GateTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20_000);

    /// <summary>Reckoned with 60 decimal digits by bisection of the exact binomial tail (Python's decimal).</summary>
    [Theory]
    [InlineData(1, 20, 0.95, 0.00256137877653)]
    [InlineData(1, 52, 0.95, 0.000985923165519)]
    [InlineData(2, 600, 0.95, 0.000592587734871)]
    [InlineData(3, 600, 0.95, 0.00136416444373)]
    [InlineData(12, 600, 0.95, 0.0115798517908)]
    [InlineData(30, 600, 0.95, 0.0362160252551)]
    [InlineData(100, 100_000, 0.95, 0.000841455309981)]
    [InlineData(126, 100_000, 0.95, 0.00108131431771)]
    [InlineData(20, 20, 0.95, 0.860891659332)]
    [InlineData(5, 60_000, 0.99, 2.13189180622e-05)]
    [InlineData(300, 1_000, 0.95, 0.276122771159)]
    public void The_lower_bound_is_the_exact_one(int failures, int tried, double confidence, double expected) =>
        Assert.Equal(1, BinomialBound.Lower(failures, tried, confidence) / expected, 1e-9);

    [Theory]
    [InlineData(1, 20, true)]
    [InlineData(1, 51, true)]
    [InlineData(1, 52, false)]
    [InlineData(2, 600, false)]
    [InlineData(3, 600, true)]
    [InlineData(0, 100_000, false)]
    [InlineData(0, 0, false)]
    public void Installations_stop_a_ring_when_it_is_sure_that_more_than_one_in_a_thousand_fail(int failed, int tried, bool stops)
    {
        var decision = Decide(new InstallationCounts(tried - failed, failed, 0, 0), new HealthRule());
        Assert.Equal(stops ? GateOutcome.Abort : GateOutcome.Wait, decision.Outcome);
        Assert.Equal(stops ? "installation" : "soak", decision.Rule);
    }

    [Fact]
    public void All_three_kinds_of_failure_count_and_the_record_says_so()
    {
        var decision = Decide(new InstallationCounts(597, 1, 1, 1), new HealthRule());
        Assert.Equal(GateOutcome.Abort, decision.Outcome);
        Assert.Equal("3 of 600 installations failed (1 said so, 1 went back by themselves, 1 were not confirmed in time). With 95 % confidence more than 0.14 % of them fail; the limit is 0.1 %.", decision.Why);
    }

    [Fact]
    public void Who_falls_silent_as_the_control_does_is_no_failed_installation()
    {
        Assert.Equal(GateOutcome.Wait, Decide(new InstallationCounts(596, 0, 0, 4, Background: 0.006), new HealthRule()).Outcome);
        Assert.Equal(GateOutcome.Abort, Decide(new InstallationCounts(580, 0, 0, 20, Background: 0.006), new HealthRule()).Outcome);
        Assert.Equal(GateOutcome.Abort, Decide(new InstallationCounts(596, 4, 0, 0, Background: 0.006), new HealthRule()).Outcome);
    }

    [Fact]
    public void Many_ill_in_one_look_weigh_as_the_exact_division_says()
    {
        // Brute force: all ways in which 3 ill can be divided among 2 updated and 3 of the control.
        var test = new SafeLogRank();
        test.Take(new CohortLook(2, 2, 3, 1), 0);
        double[] chances = [1 / 10.0, 6 / 10.0, 3 / 10.0];
        var expected = 0.5 + (0.5 * new[] { 1.5, 2, 4, 8, 16, 64 }.Average(h => h * h / (chances[0] + (chances[1] * h) + (chances[2] * h * h))));
        Assert.Equal(expected, test.Evidence, 1e-12);
    }

    [Fact]
    public void Were_all_alike_the_mean_of_the_evidence_is_one_whatever_the_look()
    {
        foreach (var (updated, control, ill) in new[] { (3, 9, 4), (10, 5, 6), (1, 30, 2), (6, 6, 12) })
        {
            var mean = Enumerable.Range(Math.Max(0, ill - control), Math.Min(ill, updated) - Math.Max(0, ill - control) + 1).Sum(k =>
            {
                var test = new SafeLogRank();
                test.Take(new CohortLook(updated, k, control, ill - k), 0.3);
                return Choose(updated, k) * Choose(control, ill - k) / Choose(updated + control, ill) * test.Evidence;
            });
            Assert.Equal(1, mean, 1e-12);
        }
    }

    [Fact]
    public void Fewer_than_one_good_build_in_a_hundred_is_stopped_by_a_thousand_seeds_looked_at_every_hour()
    {
        var (stopped, naive) = (0, 0);
        Parallel.For(0, 1_000, seed =>
        {
            var (byGate, byNaive) = new CohortRun(seed).Run();
            Interlocked.Add(ref stopped, byGate ? 1 : 0);
            Interlocked.Add(ref naive, byNaive ? 1 : 0);
        });
        Assert.True(stopped <= 10, $"{stopped} of 1,000 good builds were stopped; the policy says 1 % at most.");
        // The runs do vary: who compares at every look with a test that is meant for one look stops most of them.
        Assert.True(naive > 500, $"only {naive} of 1,000 good builds were stopped by a fixed test at every look.");
    }

    [Fact]
    public void A_build_by_which_two_in_a_hundred_fall_silent_is_stopped_in_the_first_ring_whenever_five_of_its_600_have_it()
    {
        // Twelve of 600 on average; by chance fewer than five in less than one of a hundred rings.
        var late = Enumerable.Range(0, 1_000).Count(seed => !new CohortRun(seed) { Fault = 0.02 }.Run(rings: 1).ByGate);
        Assert.True(late <= 15, $"{late} of 1,000 were not stopped in the first ring.");
    }

    [Fact]
    public void Evidence_goes_on_after_a_restart_as_if_there_had_been_none()
    {
        var (whole, first) = (new HealthRule(), new HealthRule());
        whole.Take(HealthMetric.Silence, new CohortLook(600, 4, 59_400, 7), 0.01);
        first.Take(HealthMetric.Silence, new CohortLook(600, 4, 59_400, 7), 0.01);
        var second = new HealthRule(first.State);
        whole.Take(HealthMetric.Silence, new CohortLook(596, 3, 59_393, 5), 0.01);
        second.Take(HealthMetric.Silence, new CohortLook(596, 3, 59_393, 5), 0.01);
        Assert.Equal(whole.Evidence, second.Evidence);
        Assert.Equal(whole.Figures(), second.Figures());
        Assert.Equal(7, second.Figures()[(int)HealthMetric.Silence].UpdatedIll);
        Assert.Contains("fall silent more than the others do: 7, where 0.19 would be expected", Decide(new InstallationCounts(600, 0, 0, 0), second).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_is_ill_by_what_it_was_not_before_and_its_installation_is_no_illness()
    {
        var before = new HealthSigns(0, 0, 4, 0, 0.06f, 80, false);
        Assert.Equal(0, before.IllBy(before));
        Assert.Equal(0, (before with { Reboots = 1, Disconnects = 2 }).IllBy(before, HealthSigns.OfInstallation));
        Assert.Equal(1 << (int)HealthMetric.Reboots, (before with { Reboots = 3 }).IllBy(before, HealthSigns.OfInstallation));
        Assert.Equal(1 << (int)HealthMetric.Silence, (before with { Silent = true }).IllBy(before));
        Assert.Equal(0, (before with { Silent = true }).IllBy(before with { Silent = true }));
        Assert.Equal(1 << (int)HealthMetric.Battery, (before with { BatteryPerDay = 2 }).IllBy(before));
        Assert.Equal((1 << (int)HealthMetric.Errors) | (1 << (int)HealthMetric.Latency), (before with { Errors = 11, LatencyMs = 400 }).IllBy(before));
        Assert.Equal(0, HealthSigns.Unknown.IllBy(before));
    }

    private static GateDecision Decide(InstallationCounts counts, HealthRule health) => GateDecision.Make(counts, health, new GatePolicy(), 1, 4, soaked: false, Now);

    private static double Choose(int of, int some) => Enumerable.Range(1, some).Aggregate(1.0, (product, i) => product * (of - some + i) / i);

    /// <summary>60,000 devices by their counts: 0.3 % of them fall ill by a metric on any day, the day's own rate between half and twice of it.</summary>
    private sealed class CohortRun(int seed)
    {
        private const int Fleet = 60_000;
        private static readonly (int Updated, int Hours)[] Rings = [(600, 48), (6_000, 72), (30_000, 96)];
        private readonly Random random = new(seed);

        /// <summary>Part of the updated that fall silent after six hours.</summary>
        public double Fault { get; init; }

        public (bool ByGate, bool ByNaive) Run(int rings = 3)
        {
            var naive = false;
            var policy = new GatePolicy();
            var wells = Enumerable.Range(0, HealthMetrics.Count).Select(_ => (Updated: 0, Control: Fleet)).ToArray();
            for (var ring = 0; ring < rings; ring++)
            {
                var rule = new HealthRule();
                var sums = new (int Updated, int Control)[HealthMetrics.Count];
                for (var m = 0; m < wells.Length; m++)
                {
                    var moved = Rings[ring].Updated - (ring == 0 ? 0 : Rings[ring - 1].Updated);
                    wells[m] = (wells[m].Updated + moved, wells[m].Control - moved);
                }
                var today = 0.0;
                for (var hour = 0; hour < Rings[ring].Hours; hour++)
                {
                    today = hour % 24 == 0 ? 0.003 / 24 * Math.Pow(4, random.NextDouble() - 0.5) : today;
                    for (var m = 0; m < wells.Length; m++)
                    {
                        ref var well = ref wells[m];
                        var updatedIll = Draw(well.Updated, today) + (m == (int)HealthMetric.Silence && hour == 6 ? Draw(well.Updated, Fault) : 0);
                        var controlIll = Draw(well.Control, today);
                        rule.Take((HealthMetric)m, new CohortLook(well.Updated, updatedIll, well.Control, controlIll), 1.0 / Rings[ring].Hours);
                        well = (well.Updated - updatedIll, well.Control - controlIll);
                        sums[m] = (sums[m].Updated + updatedIll, sums[m].Control + controlIll);
                        var share = (double)well.Updated / (well.Updated + well.Control);
                        var all = sums[m].Updated + sums[m].Control;
                        naive |= all > 20 && (sums[m].Updated - (all * share)) / Math.Sqrt(all * share * (1 - share)) > 1.645;
                    }
                    if (GateDecision.Make(default, rule, policy, ring + 1, 4, false, Now).Outcome == GateOutcome.Abort)
                        return (true, naive);
                }
            }
            return (false, naive);
        }

        private int Draw(int of, double rate)
        {
            if (rate == 0)
                return 0;
            // By the gaps between those that are drawn: as many steps as are drawn.
            var count = 0;
            for (var at = Gap(rate); at < of; at += 1 + Gap(rate))
                count++;
            return count;
        }

        private long Gap(double rate) => (long)(Math.Log(1 - random.NextDouble()) / Math.Log(1 - rate));
    }
}
