using Strata.Core.Devices;
using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Core.Tests.Updates;

public sealed class RolloutTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(20_000);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);
    private static readonly HealthSigns Well = new(0, 0, 0, 0, 0.05f, 50, false);

    [Fact]
    public void Who_made_it_cannot_approve_it_and_it_waits_until_somebody_else_does()
    {
        var rollout = Draft(100, p => p with { NeedsApproval = true }, start: false);
        Assert.Null(rollout.Start(Start));
        Assert.Equal(RolloutState.WaitingForApproval, rollout.Head.State);
        Assert.Null(rollout.Poll(Id(0), Start, true));
        Assert.Equal("Rollout r1 waits for approval; it cannot be paused.", rollout.Pause("lunch", Start)!.Detail);
        Assert.Equal(ProblemKind.Forbidden, rollout.Approve("ada", Start)!.Kind);
        Assert.Null(rollout.Approve("bob", Start));
        Assert.Equal((RolloutState.Running, "bob"), (rollout.Head.State, rollout.Head.ApprovedBy));
        Assert.Equal(ProblemKind.Conflict, rollout.Approve("eve", Start)!.Kind);
    }

    [Fact]
    public void Only_the_ring_under_way_is_given_the_update_and_no_more_than_the_pace_allows()
    {
        var rollout = Draft(1_000, p => p with { Pace = new RolloutPace(InFlight: 6, PerMinute: 4, PerGateway: 100) });
        var offered = rollout.Members.Keys.Count(id => rollout.Poll(id, Start, true) is not null);
        Assert.Equal(4, offered);
        Assert.Equal(6, Enumerable.Range(0, 5).Max(m => rollout.Members.Keys.Count(id => rollout.Poll(id, Start.AddMinutes(m), true) is not null)));
        Assert.All(rollout.Members.Values.Where(m => m.State == MemberState.Offered), m => Assert.Equal(0, m.Ring));
    }

    [Fact]
    public void Behind_one_gateway_no_more_are_in_flight_than_it_can_bear()
    {
        var rollout = Draft(200, p => p with { Pace = new RolloutPace(PerGateway: 3), Rings = new RingPlan([new Ring(1, 1, default)]) }, gateway: "gw-1");
        Assert.Equal(3, rollout.Members.Keys.Count(id => rollout.Poll(id, Start, true) is not null));
        var one = rollout.Members.Values.First(m => m.State == MemberState.Offered);
        Assert.Null(rollout.Report(one.Id, MemberState.Succeeded, null, "2.0", null, Start));
        Assert.Equal(3, rollout.Members.Keys.Count(id => rollout.Poll(id, Start, true) is not null));
    }

    [Fact]
    public void Outside_of_its_maintenance_window_a_device_is_offered_nothing_unless_forced()
    {
        var rollout = Draft(50, p => p with { InWindows = true });
        var canary = rollout.Members.Values.First(m => m.Ring == 0).Id;
        Assert.Null(rollout.Poll(canary, Start, inWindow: false));
        Assert.NotNull(rollout.Poll(canary, Start, inWindow: true));
        var forced = Draft(50, p => p with { InWindows = true, Mode = UpdateMode.Forced });
        Assert.NotNull(forced.Poll(canary, Start, inWindow: false));
    }

    [Fact]
    public void What_a_device_says_must_follow_from_what_it_said()
    {
        var rollout = Draft(50);
        var id = rollout.Members.Values.First(m => m.Ring == 0).Id;
        Assert.Equal(ProblemKind.NotFound, rollout.Report(id, MemberState.Succeeded, null, null, null, Start)!.Kind);
        Assert.Equal(1, rollout.Poll(id, Start, true)!.Attempt);
        Assert.Same(rollout.Poll(id, Start, true), rollout.Poll(id, Start, true));
        foreach (var state in new[] { MemberState.Downloading, MemberState.Installing, MemberState.Trial, MemberState.Succeeded, MemberState.Succeeded })
            Assert.Null(rollout.Report(id, state, null, state == MemberState.Succeeded ? "2.0" : "1.0", null, Start));
        Assert.Equal(ProblemKind.Conflict, rollout.Report(id, MemberState.Failed, "x", null, null, Start)!.Kind);
        Assert.Null(rollout.Report(id, MemberState.RolledBack, "watchdog", "1.0", null, Start));
        Assert.Equal((MemberState.RolledBack, "watchdog"), (rollout.Members[id].State, rollout.Members[id].Reason));
    }

    [Fact]
    public void Why_a_device_waits_is_known_as_long_as_it_says_so()
    {
        var rollout = Draft(50);
        var id = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(id, Start, true);
        foreach (var why in new[] { null, "it installs from 02:00 to 04:00 UTC", "the operator says no", null })
        {
            Assert.Null(rollout.Report(id, MemberState.Downloading, why, "1.0", 1, Start));
            Assert.Equal((MemberState.Downloading, why), (rollout.Members[id].State, rollout.Members[id].Reason));
        }
        Assert.Null(rollout.Report(id, MemberState.Failed, "no room", "1.0", null, Start));
        Assert.Null(rollout.Report(id, MemberState.Failed, null, "1.0", null, Start));
        Assert.Equal("no room", rollout.Members[id].Reason);
    }

    [Fact]
    public void Why_devices_wait_is_written_once_where_it_is_news_and_of_so_many_at_a_look()
    {
        var rollout = Draft(300);
        var ids = rollout.Members.Values.Where(m => m.Ring == 0).Take(3).Select(m => m.Id).ToArray();
        foreach (var id in ids)
        {
            rollout.Poll(id, Start, true);
            rollout.Report(id, MemberState.Trial, null, "1.0", null, Start);
        }
        rollout.TakeDirty();
        foreach (var battery in new[] { 12, 13, 14 })
        {
            foreach (var id in ids)
                rollout.Report(id, MemberState.Trial, $"battery {battery} %", "1.0", null, Start);
        }
        Assert.Empty(rollout.TakeDirty().Changed);
        Assert.Equal((ids[0], "battery 14 %"), Written(most: 1));
        // Who says something else again is behind those that wait to be written.
        rollout.Report(ids[0], MemberState.Trial, "battery 15 %", "1.0", null, Start);
        // What is as it was written needs no more.
        rollout.Report(ids[1], MemberState.Trial, null, "1.0", null, Start);
        Assert.Equal((ids[2], "battery 14 %"), Written(most: 1));
        Assert.Equal((ids[0], "battery 15 %"), Written(most: 10));
        rollout.KeepReasons(10);
        Assert.Empty(rollout.TakeDirty().Changed);
        var again = Rollout.Restore(rollout.Head, rollout.Members.Values.Select(KeptMember.Of), Start);
        again.Report(ids[0], MemberState.Trial, "battery 15 %", "1.0", null, Start);
        again.KeepReasons(10);
        Assert.Empty(again.TakeDirty().Changed);

        (DeviceId, string?) Written(int most)
        {
            rollout.KeepReasons(most);
            var member = Assert.Single(rollout.TakeDirty().Changed);
            return (member.Id, member.Reason);
        }
    }

    [Fact]
    public void What_a_device_ran_before_becomes_known_by_its_own_word()
    {
        var rollout = Rollout.Draft(
            new RolloutPlan { Id = "r1", Name = "test", CreatedBy = "ada", Created = Start, Artifact = "app/2.0/y", Component = "app", Version = "2.0", NeedsApproval = false },
            [new RolloutCandidate(new RolloutTarget(Id(0), null, "m", null, null), Interval, null)], Start);
        rollout.Start(Start);
        rollout.Poll(Id(0), Start, true);
        Assert.Null(rollout.Report(Id(0), MemberState.Downloading, null, "1.3", 0.1, Start));
        Assert.Null(rollout.Report(Id(0), MemberState.Succeeded, null, "2.0", null, Start));
        Assert.Equal(("1.3", "2.0"), (rollout.Members[Id(0)].Candidate.From, rollout.Members[Id(0)].Runs));
    }

    [Fact]
    public void Who_says_that_it_succeeded_and_runs_something_else_has_failed()
    {
        var rollout = Draft(50);
        var id = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(id, Start, true);
        Assert.Null(rollout.Report(id, MemberState.Succeeded, null, "1.0", null, Start));
        Assert.Equal((MemberState.Failed, "says that it succeeded, but runs 1.0 in place of 2.0"), (rollout.Members[id].State, rollout.Members[id].Reason));
    }

    [Fact]
    public void Who_is_not_heard_within_its_own_interval_is_unconfirmed_and_may_come_back()
    {
        var rollout = Draft(50);
        var id = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(id, Start, true);
        rollout.Report(id, MemberState.Trial, null, null, null, Start);
        rollout.Look(_ => new MemberEvidence(Well, true), Start + TimeSpan.FromMinutes(15));
        Assert.Equal(MemberState.Trial, rollout.Members[id].State);
        rollout.Look(_ => new MemberEvidence(Well, true), Start + TimeSpan.FromMinutes(16));
        Assert.Equal(MemberState.Unconfirmed, rollout.Members[id].State);
        // One of one is more than one in a thousand.
        Assert.Equal(RolloutState.Aborted, rollout.Head.State);
        Assert.Null(rollout.Report(id, MemberState.Succeeded, null, "2.0", null, Start + TimeSpan.FromMinutes(30)));
    }

    [Fact]
    public void An_abort_lets_go_of_who_has_not_begun_to_install_and_refuses_with_the_reason()
    {
        var rollout = Draft(400);
        var canaries = rollout.Members.Values.Where(m => m.Ring == 0).Take(2).Select(m => m.Id).ToArray();
        foreach (var id in canaries)
            rollout.Poll(id, Start, true);
        rollout.Report(canaries[0], MemberState.Installing, null, null, null, Start);
        Assert.Null(rollout.Abort("smoke", Start));
        Assert.Equal((MemberState.Installing, MemberState.Waiting), (rollout.Members[canaries[0]].State, rollout.Members[canaries[1]].State));
        Assert.Null(rollout.Poll(canaries[1], Start, true));
        Assert.Null(rollout.Poll(canaries[0], Start, true));
        Assert.False(rollout.HasFor(canaries[0], Start, true));
        Assert.Contains("aborted: smoke", rollout.Report(canaries[1], MemberState.Downloading, null, null, null, Start)!.Detail, StringComparison.Ordinal);
        Assert.Null(rollout.Report(canaries[0], MemberState.Succeeded, null, "2.0", null, Start));
    }

    [Fact]
    public void Of_a_rollout_that_is_over_a_device_that_installs_is_waited_for_until_it_is_due()
    {
        var rollout = Draft(400);
        var canary = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(canary, Start, true);
        rollout.Report(canary, MemberState.Installing, null, null, null, Start);
        rollout.Abort("smoke", Start);
        rollout.TakeDirty();
        Assert.False(rollout.Expire(Start.AddHours(1)));
        Assert.Empty(rollout.TakeDirty().Changed);
        Assert.True(rollout.Expire(Start.AddMinutes(61)));
        Assert.Equal((MemberState.Unconfirmed, 0), (rollout.Members[canary].State, rollout.InFlight));
        Assert.Equal(canary, Assert.Single(rollout.TakeDirty().Changed).Id);
        Assert.Null(rollout.Report(canary, MemberState.Succeeded, null, "2.0", null, Start.AddHours(2)));
    }

    [Fact]
    public void Who_has_not_begun_to_install_when_a_rollout_is_done_is_let_go()
    {
        var rollout = Draft(20, p => p with { Rings = new RingPlan([new Ring(1, 1, TimeSpan.FromHours(1))]) });
        var late = Id(3);
        foreach (var id in rollout.Members.Keys.Where(id => id != late).ToArray())
        {
            rollout.Poll(id, Start, true);
            rollout.Report(id, MemberState.Succeeded, null, "2.0", null, Start);
        }
        rollout.Look(m => new MemberEvidence(Well, m.Id != late), Start);
        Assert.Equal(RolloutState.Soaking, rollout.Head.State);
        Assert.NotNull(rollout.Poll(late, Start.AddMinutes(50), true));
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddHours(1));
        Assert.Equal((RolloutState.Done, MemberState.Waiting, 0), (rollout.Head.State, rollout.Members[late].State, rollout.InFlight));
        Assert.Null(rollout.Poll(late, Start.AddHours(1), true));
        Assert.Equal("Rollout r1 is done: it has no job for d-3 any more.", rollout.Report(late, MemberState.Installing, null, null, null, Start.AddHours(1))!.Detail);
    }

    [Fact]
    public void What_is_taken_to_be_written_is_what_changed_since()
    {
        var rollout = Draft(300);
        Assert.Equal(300, rollout.TakeDirty().Changed.Count);
        Assert.Empty(rollout.TakeDirty().Changed);
        var id = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(id, Start, true);
        rollout.Report(id, MemberState.Downloading, null, null, null, Start);
        Assert.Equal(id, Assert.Single(rollout.TakeDirty().Changed).Id);
        Assert.True(rollout.Join(Candidate(1_000), Start));
        Assert.Equal(Id(1_000), Assert.Single(rollout.TakeDirty().Changed).Id);
        // Who comes and goes between two writes leaves nothing to write but that it is gone.
        Assert.True(rollout.Join(Candidate(1_001), Start));
        Assert.True(rollout.Leave(Id(1_001)));
        var (changed, left) = rollout.TakeDirty();
        Assert.Empty(changed);
        Assert.Equal([Id(1_001)], left);
    }

    [Fact]
    public void Who_installs_just_now_is_taken_back_too_and_of_what_was_only_downloaded_nobody()
    {
        var rollout = Draft(400);
        var canaries = rollout.Members.Values.Where(m => m.Ring == 0).Take(2).Select(m => m.Id).ToArray();
        foreach (var id in canaries)
            rollout.Poll(id, Start, true);
        rollout.Report(canaries[0], MemberState.Installing, null, null, null, Start);
        var back = RollbackPlanning.Make(rollout, null, "r2", "ada", _ => new WayBack("app/1.0/x", "1.0", null), Start);
        Assert.Equal([canaries[0]], back.Rollout.Members.Keys);

        var kept = Draft(400, p => p with { Mode = UpdateMode.DownloadOnly });
        Install(kept, Start);
        Assert.Empty(RollbackPlanning.Make(kept, null, "r2", "ada", _ => new WayBack("app/1.0/x", "1.0", null), Start).Rollout.Members);
    }

    [Fact]
    public void A_version_may_be_written_in_two_ways()
    {
        var rollout = Draft(50);
        var id = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(id, Start, true);
        Assert.Null(rollout.Report(id, MemberState.Succeeded, null, "v2.0.0", null, Start));
        Assert.Equal(MemberState.Succeeded, rollout.Members[id].State);
    }

    [Fact]
    public void A_pause_is_no_time_of_watching()
    {
        var rollout = Draft(100, p => p with { Rings = new RingPlan([new Ring(0.1, 1, TimeSpan.FromHours(10)), new Ring(1, 1, default)]) });
        Install(rollout, Start);
        rollout.Look(_ => new MemberEvidence(Well, true), Start);
        Assert.Equal(RolloutState.Soaking, rollout.Head.State);
        Assert.Null(rollout.Pause("lunch", Start.AddHours(2)));
        Assert.Null(rollout.Resume(Start.AddHours(50)));
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddHours(57));
        Assert.Equal((RolloutState.Soaking, 0), (rollout.Head.State, rollout.Head.Ring));
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddHours(58));
        Assert.Equal((RolloutState.Running, 1), (rollout.Head.State, rollout.Head.Ring));
    }

    [Fact]
    public void Devices_that_come_later_are_staged_and_who_leaves_before_its_turn_is_gone()
    {
        var rollout = Draft(200);
        for (var i = 1_000; i < 3_000; i++)
            Assert.True(rollout.Join(Candidate(i), Start));
        Assert.False(rollout.Join(Candidate(5), Start));
        Assert.InRange(rollout.Members.Values.Count(m => m.Ring == 0), 15, 60);
        var gone = rollout.Members.Values.First(m => m.Ring == 3).Id;
        Assert.True(rollout.Leave(gone));
        Assert.Equal([gone], rollout.TakeDirty().Left);
        var kept = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(kept, Start, true);
        Assert.False(rollout.Leave(kept));
    }

    [Fact]
    public void After_a_restart_it_goes_on_where_it_was()
    {
        var rollout = Draft(300);
        Install(rollout, Start);
        rollout.Look(_ => new MemberEvidence(Well, true), Start);
        var again = Rollout.Restore(rollout.Head, rollout.Members.Values.Select(KeptMember.Of), Start);
        Assert.Equal(rollout.InFlight, again.InFlight);
        for (var hour = 1; hour <= 49; hour++)
        {
            foreach (var each in new[] { rollout, again })
                each.Look(m => new MemberEvidence(m.Id == Id(7) ? Well with { Errors = 50 } : Well, true), Start.AddHours(hour));
        }
        Assert.Equal((RolloutState.Running, 1), (again.Head.State, again.Head.Ring));
        Assert.Equal(rollout.Head.Decisions[0].Why, again.Head.Decisions[0].Why);
    }

    [Fact]
    public void Time_in_which_nobody_listened_is_not_held_against_a_device()
    {
        var rollout = Draft(300);
        var id = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(id, Start, true);
        rollout.Report(id, MemberState.Installing, null, null, null, Start);
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddMinutes(20));
        var again = Rollout.Restore(rollout.Head, rollout.Members.Values.Select(KeptMember.Of), Start.AddHours(5));
        Assert.Equal(id, Assert.Single(again.TakeDirty().Changed).Id);
        // Twenty minutes of its hour are over.
        again.Look(_ => new MemberEvidence(Well, true), Start.AddHours(5).AddMinutes(40));
        Assert.Equal(MemberState.Installing, again.Members[id].State);
        again.Look(_ => new MemberEvidence(Well, true), Start.AddHours(5).AddMinutes(41));
        Assert.Equal(MemberState.Unconfirmed, again.Members[id].State);
        // Who was not away long is due as it was.
        again = Rollout.Restore(rollout.Head, rollout.Members.Values.Select(KeptMember.Of), Start.AddMinutes(21));
        Assert.Empty(again.TakeDirty().Changed);
    }

    [Fact]
    public void A_long_download_is_written_now_and_then_so_that_it_is_known_after_a_restart()
    {
        var rollout = Draft(300);
        var id = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(id, Start, true);
        var written = 0;
        for (var minute = 0; minute <= 50; minute++)
        {
            rollout.Report(id, MemberState.Downloading, null, null, minute / 100.0, Start.AddMinutes(minute));
            written += rollout.TakeDirty().Changed.Count(m => m.Id == id);
        }
        Assert.Equal(11, written);
        var again = Rollout.Restore(rollout.Head, rollout.Members.Values.Select(KeptMember.Of), Start.AddMinutes(51));
        again.Look(_ => new MemberEvidence(Well, true), Start.AddMinutes(109));
        Assert.Equal(MemberState.Downloading, again.Members[id].State);
    }

    [Fact]
    public void Going_back_is_a_rollout_of_its_own_that_begins_with_those_that_were_hurt()
    {
        var rollout = Draft(3_000, p => p with { Rings = new RingPlan([new Ring(0.1, 1, TimeSpan.FromDays(1)), new Ring(1, 1, default)]) });
        rollout.Look(_ => new MemberEvidence(Well, true), Start);
        Install(rollout, Start);
        var hurt = rollout.Members.Values.Where(m => m.Ring == 0).Take(30).Select(m => m.Id).ToHashSet();
        rollout.Look(m => new MemberEvidence(hurt.Contains(m.Id) ? Well with { Silent = true } : Well, true), Start.AddHours(1));
        Assert.Equal((RolloutState.Aborted, "health"), (rollout.Head.State, rollout.Head.Decisions[0].Rule));
        var stuck = rollout.Members.Values.First(m => m.State == MemberState.Succeeded && !hurt.Contains(m.Id)).Id;
        var back = RollbackPlanning.Make(rollout, null, "r2", "ada", m => m.Id == stuck ? new WayBack(null, null, "its artifact is gone") : new WayBack("app/1.0/x", "1.0", null), Start.AddHours(2));
        Assert.Equal([(stuck, "its artifact is gone")], back.Stranded);
        Assert.Equal(299, back.Rollout.Members.Count);
        Assert.Equal(hurt, back.Rollout.Members.Values.Where(m => m.Ring == 0).Select(m => m.Id).ToHashSet());
        Assert.Equal(26, back.Rollout.Members.Values.Count(m => m.Ring == 1));
        Assert.Null(rollout.RollBack("r2", Start.AddHours(2)));
        Assert.Null(back.Rollout.Start(Start.AddHours(2)));
        var first = back.Rollout.Poll(hurt.First(), Start.AddHours(2), true);
        Assert.Equal(("app/1.0/x", "1.0"), (first!.Candidate.Artifact, first.Candidate.Version));
        Assert.Null(back.Rollout.Report(first.Id, MemberState.Succeeded, null, "1.0", null, Start.AddHours(2)));
        Assert.Equal(MemberState.Succeeded, first.State);
    }

    [Fact]
    public void A_way_back_that_was_aborted_is_followed_by_another_for_those_that_did_not_go()
    {
        var rollout = Draft(40, p => p with { Rings = new RingPlan([new Ring(1, 1, TimeSpan.FromDays(1))]) });
        rollout.Look(_ => new MemberEvidence(Well, true), Start);
        Install(rollout, Start);
        rollout.Abort("a mistake", Start);
        var first = Back("r2", null);
        Assert.Null(rollout.RollBack("r2", Start));
        first.Start(Start);
        var went = first.Members.Values.Where(m => m.Ring == 0).Select(m => m.Id).ToHashSet();
        foreach (var id in went)
        {
            Assert.NotNull(first.Poll(id, Start, true));
            Assert.Null(first.Report(id, MemberState.Succeeded, null, "1.0", null, Start));
        }
        Assert.Equal("Rollout r1 is taken back by r2 already.", rollout.RollBack("r3", Start)!.Detail);
        first.Abort("by mistake", Start);
        rollout.RolledBack(isDone: false, Start);
        Assert.Equal((RolloutState.Aborted, "a mistake; taken back in part by r2"), (rollout.Head.State, rollout.Head.Why));

        var second = Back("r3", first);
        Assert.Equal(rollout.Members.Keys.Except(went).ToHashSet(), second.Members.Keys.ToHashSet());
        Assert.Null(rollout.RollBack("r3", Start));
        Assert.Equal((RolloutState.RollingBack, "r3"), (rollout.Head.State, rollout.Head.Rollback));
        rollout.RolledBack(isDone: true, Start);
        // Whoever was brought forward again goes too; of one that is forgotten nobody knows who went.
        first.RollBack("r4", Start);
        Assert.Equal(40, Back("r5", first).Members.Count);
        Assert.Equal(40, Back("r5", null).Members.Count);

        Rollout Back(string id, Rollout? earlier) => RollbackPlanning.Make(rollout, earlier, id, "ada", _ => new WayBack("app/1.0/x", "1.0", null), Start).Rollout;
    }

    [Fact]
    public void Going_back_does_not_wait_for_those_that_are_silent_for_good_and_is_not_over_before_anybody_went()
    {
        var rollout = Draft(40, p => p with { Rings = new RingPlan([new Ring(1, 1, TimeSpan.FromDays(1))]) });
        rollout.Look(_ => new MemberEvidence(Well, true), Start);
        Install(rollout, Start);
        var dead = rollout.Members.Values.Take(2).Select(m => m.Id).ToHashSet();
        rollout.Look(m => new MemberEvidence(dead.Contains(m.Id) ? Well with { Silent = true } : Well, true), Start.AddHours(1));
        var back = RollbackPlanning.Make(rollout, null, "r2", "ada", _ => new WayBack("app/1.0/x", "1.0", null), Start).Rollout;
        Assert.Equal(dead, back.Members.Values.Where(m => m.Ring == 0).Select(m => m.Id).ToHashSet());
        back.Start(Start);
        back.Look(m => new MemberEvidence(Well, !dead.Contains(m.Id)), Start);
        back.Look(m => new MemberEvidence(Well, !dead.Contains(m.Id)), Start.AddHours(1));
        Assert.Equal((RolloutState.Running, 1), (back.Head.State, back.Head.Ring));
        for (var hour = 2; hour < 100; hour++)
            back.Look(_ => new MemberEvidence(Well, false), Start.AddHours(hour));
        Assert.Equal((RolloutState.Running, 2), (back.Head.State, back.Head.Ring));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_fleet_too_small_for_its_rings_comes_to_its_end(int devices)
    {
        var rollout = Draft(devices);
        for (var hour = 0; hour < 20 * 24; hour++)
        {
            foreach (var id in rollout.Members.Keys.Where(id => rollout.Poll(id, Start.AddHours(hour), true) is not null).ToArray())
                Assert.Null(rollout.Report(id, MemberState.Succeeded, null, "2.0", null, Start.AddHours(hour)));
            rollout.Look(_ => new MemberEvidence(Well, true), Start.AddHours(hour));
        }
        Assert.Equal((RolloutState.Done, devices), (rollout.Head.State, rollout.Members.Values.Count(m => m.State == MemberState.Succeeded)));
    }

    [Fact]
    public void Who_is_no_more_is_neither_waited_for_nor_a_failure()
    {
        var rollout = Draft(60, p => p with { Query = null, Rings = new RingPlan([new Ring(0.1, 2, TimeSpan.FromHours(1)), new Ring(1, 1, default)]) });
        var canaries = rollout.Members.Values.Where(m => m.Ring == 0).Select(m => m.Id).ToArray();
        Assert.NotNull(rollout.Poll(canaries[0], Start, true));
        Assert.True(rollout.Lose(canaries[0]));
        Assert.False(rollout.Lose(canaries[0]));
        Install(rollout, Start);
        Assert.False(rollout.Lose(canaries[1])); // What became of it counts.
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddDays(2));
        Assert.Equal((RolloutState.Soaking, 0), (rollout.Head.State, rollout.InFlight));
        Assert.Contains(canaries[0], rollout.TakeDirty().Left);
    }

    [Fact]
    public void A_way_back_does_not_stop_because_those_that_were_hurt_do_not_take_it()
    {
        var rollout = Draft(40, p => p with { Rings = new RingPlan([new Ring(1, 1, TimeSpan.FromDays(1))]) });
        rollout.Look(_ => new MemberEvidence(Well, true), Start);
        Install(rollout, Start);
        var hurt = rollout.Members.Values.Take(2).Select(m => m.Id).ToArray();
        rollout.Look(m => new MemberEvidence(hurt.Contains(m.Id) ? Well with { Silent = true } : Well, true), Start.AddHours(1));
        var back = RollbackPlanning.Make(rollout, null, "r2", "ada", _ => new WayBack("app/1.0/x", "1.0", null), Start).Rollout;
        back.Start(Start);
        Assert.NotNull(back.Poll(hurt[0], Start, true)); // And then it is silent again.
        Assert.NotNull(back.Poll(hurt[1], Start, true));
        Assert.Null(back.Report(hurt[1], MemberState.Failed, "no room", null, null, Start));
        back.Look(m => new MemberEvidence(Well, !hurt.Contains(m.Id)), Start);
        back.Look(m => new MemberEvidence(Well, !hurt.Contains(m.Id)), Start.AddHours(1));
        Assert.Equal((RolloutState.Running, 1), (back.Head.State, back.Head.Ring));
        foreach (var id in back.Members.Values.Where(m => m.Ring == 1).Select(m => m.Id).ToArray())
        {
            Assert.NotNull(back.Poll(id, Start.AddHours(1), true));
            Assert.Null(back.Report(id, MemberState.Succeeded, null, "1.0", null, Start.AddHours(1)));
        }
        for (var hour = 1; hour <= 25; hour++)
            back.Look(m => new MemberEvidence(Well, !hurt.Contains(m.Id)), Start.AddHours(hour));
        Assert.Equal((RolloutState.Running, 2, MemberState.Unconfirmed), (back.Head.State, back.Head.Ring, back.Members[hurt[0]].State));
        // Of those that were well one is enough.
        var well = back.Members.Values.First(m => m.Ring == 2).Id;
        Assert.NotNull(back.Poll(well, Start.AddHours(26), true));
        Assert.Null(back.Report(well, MemberState.Failed, "it does not fit", null, null, Start.AddHours(26)));
        back.Look(_ => new MemberEvidence(Well, true), Start.AddHours(26));
        Assert.Equal(RolloutState.Aborted, back.Head.State);
    }

    [Theory]
    [InlineData(MemberState.Trial)]
    [InlineData(MemberState.Succeeded)]
    public void Who_has_installed_it_when_it_was_let_go_is_heard_and_can_be_taken_back(MemberState said)
    {
        var rollout = Draft(400);
        var canary = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(canary, Start, true);
        rollout.Report(canary, MemberState.Downloading, null, "1.0", null, Start);
        rollout.Abort("smoke", Start);
        Assert.Equal(ProblemKind.Conflict, rollout.Report(canary, MemberState.Downloading, null, "1.0", null, Start)!.Kind);
        Assert.Equal(ProblemKind.Conflict, rollout.Report(canary, MemberState.Failed, "x", "1.0", null, Start)!.Kind);
        Assert.Null(rollout.Report(canary, said, null, said == MemberState.Succeeded ? "2.0" : "1.0", null, Start.AddHours(1)));
        Assert.Equal(said, rollout.Members[canary].State);
        Assert.Equal([canary], RollbackPlanning.Make(rollout, null, "r2", "ada", _ => new WayBack("app/1.0/x", "1.0", null), Start).Rollout.Members.Keys);
    }

    [Fact]
    public void Who_went_back_by_one_way_is_followed_by_who_said_later_that_it_has_to()
    {
        var rollout = Draft(40, p => p with { Rings = new RingPlan([new Ring(1, 1, TimeSpan.FromDays(1))]) });
        var late = Id(7);
        rollout.Poll(late, Start, true);
        foreach (var id in rollout.Members.Keys.Where(id => id != late).ToArray())
        {
            rollout.Poll(id, Start, true);
            rollout.Report(id, MemberState.Succeeded, null, "2.0", null, Start);
        }
        rollout.Abort("smoke", Start);
        var back = RollbackPlanning.Make(rollout, null, "r2", "ada", _ => new WayBack("app/1.0/x", "1.0", null), Start).Rollout;
        Assert.Null(rollout.RollBack("r2", Start));
        back.Start(Start);
        foreach (var id in back.Members.Values.Where(m => m.Ring == 0).Select(m => m.Id).ToArray())
        {
            back.Poll(id, Start, true);
            back.Report(id, MemberState.Succeeded, null, "1.0", null, Start);
        }
        Assert.Null(rollout.Report(late, MemberState.Succeeded, null, "2.0", null, Start.AddDays(1)));
        rollout.RolledBack(isDone: true, Start.AddDays(2));
        var second = RollbackPlanning.Make(rollout, back, "r3", "ada", _ => new WayBack("app/1.0/x", "1.0", null), Start.AddDays(3)).Rollout;
        Assert.Contains(late, second.Members.Keys);
        Assert.DoesNotContain(back.Members.Values.First(m => m.Ring == 0).Id, second.Members.Keys);
        Assert.Null(rollout.RollBack("r3", Start.AddDays(3)));
    }

    [Fact]
    public void A_ring_does_not_wait_for_ever_for_a_device_that_always_says_the_same()
    {
        var rollout = Draft(200, p => p with { Rings = new RingPlan([new Ring(0.05, 10, TimeSpan.FromDays(2)), new Ring(1, 1, default)]) });
        var slow = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(slow, Start, true);
        foreach (var id in rollout.Members.Values.Where(m => m.Ring == 0 && m.Id != slow).Select(m => m.Id).ToArray())
        {
            rollout.Poll(id, Start, true);
            rollout.Report(id, MemberState.Succeeded, null, "2.0", null, Start);
        }
        var (week, next) = (TimeSpan.FromDays(7), TimeSpan.FromDays(9));
        for (var passed = TimeSpan.Zero; passed <= next; passed += TimeSpan.FromMinutes(30))
        {
            Assert.Null(rollout.Report(slow, MemberState.Downloading, "the operator says no", "1.0", 1, Start + passed));
            rollout.Look(_ => new MemberEvidence(Well, true), Start + passed);
            Assert.Equal(passed >= week && passed < next ? RolloutState.Soaking : RolloutState.Running, rollout.Head.State);
        }
        // Nor does the next ring.
        Install(rollout, Start.AddDays(9), slow);
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddDays(9));
        Assert.Equal((RolloutState.Done, 1), (rollout.Head.State, rollout.Head.Ring));
    }

    [Fact]
    public void Who_starts_the_new_version_again_and_again_is_unconfirmed_when_its_time_is_over()
    {
        var rollout = Draft(50);
        var canary = rollout.Members.Values.First(m => m.Ring == 0).Id;
        rollout.Poll(canary, Start, true);
        for (var minutes = 0; minutes < 16; minutes += 2)
        {
            Assert.Null(rollout.Report(canary, MemberState.Trial, null, "1.0", null, Start.AddMinutes(minutes)));
            // To begin anew within the attempt is no way to more time.
            Assert.Equal(ProblemKind.Conflict, rollout.Report(canary, MemberState.Downloading, null, "1.0", 0.1, Start.AddMinutes(minutes))!.Kind);
        }
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddMinutes(16));
        Assert.Equal((MemberState.Unconfirmed, RolloutState.Aborted), (rollout.Members[canary].State, rollout.Head.State));
    }

    [Fact]
    public void Time_in_which_nobody_watched_is_no_time_of_watching()
    {
        var rollout = Draft(100, p => p with { Rings = new RingPlan([new Ring(0.1, 1, TimeSpan.FromHours(48)), new Ring(1, 1, default)]) });
        Install(rollout, Start);
        rollout.Look(_ => new MemberEvidence(Well, true), Start);
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddHours(1));
        var again = Rollout.Restore(rollout.Head, rollout.Members.Values.Select(KeptMember.Of), Start.AddHours(50));
        // Restored once more before it was looked at, nothing is added twice.
        again = Rollout.Restore(again.Head, again.Members.Values.Select(KeptMember.Of), Start.AddHours(50));
        again.Look(_ => new MemberEvidence(Well, true), Start.AddHours(96).AddMinutes(59));
        Assert.Equal((RolloutState.Soaking, 0), (again.Head.State, again.Head.Ring));
        again.Look(_ => new MemberEvidence(Well, true), Start.AddHours(97));
        Assert.Equal((RolloutState.Running, 1), (again.Head.State, again.Head.Ring));
    }

    [Fact]
    public void What_a_device_ran_is_what_it_ran_when_its_turn_came()
    {
        var rollout = Draft(50);
        var canaries = rollout.Members.Values.Where(m => m.Ring == 0).Select(m => m.Id).Take(3).ToArray();
        Assert.Equal("1.5", rollout.Poll(canaries[0], Start, true, "1.5")!.Candidate.From);
        Assert.Equal("1.0", rollout.Poll(canaries[1], Start, true, "2.0")!.Candidate.From); // It has it already.
        rollout.Poll(canaries[2], Start, true);
        Assert.Null(rollout.Report(canaries[2], MemberState.Downloading, null, "1.6", null, Start));
        Assert.Null(rollout.Report(canaries[2], MemberState.RolledBack, "watchdog", "1.7", null, Start));
        Assert.Equal("1.6", rollout.Members[canaries[2]].Candidate.From);
        Assert.Null(rollout.Report(canaries[0], MemberState.Succeeded, null, null, null, Start));
        Assert.Equal("2.0", rollout.Members[canaries[0]].Runs);
    }

    [Fact]
    public void Those_that_are_tried_again_have_their_week_too()
    {
        var rollout = Draft(20, p => p with { Rings = new RingPlan([new Ring(1, 1, default)]) });
        var (left, now) = (Id(3), Start);
        Install(rollout, now, left);
        rollout.Look(m => new MemberEvidence(Well, m.Id != left), now);
        Assert.Equal(RolloutState.Done, rollout.Head.State);
        now = Start.AddDays(10);
        Assert.Equal(1, rollout.Retry(now).Value);
        rollout.Look(_ => new MemberEvidence(Well, true), now.AddDays(6));
        Assert.NotNull(rollout.Poll(left, now.AddDays(6), true));
        Assert.Null(rollout.Report(left, MemberState.Succeeded, null, "2.0", null, now.AddDays(6)));
        rollout.Look(_ => new MemberEvidence(Well, true), now.AddDays(6));
        Assert.Equal(RolloutState.Done, rollout.Head.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pause_is_no_time_of_waiting_either(bool retries)
    {
        var rollout = Draft(200, p => p with { Rings = new RingPlan([new Ring(0.05, 10, TimeSpan.FromHours(1)), new Ring(1, 1, default)]) });
        var left = rollout.Members.Values.First(m => m.Ring == 0).Id;
        Install(rollout, Start, left);
        rollout.Look(m => new MemberEvidence(Well, !retries || m.Id != left), Start);
        Assert.Equal(retries ? RolloutState.Soaking : RolloutState.Running, rollout.Head.State);
        Assert.Null(rollout.Pause("lunch", Start));
        if (retries)
            Assert.Equal(1, rollout.Retry(Start.AddDays(8)).Value);
        Assert.Null(rollout.Resume(Start.AddDays(8)));
        rollout.Look(_ => new MemberEvidence(Well, true), Start.AddDays(8));
        Assert.Equal((RolloutState.Running, 0), (rollout.Head.State, rollout.Head.Ring));
        Assert.NotNull(rollout.Poll(left, Start.AddDays(8), true));
    }

    [Fact]
    public void A_clock_that_is_set_back_hides_no_failure()
    {
        var rollout = Draft(50);
        var canary = rollout.Members.Values.First(m => m.Ring == 0).Id;
        var earlier = Start.AddHours(-2);
        rollout.Poll(canary, earlier, true);
        rollout.Report(canary, MemberState.Failed, "no room", null, null, earlier);
        rollout.Look(_ => new MemberEvidence(Well, true), earlier);
        Assert.Equal(RolloutState.Aborted, rollout.Head.State);
    }

    private static void Install(Rollout rollout, DateTimeOffset now, DeviceId? but = null)
    {
        foreach (var id in rollout.Members.Values.Where(m => m.Ring <= rollout.Head.Ring && m.State == MemberState.Waiting && m.Id != but).Select(m => m.Id).ToArray())
        {
            Assert.NotNull(rollout.Poll(id, now, true));
            Assert.Null(rollout.Report(id, MemberState.Succeeded, null, "2.0", null, now));
        }
    }

    private static DeviceId Id(int i) => DeviceId.Parse($"d-{i}");

    private static RolloutCandidate Candidate(int i, string? gateway = null) => new(new RolloutTarget(Id(i), $"b-{i % 10}", "m", null, gateway), Interval, "1.0");

    private static Rollout Draft(int devices, Func<RolloutPlan, RolloutPlan>? with = null, bool start = true, string? gateway = null)
    {
        var plan = new RolloutPlan { Id = "r1", Name = "test", CreatedBy = "ada", Created = Start, Artifact = "app/2.0/y", Component = "app", Version = "2.0", Query = "model = m", NeedsApproval = false };
        plan = with?.Invoke(plan) ?? plan;
        Assert.Null(plan.Refuse());
        var rollout = Rollout.Draft(plan, [.. Enumerable.Range(0, devices).Select(i => Candidate(i, gateway))], Start);
        if (start)
            Assert.Null(rollout.Start(Start));
        return rollout;
    }
}
