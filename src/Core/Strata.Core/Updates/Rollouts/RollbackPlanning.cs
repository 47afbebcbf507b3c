using Strata.Core.Devices;
using Strata.Core.Updates.Rings;

namespace Strata.Core.Updates.Rollouts;

/// <summary>Where a device can go back to.</summary>
/// <param name="Artifact">Null when it cannot.</param>
/// <param name="WhyNot">Null when it can.</param>
public readonly record struct WayBack(string? Artifact, string? Version, string? WhyNot);

/// <summary>A rollout that takes another's devices back, and those that it cannot take.</summary>
public sealed record RollbackDraft(Rollout Rollout, IReadOnlyList<(DeviceId Device, string WhyNot)> Stranded);

/// <summary>Taking devices back is a rollout too: first those that were hurt, then some of the others, then all.</summary>
public static class RollbackPlanning
{
    /// <summary>The first two rings are watched so long; a rollback that hurts is stopped as well.</summary>
    private static readonly TimeSpan Soak = TimeSpan.FromHours(1);

    /// <param name="earlier">The rollout that took devices back before and was aborted: who went back by it stays there. Null when there was none, or it was deleted.</param>
    /// <param name="wayBack">Where a device that runs the new version, or may, can go back to.</param>
    public static RollbackDraft Make(Rollout rollout, Rollout? earlier, string id, string by, Func<RolloutMember, WayBack> wayBack, DateTimeOffset now)
    {
        var stranded = new List<(DeviceId, string)>();
        var back = new List<(RolloutMember Member, RolloutCandidate Candidate)>();
        foreach (var member in rollout.Members.Values.Where(m => MayRunTheNew(rollout.Plan, m) && !WentBack(earlier, m.Id)))
        {
            var way = wayBack(member);
            if (way.Artifact is null)
                stranded.Add((member.Id, way.WhyNot ?? "nobody knows what it ran before"));
            else
                back.Add((member, member.Candidate with { From = rollout.VersionFor(member), Artifact = way.Artifact, Version = way.Version }));
        }
        var rings = Deal(id, back);
        var shares = new[] { rings.Values.Count(r => r == 0), rings.Values.Count(r => r <= 1) }.Select(c => (double)c / Math.Max(1, back.Count)).Where(s => s is > 0 and < 1).Distinct();
        var plan = rollout.Plan with
        {
            Id = id, Name = Shorten($"back from {rollout.Plan.Name}"), CreatedBy = by, Created = now, Query = null, NeedsApproval = false, RollBackOnAbort = false, RollbackOf = rollout.Plan.Id, InWindows = false, HurtFirst = back.Exists(b => IsHurt(b.Member)),
            Configuration = rollout.Plan.Configuration?.Back(isKept: rollout.Head.State == RolloutState.Done),
            Rings = new RingPlan([.. shares.Select(s => new Ring(s, 1, Soak)), new Ring(1, 1, TimeSpan.Zero)]),
        };
        var steps = rings.Values.Distinct().Order().ToList();
        var draft = Rollout.Draft(plan, [.. back.Select(b => b.Candidate)], now, rings.ToDictionary(r => r.Key, r => steps.IndexOf(r.Value)));
        return new RollbackDraft(draft, [.. stranded.OrderBy(s => s.Item1.Value, StringComparer.Ordinal)]);
    }

    /// <summary>Also one that was not heard again, and one that installs it just now. Of what was only downloaded nothing runs.</summary>
    private static bool MayRunTheNew(RolloutPlan plan, RolloutMember member) =>
        plan.Mode != UpdateMode.DownloadOnly && member.State is MemberState.Succeeded or MemberState.Unconfirmed or MemberState.Trial or MemberState.Installing;

    /// <summary>Unless it was brought forward again, by a rollout that took that one back.</summary>
    private static bool WentBack(Rollout? earlier, DeviceId device) =>
        earlier is { Head.Rollback: null } && earlier.Members.TryGetValue(device, out var member) && member.State == MemberState.Succeeded;

    private static Dictionary<DeviceId, int> Deal(string id, List<(RolloutMember Member, RolloutCandidate Candidate)> back)
    {
        var hurt = back.Count(b => IsHurt(b.Member));
        var tenth = Math.Max(1, (back.Count - hurt) / 10);
        var well = back.Where(b => !IsHurt(b.Member)).OrderBy(b => RingHash.Of(id, b.Member.Id.Value)).Select((b, rank) => (b.Member.Id, Ring: rank < tenth ? 1 : 2));
        return back.Where(b => IsHurt(b.Member)).Select(b => (b.Member.Id, Ring: 0)).Concat(well).ToDictionary(r => r.Id, r => r.Ring);
    }

    private static bool IsHurt(RolloutMember member) => member.Ill != 0 || member.State == MemberState.Unconfirmed;

    private static string Shorten(string name) => name.Length > 200 ? name[..200] : name;
}
