using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;
using Strata.Core.Updates.Simulation;

namespace Strata.Core.Tests.Updates;

/// <summary>60,000 devices in 250 buildings, of which 0.3 % fail on any day by themselves.</summary>
public sealed class SimulationTests
{
    private static readonly SimulatedBuild TwoInAHundred = new("two in a hundred restart after six hours", [new SimulatedFault(0.02, null, TimeSpan.FromHours(6), HealthMetric.Reboots)]);
    private static readonly SimulatedBuild OneRevision = new("a fifth of revision C goes back", [new SimulatedFault(0.2, "C", TimeSpan.Zero, null, MemberState.RolledBack)]);
    private static readonly SimulatedBuild Thirsty = new("batteries drain", [new SimulatedFault(1, null, TimeSpan.FromHours(12), HealthMetric.Battery)]);
    private static readonly SimulatedBuild Mute = new("five in a hundred fall silent within a day", [new SimulatedFault(0.05, null, TimeSpan.FromHours(20), HealthMetric.Silence)]);

    private static readonly SimulatedBuild Slow = new("five in a hundred become slow after six hours", [new SimulatedFault(0.05, null, TimeSpan.FromHours(6), HealthMetric.Latency)]);

    public static TheoryData<string, RingUnit, string> Bad =>
        new(from build in new[] { nameof(TwoInAHundred), nameof(OneRevision), nameof(Thirsty), nameof(Mute), nameof(Slow) } from unit in Enum.GetValues<RingUnit>() select (build, unit, build == nameof(OneRevision) ? "installation" : "health"));

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_build_is_stopped_in_the_first_ring(string build, RingUnit unit, string rule)
    {
        for (var seed = 1; seed <= 2; seed++)
        {
            var run = Run(build switch { nameof(TwoInAHundred) => TwoInAHundred, nameof(OneRevision) => OneRevision, nameof(Thirsty) => Thirsty, nameof(Slow) => Slow, _ => Mute }, unit, seed);
            Assert.Equal(RolloutState.Aborted, run.Rollout.Head.State);
            var decision = Assert.Single(run.Rollout.Head.Decisions);
            Assert.Equal((1, GateOutcome.Abort, rule), (decision.Ring, decision.Outcome, decision.Rule));
            Assert.InRange(run.Rollout.Members.Values.Count(m => m.State != MemberState.Waiting), 1, unit == RingUnit.Site ? 480 : 600);
            Assert.True(run.Now - FleetSimulation.Start < TimeSpan.FromHours(26), $"{run.Now - FleetSimulation.Start}: {decision.Why}");
        }
    }

    [Theory]
    [InlineData(RingUnit.Device, 600)]
    [InlineData(RingUnit.Site, 480)]
    public void A_good_build_passes_in_two_weeks_and_the_time_that_installing_takes(RingUnit unit, int first)
    {
        var run = Run(SimulatedBuild.Good, unit, 1);
        Assert.Equal(RolloutState.Done, run.Rollout.Head.State);
        Assert.InRange((run.Now - FleetSimulation.Start).TotalDays, 14, 15.5);
        var rings = RingFigures.Of(run.Rollout);
        Assert.Equal(first, rings[0].Targets);
        Assert.Equal(60_000, rings.Sum(r => r.Targets));
        Assert.All(rings, r => Assert.Equal(GateOutcome.GoOn, r.Decision!.Outcome));
        // Who was silent the whole time is not reached; everybody else is.
        Assert.InRange(rings.Sum(r => r.Updated), 59_000, 60_000);
        // Devices did fail meanwhile, of both cohorts: 0.3 % of some thousand in each of several days.
        Assert.InRange(run.Rollout.Members.Values.Count(m => m.Ill != 0), 1_000, 4_000);
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        var runs = new[] { Run(TwoInAHundred, RingUnit.Device, 7), Run(TwoInAHundred, RingUnit.Device, 7) };
        Assert.Equal(runs[0].Rollout.Head.Decisions[0].Why, runs[1].Rollout.Head.Decisions[0].Why);
        Assert.Equal(runs[0].Now, runs[1].Now);
    }

    private static FleetSimulation Run(SimulatedBuild build, RingUnit unit, int seed)
    {
        var run = new FleetSimulation(new SimulationOptions(60_000, 250, seed, build, unit));
        for (var step = 0; !run.IsOver; step++)
        {
            run.Advance();
            // What lasts two weeks is looked at every two hours while nothing is installed.
            if (build != SimulatedBuild.Good || run.Rollout.Head.State == RolloutState.Running || step % 12 == 0)
                run.Look();
        }
        return run;
    }
}
