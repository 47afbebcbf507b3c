using Strata.Core.Updates.Gate;

namespace Strata.Core.Updates.Rollouts;

/// <summary>A ring, counted.</summary>
/// <param name="Ring">From 1.</param>
/// <param name="Targets">Devices in it, without those of the rings before.</param>
/// <param name="ByState">How many stand where; states in which nobody is are left out.</param>
/// <param name="Decision">The last one; null before it began.</param>
public sealed record RingFigures(int Ring, double Share, TimeSpan Soak, int Targets, int Updated, int Failed, IReadOnlyDictionary<MemberState, int> ByState, int Ill, GateDecision? Decision)
{
    public static IReadOnlyList<RingFigures> Of(Rollout rollout)
    {
        var rings = rollout.Plan.Rings.Rings;
        var counts = new int[rings.Count, (int)MemberState.Unconfirmed + 1];
        var ill = new int[rings.Count];
        foreach (var member in rollout.Members.Values)
        {
            counts[member.Ring, (int)member.State]++;
            ill[member.Ring] += member is { State: MemberState.Succeeded, Ill: not 0 } ? 1 : 0;
        }
        return
        [
            .. rings.Select((ring, i) =>
            {
                var byState = Enum.GetValues<MemberState>().Where(s => counts[i, (int)s] > 0).ToDictionary(s => s, s => counts[i, (int)s]);
                return new RingFigures(i + 1, ring.Share, ring.Soak, byState.Values.Sum(), byState.GetValueOrDefault(MemberState.Succeeded), byState.Where(s => s.Key.IsFailure()).Sum(s => s.Value),
                    byState, ill[i], rollout.Head.Decisions.FirstOrDefault(d => d.Ring == i + 1));
            }),
        ];
    }
}
