using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Updates.Book;
using Strata.Cloud.Updates.Deliveries;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates;

/// <summary>Makes of a request what would be rolled out, to whom and how.</summary>
internal sealed class RolloutSelector(UpdatesStore store, FleetFacts facts, IFleetSearch search, DeliveryFinder deliveries, UpdatesOptions options, TimeProvider time)
{
    /// <summary>Devices that were asked for, which of them it is for, and the rollout that it would be.</summary>
    public async Task<Outcome<Selection>> SelectAsync(Caller caller, CreateRollout request, CancellationToken cancellationToken)
    {
        var tenant = caller.Tenant;
        var delivery = await deliveries.OfAsync(tenant, request, cancellationToken);
        if (!delivery.IsOk)
            return delivery.Problem;
        var plan = PlanOf(caller, request, delivery.Value);
        if (!plan.IsOk)
            return plan.Problem;
        if ((plan.Value.Query is null) == (request.Devices is null))
            return new Problem(ProblemKind.Invalid, "Say which devices by 'query' or by 'devices', one of both.", "query");
        var found = request.Devices is { } named ? Named(named) : await search.FindAsync(tenant, plan.Value.Query!, cancellationToken);
        if (!found.IsOk)
            return found.Problem;
        return Select(tenant, delivery.Value, plan.Value, found.Value);
    }

    private Outcome<Selection> Select(TenantId tenant, IDelivery delivery, RolloutPlan plan, IReadOnlyList<DeviceId> found)
    {
        if (found.Count > options.MaxTargets)
            return new Problem(ProblemKind.TooMuch, $"{found.Count:N0} devices match; a rollout has {options.MaxTargets:N0} at most. Narrow the query.", "query");
        var (book, look) = (store.Of(tenant), facts.Signs.Look(tenant));
        var selected = new List<SelectedDevice>(found.Count);
        lock (book.Gate)
        {
            foreach (var id in found)
            {
                if (facts.Fleet.Find(tenant, id) is not { State: not DeviceState.Decommissioned } device)
                {
                    selected.Add(new SelectedDevice(null, new RolloutCandidate(new RolloutTarget(id, null, null, null, null), default, null), default, "there is no such device in service", false));
                    continue;
                }
                var signs = look(device);
                var candidate = delivery.CandidateOf(device, signs);
                selected.Add(new SelectedDevice(device, candidate, signs, delivery.Refusal(device, candidate, book) ?? Elsewhere(book, id, plan), IsWithAnother(book, id)));
            }
        }
        return new Selection(delivery, plan, selected);
    }

    /// <summary>What would be drafted; a problem where it may not be.</summary>
    public async Task<Outcome<Selection>> PrepareAsync(Caller caller, CreateRollout request, CancellationToken cancellationToken) => Refused(await SelectAsync(caller, request, cancellationToken));

    /// <summary>What would be drafted if a draft with a query were made again now; a problem where it may not be.</summary>
    public async Task<Outcome<Selection>> PrepareAsync(TenantId tenant, RolloutPlan plan, CancellationToken cancellationToken)
    {
        if (await deliveries.OfAsync(tenant, plan, cancellationToken) is not { } delivery)
            return new Problem(ProblemKind.Conflict, $"What rollout {plan.Id} was drafted of is not there any more.", "artifact");
        var found = await search.FindAsync(tenant, plan.Query!, cancellationToken);
        return found.IsOk ? Refused(Select(tenant, delivery, plan, found.Value)) : found.Problem;
    }

    /// <summary>Itself, unless somebody cannot have what is for all.</summary>
    private static Outcome<Selection> Refused(Outcome<Selection> selection) =>
        selection is { IsOk: true, Value: { Delivery.IsForAll: true } all } && all.Devices.FirstOrDefault(d => d is { Device: not null, Refusal: not null }) is { } refused
            ? new Problem(ProblemKind.Invalid, $"Device '{refused.Candidate.Target.Id}' cannot have it: {refused.Refusal}", "configuration")
            : selection;

    private Outcome<RolloutPlan> PlanOf(Caller caller, CreateRollout request, IDelivery delivery)
    {
        if (request.Mode is not null && RolloutNames.ModeOf(request.Mode) is null)
            return new Problem(ProblemKind.Invalid, $"'mode' is '{request.Mode}'; it is soft, forced or downloadOnly.", "mode");
        var unit = request.BySite ? RingUnit.Site : RingUnit.Device;
        var usual = delivery.Into(new RolloutPlan { Id = "", Name = "-", CreatedBy = "", Created = default, Artifact = "", Component = "", Version = "", Query = request.Query });
        var plan = usual with
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()).ToString("N")[..20], Name = request.Name ?? $"{usual.Component} {usual.Version}", CreatedBy = caller.Actor, Created = time.GetUtcNow(),
            Mode = RolloutNames.ModeOf(request.Mode) ?? UpdateMode.Soft,
            Rings = request.Rings is { } rings ? new RingPlan([.. rings.Select(r => new Ring(r.Share, r.Minimum ?? 1, r.Soak))], unit, request.SiteDepth) : RingPlan.Usual(unit, request.SiteDepth),
            Gate = usual.Gate with { InstallationLimit = request.InstallationLimit ?? usual.Gate.InstallationLimit, FalseAlarms = request.FalseAlarms ?? usual.Gate.FalseAlarms },
            Pace = new RolloutPace(request.InFlight ?? usual.Pace.InFlight, request.PerMinute ?? usual.Pace.PerMinute, request.PerGateway ?? usual.Pace.PerGateway),
            NeedsApproval = request.NeedsApproval ?? true, InWindows = request.InWindows, RollBackOnAbort = request.RollBackOnAbort, ConfirmWithin = request.ConfirmWithin ?? usual.ConfirmWithin,
        };
        return plan.Refuse() is { } problem ? problem : plan;
    }

    /// <summary>An artifact that it gets from another rollout of the same component now. Of configurations there is one at a time of a layer.</summary>
    private static string? Elsewhere(TenantRollouts book, DeviceId device, RolloutPlan plan)
    {
        if (plan.Configuration is not null)
            return null;
        var other = book.WithJobs(device).FirstOrDefault(l => l.Rollout.Plan.Component == plan.Component && IsUnderWay(l));
        return other is null ? null : $"it is in rollout {other.Rollout.Plan.Id} of {plan.Component}";
    }

    private static bool IsWithAnother(TenantRollouts book, DeviceId device) => book.Of(device).Any(IsUnderWay);

    private static bool IsUnderWay(LiveRollout live) => live.Rollout.Head.State is not (RolloutState.Drafted or RolloutState.WaitingForApproval) && !live.Rollout.Head.State.IsOver();

    private static Outcome<IReadOnlyList<DeviceId>> Named(IReadOnlyList<string> names)
    {
        var ids = new HashSet<DeviceId>();
        foreach (var name in names)
        {
            if (!DeviceId.TryParse(name, out var id))
                return new Problem(ProblemKind.Invalid, $"'{(name?.Length > 60 ? name[..60] : name)}' is no device's id.", "devices");
            ids.Add(id);
        }
        return ids.Count == 0 ? new Problem(ProblemKind.Invalid, "'devices' names none.", "devices") : ids.ToArray();
    }
}

/// <param name="Device">Null where there is none in service.</param>
/// <param name="Refusal">Why the update is not for it; null when it is.</param>
/// <param name="IsShared">Another rollout that is under way has it too.</param>
internal sealed record SelectedDevice(FleetDevice? Device, RolloutCandidate Candidate, DeviceSigns Signs, string? Refusal, bool IsShared);

internal sealed record Selection(IDelivery Delivery, RolloutPlan Plan, IReadOnlyList<SelectedDevice> Devices)
{
    /// <summary>Those that it is for.</summary>
    public IReadOnlyList<RolloutCandidate> Candidates => [.. Devices.Where(d => d.Refusal is null).Select(d => d.Candidate)];
}
