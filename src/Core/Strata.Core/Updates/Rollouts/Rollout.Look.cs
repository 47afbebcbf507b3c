using Strata.Core.Updates.Gate;

namespace Strata.Core.Updates.Rollouts;

public sealed partial class Rollout
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>A ring waits so long for devices that are heard and do not ask for their job, or do not end it; then it is watched without them.</summary>
    private static readonly TimeSpan Straggle = TimeSpan.FromDays(7);

    /// <summary>
    /// Looks at the devices, decides, and goes on or stops. May be asked as often as one likes: the gate's rate of false alarms is over all looks.
    /// </summary>
    /// <returns>What was decided; null while there is nothing to decide.</returns>
    public GateDecision? Look(Func<RolloutMember, MemberEvidence> evidence, DateTimeOffset now)
    {
        if (Head.State is not (RolloutState.Running or RolloutState.Soaking or RolloutState.Paused))
            return null;
        var rule = new HealthRule(Head.Health);
        var soak = Plan.Rings.Rings[Head.Ring].Soak;
        var seen = Watch(evidence, rule, soak, now);
        Head = Head with { Health = rule.State, Looked = now, ControlSilent = Head.ControlSilent + seen.ControlSilent, ControlDays = Head.ControlDays + seen.ControlDays };
        if (Head.State == RolloutState.Running && ((seen.Awaited == 0 && seen.ToDo == 0) || now - Head.WaitsSince >= Straggle) && (seen.Counts.Succeeded > 0 || seen.Own == 0 || MayPassUnseen))
            Head = Head with { State = RolloutState.Soaking, SoakBegan = now };
        var soaked = Head.State == RolloutState.Soaking && now - Head.SoakBegan >= soak;
        var decision = GateDecision.Make(seen.Counts, rule, Plan.Gate, Head.Ring + 1, Plan.Rings.Rings.Count, soaked, now);
        Note(decision);
        if (decision.Outcome == GateOutcome.Abort)
            Abort(decision.Why, now);
        else if (decision.Outcome == GateOutcome.GoOn && Head.Ring + 1 < Plan.Rings.Rings.Count)
            Begin(Head.Ring + 1, now);
        else if (decision.Outcome == GateOutcome.GoOn)
            End(now);
        return decision;
    }

    /// <summary>Of a rollout that is over nobody looks at the gate any more; a device that began to install is waited for as long as it would have been before.</summary>
    /// <returns>Whether a device was given up.</returns>
    public bool Expire(DateTimeOffset now)
    {
        if (inFlight == 0 || HandsOut)
            return false;
        var late = members.Values.Where(m => IsLate(m, now)).ToArray();
        foreach (var member in late)
            GiveUp(member, now);
        return late.Length > 0;
    }

    /// <summary>
    /// A ring in which nobody took it goes on only where devices are taken back: those that were hurt may be silent for good, and the others must not wait for them. The last one ends where its layer says it to
    /// everybody anyway.
    /// </summary>
    private bool MayPassUnseen => Plan.RollbackOf is not null && (Plan.Configuration is not null || Head.Ring + 1 < Plan.Rings.Rings.Count);

    /// <summary>How a device that was hurt takes it says nothing of the others, which do not wait for it.</summary>
    private bool IsHurt(RolloutMember member) => Plan.HurtFirst && member.Ring == 0;

    private static bool IsLate(RolloutMember member, DateTimeOffset now) => member.State.IsInFlight() && now > member.Due;

    private void GiveUp(RolloutMember member, DateTimeOffset now) => Set(member, MemberState.Unconfirmed, now, "was not confirmed in time");

    private LookSums Watch(Func<RolloutMember, MemberEvidence> evidence, HealthRule rule, TimeSpan soak, DateTimeOffset now)
    {
        var sums = new LookSums();
        Span<int> updated = stackalloc int[HealthMetrics.Count], updatedIll = stackalloc int[HealthMetrics.Count], control = stackalloc int[HealthMetrics.Count], controlIll = stackalloc int[HealthMetrics.Count];
        foreach (var member in members.Values)
        {
            if (IsLate(member, now))
                GiveUp(member, now);
            var found = evidence(member);
            sums.Own += member.Ring == Head.Ring ? 1 : 0;
            sums.ToDo += member.State == MemberState.Waiting && member.Ring <= Head.Ring && found.Reachable ? 1 : 0;
            // Who was offered it in a ring before has had its time.
            sums.Awaited += member.State.IsInFlight() && member.Offered >= Head.RingBegan && !IsHurt(member) ? 1 : 0;
            if (!member.State.IsInFlight() && member.State != MemberState.Waiting && member.Since >= Head.RingBegan && !(member.State.IsFailure() && IsHurt(member)))
                sums.CountOutcome(member);
            if (member.State is not (MemberState.Waiting or MemberState.Succeeded))
                continue;
            if (member.Before is not { Silent: false } before)
            {
                // Compared from its first look on, or from when it was heard again.
                member.Before = found.Signs;
                continue;
            }
            var isUpdated = member.State == MemberState.Succeeded;
            var ill = found.Signs.IllBy(before, isUpdated && now - member.Since < Day ? HealthSigns.OfInstallation : default);
            for (var metric = 0; metric < HealthMetrics.Count; metric++)
            {
                if ((member.Ill >> metric & 1) != 0)
                    continue;
                (isUpdated ? updated : control)[metric]++;
                if ((ill >> metric & 1) != 0)
                    (isUpdated ? updatedIll : controlIll)[metric]++;
            }
            if ((ill | member.Ill) != member.Ill)
            {
                member.Ill |= ill;
                dirty.Add(member);
            }
        }
        var since = now - (Head.Looked ?? Head.RingBegan);
        for (var metric = 0; metric < HealthMetrics.Count; metric++)
            rule.Take((HealthMetric)metric, new CohortLook(updated[metric], updatedIll[metric], control[metric], controlIll[metric]), soak > TimeSpan.Zero ? since / soak : 1);
        sums.ControlSilent = controlIll[(int)HealthMetric.Silence];
        sums.ControlDays = control[(int)HealthMetric.Silence] * since.TotalDays;
        var daily = (Head.ControlDays + sums.ControlDays) is > 0 and var days ? (Head.ControlSilent + sums.ControlSilent) / days : 0;
        sums.Counts = sums.Counts with { Background = sums.Counts.Tried == 0 ? 0 : daily * sums.FlightDays / sums.Counts.Tried };
        return sums;
    }

    /// <summary>The last decision of a ring takes the place of the one before.</summary>
    private void Note(GateDecision decision) =>
        Head = Head with { Decisions = [.. Head.Decisions.Where(d => d.Ring != decision.Ring), decision] };

    private sealed class LookSums
    {
        public InstallationCounts Counts;
        public int Own, ToDo, Awaited;
        public double ControlSilent, ControlDays, FlightDays;

        public void CountOutcome(RolloutMember member)
        {
            Counts = member.State switch
            {
                MemberState.Succeeded => Counts with { Succeeded = Counts.Succeeded + 1 },
                MemberState.Failed => Counts with { Failed = Counts.Failed + 1 },
                MemberState.RolledBack => Counts with { RolledBack = Counts.RolledBack + 1 },
                _ => Counts with { Unconfirmed = Counts.Unconfirmed + 1 },
            };
            FlightDays += Math.Max(0, ((member.State == MemberState.Unconfirmed ? member.Due : member.Since) - member.Offered).TotalDays);
        }
    }
}
