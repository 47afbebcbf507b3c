using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Updates.Book;
using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates;

/// <summary>Rollouts as the API shows them.</summary>
internal static class RolloutText
{
    public static RolloutInfo Info(Rollout rollout)
    {
        var (head, plan) = (rollout.Head, rollout.Plan);
        return new RolloutInfo(
            plan.Id, plan.Name, RolloutNames.NameOf(head.State), plan.Artifact, plan.Component, plan.Version, RolloutNames.NameOf(plan.Mode), plan.Query, [.. RingFigures.Of(rollout).Select(Ring)],
            head.Started is null ? null : head.Ring + 1, head.Why, plan.CreatedBy, plan.Created, plan.NeedsApproval, head.ApprovedBy, head.Started, head.SoakBegan, head.Ended, head.Rollback, plan.RollbackOf,
            plan.Configuration is { } change ? Layer(change) : null);
    }

    /// <summary>With what it changes, which may hold a password of a network: for who may read devices everywhere.</summary>
    public static RolloutInfo Full(Rollout rollout) => Info(rollout) is var info && rollout.Plan.Configuration is { } change
        ? info with { Configuration = Layer(change) with { Before = Element(change.Before), Content = Element(change.Content) } } : info;

    public static RolloutDeviceInfo Device(TenantRollouts book, Rollout rollout, RolloutMember m) => new(
        m.Id.Value, m.Ring + 1, RolloutNames.NameOf(m.State), m.Since, m.Attempt, m.Candidate.From, m.Runs, Elsewhere(book, rollout, m) ?? m.Reason, m.Progress,
        [.. Enum.GetValues<HealthMetric>().Where(h => (m.Ill >> (int)h & 1) != 0).Select(HealthMetrics.NameOf)]);

    /// <summary>That another rollout has the device, whose turn it is here. Of configurations each goes by itself.</summary>
    private static string? Elsewhere(TenantRollouts book, Rollout rollout, RolloutMember m) =>
        m.State == MemberState.Waiting && rollout is { HandsOut: true, Plan.Configuration: null } && m.Ring <= rollout.Head.Ring && book.WorkOf(m.Id) is { } work ? $"rollout {work.Rollout.Plan.Id} updates it now" : null;

    private static RolloutLayerInfo Layer(LayerChange change) => new(change.Layer, change.Version, Delete: change.Content is null);

    private static JsonElement? Element(string? json)
    {
        if (json is null)
            return null;
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 128 });
        return document.RootElement.Clone();
    }

    private static RolloutRingInfo Ring(RingFigures r) => new(
        r.Share, r.Targets, r.Updated, r.Failed, r.Decision is null ? null : NameOf(r.Decision.Outcome), r.Decision?.Why, r.Soak, r.ByState.ToDictionary(s => RolloutNames.NameOf(s.Key), s => s.Value), r.Ill,
        r.Decision is { } d ? Gate(d) : null);

    private static RolloutGateInfo Gate(GateDecision d) => new(
        d.At, d.Rule, d.Installation.Tried, d.Installation.Failed, d.Installation.RolledBack, d.Installation.Unconfirmed, d.Installation.Bound, d.Installation.Limit, Finite(d.Evidence), d.Line,
        [.. d.Health.Select(h => new RolloutMetricInfo(HealthMetrics.NameOf(h.Metric), h.Updated, h.UpdatedIll, h.Control, h.ControlIll, h.Expected, Finite(h.Evidence)))]);

    /// <summary>JSON has no infinity; more than a googol stops a ring as surely.</summary>
    private static double Finite(double value) => Math.Min(value, 1e100);

    private static string NameOf(GateOutcome outcome) => outcome switch { GateOutcome.GoOn => "goOn", GateOutcome.Abort => "abort", _ => "wait" };
}
