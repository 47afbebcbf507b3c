using CsCheck;
using Strata.Core.Configuration;
using Strata.Core.Devices;
using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Core.Tests.Updates;

/// <summary>A rollout of a configuration: who has it, and who holds its layer.</summary>
public sealed class LayerRolloutTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(20_000);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);
    private static readonly HealthSigns Well = new(0, 0, 0, 0, 0.05f, 50, false);
    private static readonly ConfigurationTrial Taken = new(TrialOutcome.Taken), Refused = new(TrialOutcome.Refused, "no");

    [Fact]
    public void It_is_given_to_the_ring_under_way_to_who_is_heard_at_the_pace_and_in_windows()
    {
        var rollout = Draft(100, p => p with { Pace = new RolloutPace(InFlight: 6, PerMinute: 4), InWindows = true });
        Assert.False(rollout.Give(Start, All, _ => false));
        Assert.False(rollout.Give(Start, _ => false, All));
        Assert.True(rollout.Give(Start, All, All));
        var given = rollout.Members.Values.Where(m => rollout.Has(m.Id)).ToArray();
        Assert.Equal(4, given.Length);
        // Five minutes and two of its own intervals.
        Assert.All(given, m => Assert.Equal((0, MemberState.Trial, Start.AddMinutes(25)), (m.Ring, m.State, m.Due)));
        rollout.Give(Start.AddMinutes(1), All, All);
        Assert.Equal(6, rollout.InFlight);
        rollout.Pause("lunch", Start.AddMinutes(2));
        rollout.Take(given[0].Id, Taken, Start.AddMinutes(2));
        Assert.False(rollout.Give(Start.AddMinutes(3), All, All));
    }

    [Fact]
    public void Who_refuses_has_what_was_before_and_who_was_not_confirmed_may_still_take_it()
    {
        var rollout = Draft(40, p => p with { Rings = new RingPlan([new Ring(0.5, 1, TimeSpan.FromHours(1)), new Ring(1, 1, default)]), Gate = new GatePolicy { InstallationLimit = 0.5 } });
        rollout.Give(Start, All, All);
        var ids = rollout.Members.Values.Where(m => m.Ring == 0).Select(m => m.Id).ToArray();
        Assert.False(rollout.Take(ids[0], default, Start));
        Assert.True(rollout.Take(ids[0], Refused, Start));
        Assert.True(rollout.Take(ids[1], Taken, Start));
        Assert.False(rollout.Take(ids[1], Refused, Start));
        Assert.False(rollout.Take(DeviceId.Parse("d-99"), Taken, Start));
        Assert.Equal((MemberState.Failed, "no"), (rollout.Members[ids[0]].State, rollout.Members[ids[0]].Reason));
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddMinutes(26));
        Assert.Equal(MemberState.Unconfirmed, rollout.Members[ids[2]].State);
        Assert.Equal([false, true, true], ids.Take(3).Select(rollout.Has));
        Assert.True(rollout.Take(ids[2], Taken, Start.AddHours(1)));
        Assert.Equal(MemberState.Succeeded, rollout.Members[ids[2]].State);
    }

    [Fact]
    public void It_holds_its_layer_from_its_start_until_it_is_settled_and_is_not_retried_once_it_is_done()
    {
        var rollout = Draft(2, p => p with { Rings = new RingPlan([new Ring(1, 1, default)]) }, start: false);
        Assert.False(rollout.HoldsLayer);
        rollout.Start(Start);
        Assert.True(rollout is { HoldsLayer: true, IsWithNobody: true });
        rollout.Give(Start, All, All);
        Assert.False(rollout.IsWithNobody);
        foreach (var id in rollout.Members.Keys.ToArray())
            rollout.Take(id, Taken, Start);
        rollout.Look(_ => new MemberEvidence(Well, true), Start);
        Assert.Equal(RolloutState.Done, rollout.Head.State);
        Assert.True(rollout.Has(DeviceId.Parse("d-99")), "In the end everybody has it.");
        Assert.Equal(ProblemKind.Conflict, rollout.Retry(Start).Problem!.Kind);
        Assert.Equal(ProblemKind.Conflict, rollout.RollBack("r2", Start)!.Kind);
        rollout.Settle();
        Assert.False(rollout.HoldsLayer);
        var again = Rollout.Restore(rollout.Head, rollout.Members.Values.Select(KeptMember.Of), Start);
        Assert.False(again.HoldsLayer);
        var back = RollbackPlanning.Make(rollout, null, "r2", "ada", m => new WayBack("site/hq", "3", null), Start).Rollout.Plan.Configuration!;
        Assert.Equal(new LayerChange("site/hq", 4, "new", "old"), back);
        Assert.Null(rollout.RollBack("r2", Start));
    }

    [Fact]
    public void Taking_back_reaches_whoever_s_ring_has_begun_and_does_not_wait_for_who_is_silent_for_good()
    {
        var rollout = Draft(40, p => p with { Rings = new RingPlan([new Ring(0.5, 1, TimeSpan.FromHours(1)), new Ring(1, 1, default)]), Gate = new GatePolicy { InstallationLimit = 0.001 } });
        rollout.Give(Start, All, All);
        var given = rollout.Members.Values.Where(m => m.Ring == 0).Select(m => m.Id).ToArray();
        foreach (var id in given.Skip(2))
            rollout.Take(id, Taken, Start);
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddMinutes(26));
        Assert.Equal(RolloutState.Aborted, rollout.Head.State);
        var back = RollbackPlanning.Make(rollout, null, "r2", "ada", _ => new WayBack("site/hq", "3", null), Start.AddHours(1)).Rollout;
        Assert.Equal(new LayerChange("site/hq", 3, "new", "old"), back.Plan.Configuration);
        Assert.Null(rollout.RollBack("r2", Start.AddHours(1)));
        back.Start(Start.AddHours(1));
        Assert.Equal(given.Take(2).ToHashSet(), back.Members.Keys.Where(back.Has).ToHashSet());
        Assert.Equal(ProblemKind.Conflict, back.RollBack("r3", Start.AddHours(1))!.Kind);
        // Those two are silent.
        for (var hour = 1; hour <= 3; hour++)
            back.Look(m => new MemberEvidence(Well with { Silent = given.Take(2).Contains(m.Id) }, !given.Take(2).Contains(m.Id)), Start.AddHours(hour));
        Assert.True(back.Head.Ring >= 1, $"It is in ring {back.Head.Ring}.");
        Assert.All(back.Members.Values, m => Assert.Equal(m.Ring <= back.Head.Ring, back.Has(m.Id)));
    }

    [Fact]
    public void The_way_back_of_a_layer_that_goes_is_the_layer_and_the_other_way_round()
    {
        var (gone, came) = (new LayerChange("site/hq", 3, "old", null), new LayerChange("site/hq", 0, null, "new"));
        Assert.Equal(new LayerChange("site/hq", 4, null, "old"), gone.Back(isKept: true));
        Assert.Equal(new LayerChange("site/hq", 3, null, "old"), gone.Back(isKept: false));
        Assert.Equal(new LayerChange("site/hq", 1, "new", null), came.Back(isKept: true));
        Assert.Equal(("layer 'site/hq' is gone", "layer 'site/hq' says it to everybody"), (gone.Outcome, came.Outcome));
    }

    [Fact]
    public void A_configuration_is_not_only_downloaded() => Assert.Equal("mode", (Plan with { Mode = UpdateMode.DownloadOnly }).Refuse()!.Field);

    [Fact]
    public void Whatever_happens_nobody_has_it_before_the_ring_began_and_it_is_the_same_after_a_restart() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 59]).Array[1, 200].Sample(steps =>
        {
            var rollout = Draft(40, p => p with { Rings = new RingPlan([new Ring(0.2, 1, TimeSpan.FromMinutes(20)), new Ring(0.5, 1, TimeSpan.FromMinutes(20)), new Ring(1, 1, default)]), Gate = new GatePolicy { InstallationLimit = 0.5 } });
            var now = Start;
            foreach (var (what, who) in steps)
            {
                now += TimeSpan.FromMinutes(who % 4);
                var id = DeviceId.Parse($"d-{who}");
                _ = what switch
                {
                    0 or 1 => rollout.Give(now, m => m.Id != id, All),
                    2 or 3 or 4 => rollout.Take(id, Taken, now),
                    5 => rollout.Take(id, Refused, now),
                    6 => rollout.Join(Candidate(who), now),
                    7 => rollout.Leave(id),
                    8 => who == 0 && rollout.Abort("enough", now) is null,
                    _ => rollout.Look(_ => new MemberEvidence(Well, true), now) is not null,
                };
                Assert.All(rollout.Members.Values, m => Assert.True(rollout.Head.State == RolloutState.Done || !rollout.Has(m.Id) || m.Ring <= rollout.Head.Ring, $"{m.Id} of ring {m.Ring} has it in ring {rollout.Head.Ring}."));
                var again = Rollout.Restore(rollout.Head, rollout.Members.Values.Select(KeptMember.Of), now);
                Assert.Equal(rollout.Members.Keys.Where(rollout.Has).Order(Comparer<DeviceId>.Create((a, b) => string.CompareOrdinal(a.Value, b.Value))), again.Members.Keys.Where(again.Has).Order(Comparer<DeviceId>.Create((a, b) => string.CompareOrdinal(a.Value, b.Value))));
            }
        }, iter: 200);

    private static RolloutPlan Plan => new()
    {
        Id = "r1", Name = "test", CreatedBy = "ada", Created = Start, Artifact = "site/hq", Component = "configuration", Version = "4", Query = "site:hq", NeedsApproval = false, Configuration = new LayerChange("site/hq", 3, "old", "new"),
    };

    private static bool All(RolloutMember member) => true;

    private static RolloutCandidate Candidate(int i) => new(new RolloutTarget(DeviceId.Parse($"d-{i}"), $"hq/{i % 5}", "m", null, null), Interval, "3");

    private static Rollout Draft(int devices, Func<RolloutPlan, RolloutPlan>? with = null, bool start = true)
    {
        var rollout = Rollout.Draft(with?.Invoke(Plan) ?? Plan, [.. Enumerable.Range(0, devices).Select(Candidate)], Start);
        if (start)
            Assert.Null(rollout.Start(Start));
        return rollout;
    }
}
