using Strata.Core.Devices;
using Strata.Core.Updates.Rings;

namespace Strata.Core.Updates.Rollouts;

/// <summary>
/// A rollout and its devices: what may happen next and what follows from it. No clock, no I/O, no randomness: the cloud and the simulation run the same. One owner at a time; what
/// changed is given by <see cref="TakeDirty"/> and <see cref="Head"/>, to be written before anybody is told.
/// </summary>
public sealed partial class Rollout
{
    /// <summary>Looks that are further apart say that nobody was there meanwhile. No interval of looks is longer.</summary>
    private static readonly TimeSpan Absence = TimeSpan.FromMinutes(10);

    private readonly Dictionary<DeviceId, RolloutMember> members = [];
    private readonly Dictionary<string, int> inFlightAt = new(StringComparer.Ordinal);
    private readonly HashSet<DeviceId> left = [];
    private readonly HashSet<RolloutMember> dirty = [];
    private readonly Queue<RolloutMember> news = new();
    private readonly Dictionary<string, int> ringOfSite = new(StringComparer.Ordinal);
    private readonly int[] waiting;
    private int inFlight;
    private (long Minute, int Offers) offered;

    private Rollout(RolloutHead head) => (Head, waiting) = (head, new int[head.Plan.Rings.Rings.Count]);

    public RolloutHead Head { get; private set; }

    public RolloutPlan Plan => Head.Plan;

    public IReadOnlyDictionary<DeviceId, RolloutMember> Members => members;

    /// <summary>The version that a device is to have by it: on the way back each has its own.</summary>
    public string VersionFor(RolloutMember member) => member.Candidate.Version ?? Plan.Version;

    public int InFlight => inFlight;

    /// <param name="rings">Who is in which ring; dealt when not given.</param>
    public static Rollout Draft(RolloutPlan plan, IReadOnlyCollection<RolloutCandidate> candidates, DateTimeOffset now, IReadOnlyDictionary<DeviceId, int>? rings = null)
    {
        var rollout = new Rollout(new RolloutHead { Plan = plan });
        rollout.Deal(candidates, now, rings);
        return rollout;
    }

    /// <summary>A draft that reached nobody takes those that match by now, as if it were drafted now.</summary>
    public void Fill(IReadOnlyCollection<RolloutCandidate> candidates, DateTimeOffset now)
    {
        if (IsEmptyDraft)
            Deal(candidates, now, null);
    }

    /// <summary>It is not started, and nothing matched so far.</summary>
    public bool IsEmptyDraft => members.Count == 0 && Plan.Query is not null && Head.State is RolloutState.Drafted or RolloutState.WaitingForApproval;

    /// <summary>As it was kept. Time in which nobody listened is not held against a device that was to be heard in it, and nobody has watched in it.</summary>
    public static Rollout Restore(RolloutHead head, IEnumerable<KeptMember> kept, DateTimeOffset now)
    {
        var rollout = new Rollout(head);
        var away = rollout.HandsOut && now - (head.Looked ?? head.RingBegan) is var unseen && unseen > Absence ? unseen : TimeSpan.Zero;
        // A pause is added when it ends.
        if (away > TimeSpan.Zero)
            rollout.Head = head.State == RolloutState.Paused ? head with { Looked = now } : head with { Looked = now, SoakBegan = head.SoakBegan + away, Waits = head.WaitsSince + away };
        foreach (var member in kept.Select(m => m.Restore()))
        {
            rollout.Add(member);
            if (away == TimeSpan.Zero || !member.State.IsInFlight())
                continue;
            member.Due += away;
            rollout.dirty.Add(member);
        }
        return rollout;
    }

    /// <summary>A device that matches since now. False when it is in the rollout already, or the rollout takes nobody any more.</summary>
    public bool Join(RolloutCandidate candidate, DateTimeOffset now)
    {
        if (members.ContainsKey(candidate.Target.Id) || Plan.Query is null || Head.State.IsOver() || Head.State == RolloutState.RollingBack)
            return false;
        int? neighbours = Plan.Rings.Unit == RingUnit.Site && ringOfSite.TryGetValue(candidate.Target.SiteAt(Plan.Rings.SiteDepth), out var ring) ? ring : null;
        var member = new RolloutMember(candidate, RingAssignment.Join(Plan.Id, Plan.Rings, candidate.Target, neighbours)) { Since = now };
        Add(member);
        dirty.Add(member);
        left.Remove(candidate.Target.Id);
        return true;
    }

    /// <summary>A device that does not match any more, or is gone. Who was offered the update stays: what becomes of it counts.</summary>
    public bool Leave(DeviceId device) => members.GetValueOrDefault(device) is { State: MemberState.Waiting, Attempt: 0 } member && Remove(member);

    /// <summary>Whose device is no more is not waited for, and is no failure.</summary>
    /// <returns>Whether the device was waited for.</returns>
    public bool Lose(DeviceId device) => members.GetValueOrDefault(device) is { } member && (member.State == MemberState.Waiting || member.State.IsInFlight()) && Remove(member);

    /// <summary>What a restart must know and was not taken yet: members that changed, devices that left. Costs what changed, not what there is.</summary>
    public (IReadOnlyList<RolloutMember> Changed, IReadOnlyList<DeviceId> Left) TakeDirty()
    {
        if (dirty.Count == 0 && left.Count == 0)
            return ([], []);
        var (changed, gone) = (dirty.ToArray(), left.ToArray());
        foreach (var member in changed)
            (member.KeptDue, member.KeptReason) = (member.Due, member.Reason);
        dirty.Clear();
        left.Clear();
        return (changed, gone);
    }

    /// <summary>Has it written what devices say lately of why they wait: a device may say something else each time, so that it is not written with its word.</summary>
    /// <param name="most">So many devices; the others are next, in the order in which they said it.</param>
    public void KeepReasons(int most)
    {
        while (most > 0 && news.TryDequeue(out var member))
        {
            member.HasNews = false;
            if (member.Reason == member.KeptReason || !ReferenceEquals(members.GetValueOrDefault(member.Id), member))
                continue;
            dirty.Add(member);
            most--;
        }
    }

    private void Deal(IReadOnlyCollection<RolloutCandidate> candidates, DateTimeOffset now, IReadOnlyDictionary<DeviceId, int>? rings)
    {
        rings ??= RingAssignment.Deal(Plan.Id, Plan.Rings, [.. candidates.Select(c => c.Target)]);
        foreach (var candidate in candidates)
            Add(new RolloutMember(candidate, rings[candidate.Target.Id]) { Since = now });
        dirty.UnionWith(members.Values);
    }

    private void Add(RolloutMember member)
    {
        members.Add(member.Id, member);
        waiting[member.Ring] += member.State == MemberState.Waiting ? 1 : 0;
        if (Plan.Rings.Unit == RingUnit.Site)
            ringOfSite[member.Candidate.Target.SiteAt(Plan.Rings.SiteDepth)] = member.Ring;
        if (member.State.IsInFlight())
            Count(member, 1);
    }

    private bool Remove(RolloutMember member)
    {
        waiting[member.Ring] -= member.State == MemberState.Waiting ? 1 : 0;
        if (member.State.IsInFlight())
            Count(member, -1);
        dirty.Remove(member);
        left.Add(member.Id);
        return members.Remove(member.Id);
    }

    private void Set(RolloutMember member, MemberState state, DateTimeOffset now, string? reason = null)
    {
        if (member.State.IsInFlight() != state.IsInFlight())
            Count(member, state.IsInFlight() ? 1 : -1);
        waiting[member.Ring] += (state == MemberState.Waiting ? 1 : 0) - (member.State == MemberState.Waiting ? 1 : 0);
        (member.State, member.Since, member.Reason, member.Progress) = (state, InRing(now), reason, 0);
        dirty.Add(member);
    }

    /// <summary>Whatever happens is of the ring under way, also when the clock was set back since it began.</summary>
    private DateTimeOffset InRing(DateTimeOffset now) => now < Head.RingBegan ? Head.RingBegan : now;

    /// <summary>Devices that may be offered it now or later in the ring under way.</summary>
    private int Waiting => waiting.AsSpan(0, Math.Min(Head.Ring + 1, waiting.Length)).ToArray().Sum();

    private void Count(RolloutMember member, int by)
    {
        inFlight += by;
        if (member.Candidate.Target.Gateway is { } gateway)
            inFlightAt[gateway] = inFlightAt.GetValueOrDefault(gateway) + by;
    }
}
