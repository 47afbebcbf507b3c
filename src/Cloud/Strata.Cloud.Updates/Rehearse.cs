using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Updates;
using Strata.Cloud.Updates.Book;
using Strata.Core;
using Strata.Core.Updates.Rehearsal;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates;

/// <summary><c>POST /api/v1/rollouts/plan</c>: what a rollout would be.</summary>
internal sealed class Rehearse(RolloutSelector selector, IArtifacts artifacts)
{
    /// <summary>Requirements R11: what a megabyte by radio costs.</summary>
    private const double CostPerMb = 0.10;

    private const double LowBattery = 20;

    /// <summary>Devices that are named with a reason, and reasons of each kind; further ones are counted.</summary>
    private const int MaxNamed = 500;

    private const int MaxReasons = 20;

    public async Task<Outcome<RolloutRehearsal>> PlanAsync(Caller caller, CreateRollout request, CancellationToken cancellationToken)
    {
        var selection = await selector.SelectAsync(caller, request, cancellationToken);
        if (!selection.IsOk)
            return selection.Problem;
        var (delivery, plan, all) = selection.Value;
        var targets = all.Where(d => d.Refusal is null).ToArray();
        var rehearsal = targets.Select(t => new RehearsedDevice(t.Candidate, delivery.Bytes(t.Device!, t.Candidate), RadioKind.Of(t.Device!.PowerProfile))).ToArray();
        var rehearsed = RolloutForecast.Make(plan, rehearsal);
        var radio = rehearsal.Where(d => d.Radio is not null).Sum(d => d.Bytes);
        var offline = targets.Where(t => !t.Signs.IsHeard).ToArray();
        var weak = targets.Where(t => t.Signs.Battery < LowBattery).ToArray();
        var ways = new WaysBack(artifacts, caller.Tenant, plan);
        var shared = targets.Where(t => t.IsShared).ToArray();
        RehearsalReason[] warnings =
        [
            .. Reasons(plan.Mode == UpdateMode.DownloadOnly ? [] : targets, t => ways.Of(t.Candidate).WhyNot is { } why ? $"cannot be taken back: {why}" : null),
            Reason("not heard now; they are given it when they ask", offline), Reason("battery below 20 %", weak),
            Reason("in another rollout too: when they fall ill, no gate can tell whose doing it is", shared),
        ];
        return new RolloutRehearsal(
            delivery.Name, all.Count, targets.Length, [.. Reasons(all, d => d.Refusal)],
            [.. warnings.Where(r => r.Count > 0)],
            rehearsed.Bytes, CostPerMb, Math.Round(radio / 1e6 * CostPerMb, 2), Math.Round(rehearsed.Airtime.TotalSeconds, 1), Math.Round(rehearsed.BatteryPercent, 3), rehearsed.Expected,
            [.. rehearsed.Rings.Select(r => new RehearsalRing(r.Ring.Share, r.Targets, r.Installing, r.Ring.Soak, r.Hit))]);
    }

    /// <summary>Devices by what is said of them, the commonest first.</summary>
    private static IEnumerable<RehearsalReason> Reasons(IEnumerable<SelectedDevice> devices, Func<SelectedDevice, string?> why)
    {
        var reasons = devices.Select(d => (Device: d, Why: why(d))).Where(d => d.Why is not null).GroupBy(d => d.Why!, d => d.Device).OrderByDescending(g => g.Count()).ToList();
        var rest = reasons.Skip(MaxReasons).SelectMany(g => g).ToArray();
        return reasons.Take(MaxReasons).Select(g => Reason(g.Key, [.. g])).Concat(rest.Length == 0 ? [] : [Reason($"{reasons.Count - MaxReasons} other reasons", rest)]);
    }

    private static RehearsalReason Reason(string why, SelectedDevice[] devices) =>
        new(why, devices.Length, [.. devices.Select(d => d.Candidate.Target.Id.Value).Order(StringComparer.Ordinal).Take(MaxNamed)]);
}
