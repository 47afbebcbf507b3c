using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Updates;
using Strata.Core;
using Strata.Core.Updates.Rehearsal;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates;

/// <summary><c>POST /api/v1/rollouts/plan</c>: what a rollout would be.</summary>
internal sealed class Rehearse(RolloutDesk desk, IArtifacts artifacts)
{
    /// <summary>Requirements R11: what a megabyte by radio costs.</summary>
    private const double CostPerMb = 0.10;

    private const double LowBattery = 20;

    private const int Named = 20;

    public async Task<Outcome<RolloutRehearsal>> PlanAsync(Caller caller, CreateRollout request, CancellationToken cancellationToken)
    {
        var selection = await desk.SelectAsync(caller.Tenant, request, cancellationToken);
        if (!selection.IsOk)
            return selection.Problem;
        var (artifact, all) = (selection.Value.Artifact, selection.Value.Devices);
        var plan = desk.PlanOf(caller, request, artifact);
        if (!plan.IsOk)
            return plan.Problem;
        var targets = all.Where(d => d.Refusal is null).ToArray();
        var sizes = new Dictionary<(string?, string?), long>();
        var rehearsal = targets.Select(t => new RehearsedDevice(t.Candidate, Bytes(caller, artifact, t.Candidate, sizes), RadioKind.Of(t.PowerProfile))).ToArray();
        var rehearsed = RolloutForecast.Make(plan.Value, rehearsal);
        var radio = rehearsal.Where(d => d.Radio is not null).Sum(d => d.Bytes);
        var offline = targets.Where(t => !t.Signs.IsHeard).ToArray();
        var weak = targets.Where(t => t.Signs.Battery < LowBattery).ToArray();
        var unknown = targets.Where(t => t.Candidate.From is null).ToArray();
        return new RolloutRehearsal(
            artifact.Id, all.Count, targets.Length, [.. all.Where(d => d.Refusal is not null).GroupBy(d => d.Refusal!).OrderByDescending(g => g.Count()).Select(g => Reason(g.Key, [.. g]))],
            [.. new[] { Reason("not heard now; they are given it when they ask", offline), Reason("battery below 20 %", weak), Reason($"nobody knows which {artifact.Component} they run: they cannot be taken back", unknown) }.Where(r => r.Count > 0)],
            rehearsed.Bytes, CostPerMb, Math.Round(radio / 1e6 * CostPerMb, 2), Math.Round(rehearsed.Airtime.TotalSeconds, 1), Math.Round(rehearsed.BatteryPercent, 3), rehearsed.Expected,
            [.. rehearsed.Rings.Select(r => new RehearsalRing(r.Ring.Share, r.Targets, r.Installing, r.Ring.Soak, r.Hit))]);
    }

    /// <summary>What a device downloads: many run the same few versions, each of which is looked up once.</summary>
    private long Bytes(Caller caller, ArtifactFacts artifact, RolloutCandidate candidate, Dictionary<(string? From, string? Model), long> sizes)
    {
        if (sizes.TryGetValue((candidate.From, candidate.Target.Model), out var known))
            return known;
        var from = candidate.From is { } version ? artifacts.FindVersion(caller.Tenant, artifact.Component, version, candidate.Target.Model ?? "")?.Sha256 : null;
        return sizes[(candidate.From, candidate.Target.Model)] = artifact.Deltas.FirstOrDefault(d => d.From == from)?.Size ?? artifact.Size;
    }

    private static RehearsalReason Reason(string why, SelectedDevice[] devices) =>
        new(why, devices.Length, [.. devices.Select(d => d.Candidate.Target.Id.Value).Order(StringComparer.Ordinal).Take(Named)]);
}
