namespace Strata.Core.Updates.Rollouts;

public sealed partial class Rollout
{
    /// <summary>It shall begin: at once, or when somebody has approved it.</summary>
    public Problem? Start(DateTimeOffset now)
    {
        if (Head.State is not (RolloutState.Drafted or RolloutState.WaitingForApproval))
            return Not("started");
        if (members.Count == 0)
            return new Problem(ProblemKind.Conflict, $"Rollout {Plan.Id} has no devices: nothing matches that it is for{(Plan.Query is null ? "" : "; it starts when something does")}. 'strata rollout plan' says why not.");
        if (Plan.NeedsApproval && Head.ApprovedBy is null)
        {
            Head = Head with { State = RolloutState.WaitingForApproval, Why = "waits for somebody else than who made it to approve it" };
            return null;
        }
        Begin(0, now);
        Head = Head with { Started = now };
        return null;
    }

    /// <param name="by">Who says yes; not who made it.</param>
    public Problem? Approve(string by, DateTimeOffset now)
    {
        if (Head.State is not (RolloutState.Drafted or RolloutState.WaitingForApproval))
            return Not("approved");
        if (by == Plan.CreatedBy)
            return new Problem(ProblemKind.Forbidden, $"{by} made rollout {Plan.Id}: somebody else approves it.");
        Head = Head with { ApprovedBy = by, Approved = now };
        return Head.State == RolloutState.WaitingForApproval ? Start(now) : null;
    }

    public Problem? Pause(string why, DateTimeOffset now)
    {
        if (Head.State is not (RolloutState.Running or RolloutState.Soaking))
            return Not("paused");
        Head = Head with { PausedFrom = Head.State, PausedAt = now, State = RolloutState.Paused, Why = why };
        return null;
    }

    /// <summary>Goes on; time in the pause was no time of watching.</summary>
    public Problem? Resume(DateTimeOffset now)
    {
        if (Head.State != RolloutState.Paused)
            return Not("resumed");
        var pause = now - (Head.PausedAt ?? now);
        Head = Head with { State = Head.PausedFrom ?? RolloutState.Running, SoakBegan = Head.SoakBegan + pause, Waits = Head.WaitsSince + pause, PausedFrom = null, PausedAt = null, Why = null };
        return null;
    }

    /// <summary>Nobody is given the update any more; who has not begun to install it is let go.</summary>
    public Problem? Abort(string why, DateTimeOffset now)
    {
        if (Head.State.IsOver() || Head.State == RolloutState.RollingBack)
            return Not("aborted");
        Head = Head with { State = RolloutState.Aborted, Ended = now, Why = why, PausedFrom = null, PausedAt = null };
        LetGo("the rollout was aborted", now);
        return null;
    }

    /// <summary>Those that failed are given it once more. One that is done goes on with its last ring, for who was not reached too.</summary>
    /// <returns>How many wait for it now.</returns>
    public Outcome<int> Retry(DateTimeOffset now)
    {
        if (Head.State is not (RolloutState.Running or RolloutState.Soaking or RolloutState.Paused or RolloutState.Done))
            return Not("tried again");
        if (Plan.Configuration is not null && Head.State == RolloutState.Done)
            return new Problem(ProblemKind.Conflict, $"Rollout {Plan.Id} is done: {Plan.Configuration.Outcome}.");
        foreach (var member in members.Values.Where(m => m.State.IsFailure()))
            Set(member, MemberState.Waiting, now, member.Reason);
        var waiting = members.Values.Count(m => m.State == MemberState.Waiting && m.Ring <= Head.Ring);
        if (waiting > 0)
            Head = Head.State == RolloutState.Paused
                ? Head with { PausedFrom = RolloutState.Running, SoakBegan = null, Waits = Head.PausedAt }
                : Head with { State = RolloutState.Running, SoakBegan = null, Waits = now, Ended = null, Why = null };
        return waiting;
    }

    /// <summary>Another rollout takes its devices back.</summary>
    /// <remarks>One that is over may be followed by another, for who did not go back by it.</remarks>
    public Problem? RollBack(string by, DateTimeOffset now)
    {
        if (Head.Rollback is { } other && (Head.State == RolloutState.RollingBack || Plan.Configuration is not null))
            return new Problem(ProblemKind.Conflict, $"Rollout {Plan.Id} is taken back by {other} already.");
        if (Head.State is RolloutState.Drafted or RolloutState.WaitingForApproval)
            return Not("rolled back");
        if (Plan.Configuration is not null && (Plan.RollbackOf is not null || Head is { State: RolloutState.Done, IsSettled: false }))
            return new Problem(ProblemKind.Conflict, Plan.RollbackOf is { } of ? $"Rollout {Plan.Id} takes {of} back; roll out what the layer is to say." : $"Rollout {Plan.Id} is done and its layer is being set; try again.");
        if (!Head.State.IsOver())
            Abort($"rolled back by {by}", now);
        Head = Head with { State = RolloutState.RollingBack, Rollback = by };
        return null;
    }

    /// <summary>The rollout that took its devices back is over.</summary>
    /// <param name="isDone">It was not aborted before.</param>
    public void RolledBack(bool isDone, DateTimeOffset now)
    {
        if (Head.State != RolloutState.RollingBack)
            return;
        var why = $"{Head.Why}; taken back {(isDone ? "" : "in part ")}by {Head.Rollback}";
        Head = Head with { State = RolloutState.Aborted, Ended = now, Why = why.Length > RolloutPlan.MaxReason ? why[..RolloutPlan.MaxReason] : why };
    }

    /// <summary>Everybody had the update, or his turn. Who has not begun to install it is let go.</summary>
    private void End(DateTimeOffset now)
    {
        Head = Head with { State = RolloutState.Done, Ended = now, Why = null };
        LetGo("the rollout was over before it began to install", now);
    }

    private void LetGo(string why, DateTimeOffset now)
    {
        foreach (var member in members.Values.Where(m => m.State is MemberState.Offered or MemberState.Downloading))
            Set(member, MemberState.Waiting, now, why);
    }

    private void Begin(int ring, DateTimeOffset now) =>
        Head = Head with { State = RolloutState.Running, Ring = ring, RingBegan = now, Waits = now, SoakBegan = null, Health = null, Looked = null, Why = null };

    private Problem Not(string what) => new(ProblemKind.Conflict, $"Rollout {Plan.Id} {RolloutNames.SaidOf(Head.State)}; it cannot be {what}.");
}
