using Strata.Core.Configuration;
using Strata.Core.Devices;

namespace Strata.Core.Updates.Rollouts;

/// <summary>
/// Of a configuration: devices do not ask for it, it is given to them; who has it is told by the members; and it holds its layer, which nothing else changes, until the layer says it to everybody or
/// nobody has it any more.
/// </summary>
public sealed partial class Rollout
{
    /// <summary>Its devices get something else than the layer says to the others.</summary>
    public bool HoldsLayer => Plan.Configuration is not null && Head is { Started: not null, IsSettled: false };

    /// <summary>
    /// Whether a device is to have what is rolled out: it was given it and did not refuse. Who was not confirmed may still take it. What is taken back is so for whoever's ring has begun, heard or not: a
    /// device that comes back from what hurt it must not be told the same again. In the end everybody has it.
    /// </summary>
    public bool Has(DeviceId device) => Head.State == RolloutState.Done || (members.TryGetValue(device, out var member) && Has(member));

    /// <summary>Gives it to devices whose turn it is; each is to report it in its own time from now on.</summary>
    /// <returns>Whether anybody was given it.</returns>
    public bool Give(DateTimeOffset now, Func<RolloutMember, bool> reachable, Func<RolloutMember, bool> inWindow)
    {
        var turn = WouldBeOffered(now, reachable, inWindow, int.MaxValue);
        foreach (var device in turn)
        {
            if (Poll(device, now, inWindow: true) is not null)
                Report(device, MemberState.Trial, null, null, null, now);
        }
        return turn.Count > 0;
    }

    /// <summary>What a device made of it.</summary>
    /// <returns>Whether that was not known yet.</returns>
    public bool Take(DeviceId device, ConfigurationTrial trial, DateTimeOffset now)
    {
        if (trial.Outcome == TrialOutcome.Waits || !members.TryGetValue(device, out var member) || member.State is not (MemberState.Trial or MemberState.Unconfirmed))
            return false;
        var why = trial.Why is { Length: > RolloutPlan.MaxReason } said ? said[..RolloutPlan.MaxReason] : trial.Why;
        return Report(device, trial.Outcome == TrialOutcome.Taken ? MemberState.Succeeded : MemberState.Failed, why, null, null, now) is null;
    }

    /// <summary>The layer says it to everybody, or nobody has it any more.</summary>
    public void Settle() => Head = Head with { IsSettled = true };

    /// <summary>Nobody has it: what is over needs nothing more.</summary>
    public bool IsWithNobody => !members.Values.Any(Has);

    private bool Has(RolloutMember member) =>
        Plan.RollbackOf is null ? member.State.IsInFlight() || member.State is MemberState.Succeeded or MemberState.Unconfirmed : member.Ring <= Head.Ring;
}
