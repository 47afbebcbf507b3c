using Strata.Core.Devices;
using Strata.Core.Updates.Manifests;

namespace Strata.Core.Updates.Rollouts;

public sealed partial class Rollout
{
    /// <summary>A device of which nothing is known has so long, or three of its own intervals.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <summary>Who reports often is not written each time: after a restart it is due that much earlier at most.</summary>
    private static readonly TimeSpan DueStep = TimeSpan.FromMinutes(5);

    /// <summary>With <see cref="UpdateMode.Soft"/> a device has so long to begin.</summary>
    private static readonly TimeSpan SoftPatience = TimeSpan.FromDays(1);

    /// <summary>Whether devices get their job from it. One that is over gives nobody any, also not who has begun: it may still say what became of that.</summary>
    public bool HandsOut => Head.State is RolloutState.Running or RolloutState.Soaking or RolloutState.Paused;

    /// <summary>What the device has to do: its job that is under way, or an offer that is made now; null when there is none for it now.</summary>
    /// <param name="inWindow">A maintenance window is open at its place.</param>
    /// <param name="runs">The version that the device is known to run; null when nobody knows more than when it was drafted.</param>
    public RolloutMember? Poll(DeviceId device, DateTimeOffset now, bool inWindow, string? runs = null)
    {
        if (!HandsOut || !members.TryGetValue(device, out var member))
            return null;
        if (member.State.IsInFlight())
            return member;
        if (!MayBeOffered(member, now, inWindow))
            return null;
        offered = offered.Minute == MinuteOf(now) ? (offered.Minute, offered.Offers + 1) : (MinuteOf(now), 1);
        if (member.Attempt == 0)
            RunsBefore(member, runs);
        member.Attempt++;
        member.Offered = InRing(now);
        member.Due = now + Longer(Plan.Mode == UpdateMode.Soft ? SoftPatience : Patience, member);
        Set(member, MemberState.Offered, now);
        return member;
    }

    /// <summary>Devices that would be offered the update if they asked now: so many are to be told as may begin.</summary>
    public IReadOnlyList<DeviceId> WouldBeOffered(DateTimeOffset now, Func<RolloutMember, bool> reachable, Func<RolloutMember, bool> inWindow, int most) =>
        Head.State is (RolloutState.Running or RolloutState.Soaking) && Waiting > 0
            ? [.. members.Values.Where(m => MayBeOffered(m, now, Plan.InWindows && inWindow(m)) && reachable(m)).Take(Math.Min(most, Math.Max(0, Plan.Pace.InFlight - inFlight))).Select(m => m.Id)]
            : [];

    /// <summary>Whether the device would be given its job if it asked now; changes nothing.</summary>
    public bool HasFor(DeviceId device, DateTimeOffset now, bool inWindow) => HandsOut && members.TryGetValue(device, out var member) && (member.State.IsInFlight() || MayBeOffered(member, now, inWindow));

    /// <summary>What a device says of its job.</summary>
    /// <param name="runs">The version that it runs now, when it says so.</param>
    public Problem? Report(DeviceId device, MemberState state, string? reason, string? runs, double? progress, DateTimeOffset now)
    {
        if (!members.TryGetValue(device, out var member) || member.Attempt == 0)
            return new Problem(ProblemKind.NotFound, $"Job {Plan.Id} is none of {device}'s.");
        if (state is MemberState.Downloading or MemberState.Installing || (state is MemberState.RolledBack && member.Candidate.From is null))
            RunsBefore(member, runs);
        if (member.State == state)
        {
            member.Progress = progress ?? member.Progress;
            if (state.IsInFlight())
                Say(member, reason);
            // One that starts the new version again and again has no more time for that.
            if (state != MemberState.Trial)
                member.Due = DueAfter(state, member, now);
            if (member.Due - member.KeptDue >= DueStep)
                dirty.Add(member);
            return null;
        }
        if (!MayFollow(member, state))
        {
            return new Problem(ProblemKind.Conflict, Head.State == RolloutState.Aborted ? $"Rollout {Plan.Id} was aborted: {Head.Why}"
                : !HandsOut && member.State == MemberState.Waiting ? $"Rollout {Plan.Id} {RolloutNames.SaidOf(Head.State)}: it has no job for {device} any more."
                : $"{device} has {RolloutNames.NameOf(member.State)} in job {Plan.Id}; it cannot be {RolloutNames.NameOf(state)} after that.");
        }
        var wanted = VersionFor(member);
        if (state == MemberState.Succeeded && Plan.Mode != UpdateMode.DownloadOnly && runs is not null && !UpdateVersion.Same(runs, wanted))
            (state, reason) = (MemberState.Failed, $"says that it succeeded, but runs {runs} in place of {wanted}");
        member.Runs = runs ?? (state == MemberState.Succeeded && Plan.Mode != UpdateMode.DownloadOnly ? wanted : member.Runs);
        member.Due = DueAfter(state, member, now);
        Set(member, state, now, reason);
        member.Progress = progress ?? 0;
        return null;
    }

    private void Say(RolloutMember member, string? reason)
    {
        member.Reason = reason;
        if (member.HasNews || reason == member.KeptReason)
            return;
        member.HasNews = true;
        news.Enqueue(member);
    }

    /// <summary>
    /// Within an attempt there is no way back before the trial. What has happened is heard also of a device that was let go meanwhile: it runs the new version, and has to be known to those that take devices back.
    /// </summary>
    private static bool MayFollow(RolloutMember member, MemberState state) => member.State switch
    {
        MemberState.Trial => state is not (MemberState.Downloading or MemberState.Installing),
        MemberState.Succeeded => state is MemberState.RolledBack,
        MemberState.Waiting => state is MemberState.Trial or MemberState.Succeeded,
        _ => member.State.IsInFlight() || member.State == MemberState.Unconfirmed,
    };

    /// <summary>What a device has run until now: it goes back to that. Of one that is taken back it is known already.</summary>
    private void RunsBefore(RolloutMember member, string? runs)
    {
        if (runs is null || UpdateVersion.Same(runs, VersionFor(member)) || UpdateVersion.Same(runs, member.Candidate.From))
            return;
        member.Candidate = member.Candidate with { From = runs };
        dirty.Add(member);
    }

    private bool MayBeOffered(RolloutMember member, DateTimeOffset now, bool inWindow) =>
        member.State == MemberState.Waiting && member.Ring <= Head.Ring && (Head.State is RolloutState.Running or RolloutState.Soaking)
        && (!Plan.InWindows || inWindow || Plan.Mode == UpdateMode.Forced)
        && inFlight < Plan.Pace.InFlight && (offered.Minute != MinuteOf(now) || offered.Offers < Plan.Pace.PerMinute)
        && (member.Candidate.Target.Gateway is not { } gateway || inFlightAt.GetValueOrDefault(gateway) < Plan.Pace.PerGateway);

    private DateTimeOffset DueAfter(MemberState state, RolloutMember member, DateTimeOffset now) => state switch
    {
        MemberState.Downloading or MemberState.Installing => now + Longer(Patience, member),
        MemberState.Trial => now + Plan.ConfirmWithin + (2 * member.Candidate.Interval),
        _ => member.Due,
    };

    private static TimeSpan Longer(TimeSpan least, RolloutMember member) => 3 * member.Candidate.Interval is var own && own > least ? own : least;

    private static long MinuteOf(DateTimeOffset now) => now.ToUnixTimeSeconds() / 60;
}
