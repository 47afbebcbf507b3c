using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Updates;
using Strata.Cloud.Updates.Book;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rings;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates;

/// <summary>What people do with rollouts: each decided in memory, written with its audit record, then answered.</summary>
internal sealed class RolloutDesk(UpdatesStore store, FleetFacts facts, IFleetSearch search, IArtifacts artifacts, RolloutNews news, UpdatesOptions options, TimeProvider time)
{
    /// <summary>Devices that were asked for, and which of them the update is for.</summary>
    public async Task<Outcome<Selection>> SelectAsync(TenantId tenant, CreateRollout request, CancellationToken cancellationToken)
    {
        if (artifacts.Find(tenant, request.Artifact ?? "") is not { } artifact)
            return new Problem(ProblemKind.NotFound, $"There is no artifact '{request.Artifact}'; 'strata artifacts list' says which there are.", "artifact");
        if ((request.Query is null) == (request.Devices is null))
            return new Problem(ProblemKind.Invalid, "Say which devices by 'query' or by 'devices', one of both.", "query");
        var found = request.Devices is { } named ? Named(named) : await search.FindAsync(tenant, request.Query!, cancellationToken);
        if (!found.IsOk)
            return found.Problem;
        if (found.Value.Count > options.MaxTargets)
            return new Problem(ProblemKind.TooMuch, $"{found.Value.Count:N0} devices match; a rollout has {options.MaxTargets:N0} at most. Narrow the query.", "query");
        var (book, look, manifest) = (store.Of(tenant), facts.Signs.Look(tenant), FleetFacts.ManifestOf(artifact));
        var selected = new List<SelectedDevice>(found.Value.Count);
        lock (book.Gate)
        {
            foreach (var id in found.Value)
            {
                if (facts.Fleet.Find(tenant, id) is not { State: not DeviceState.Decommissioned } device)
                {
                    selected.Add(new SelectedDevice(new RolloutCandidate(new RolloutTarget(id, null, null, null, null), default, null), default, "there is no such device in service", null));
                    continue;
                }
                var signs = look(device);
                var candidate = facts.CandidateOf(tenant, device, artifact.Component, signs);
                var other = book.Of(id).FirstOrDefault(l => l.Rollout.Plan.Component == artifact.Component && l.Rollout.Head.State is not (RolloutState.Drafted or RolloutState.WaitingForApproval) && !l.Rollout.Head.State.IsOver());
                selected.Add(new SelectedDevice(candidate, signs, FleetFacts.Refusal(artifact, manifest, candidate, book) ?? (other is null ? null : $"it is in rollout {other.Rollout.Plan.Id} of {artifact.Component}"), device.PowerProfile));
            }
        }
        return new Selection(artifact, selected);
    }

    /// <summary>Whether the tenant has a rollout of that name and artifact, wherever it stands.</summary>
    public bool IsThere(TenantId tenant, string name, string artifact)
    {
        var book = store.Of(tenant);
        lock (book.Gate)
            return book.All.Values.Any(l => l.Rollout.Plan.Name == name && l.Rollout.Plan.Artifact == artifact);
    }

    public Outcome<RolloutPlan> PlanOf(Caller caller, CreateRollout request, ArtifactFacts artifact)
    {
        if (request.Mode is not null && RolloutNames.ModeOf(request.Mode) is null)
            return new Problem(ProblemKind.Invalid, $"'mode' is '{request.Mode}'; it is soft, forced or downloadOnly.", "mode");
        var unit = request.BySite ? RingUnit.Site : RingUnit.Device;
        var usual = new RolloutPlan { Id = "", Name = "-", CreatedBy = "", Created = default, Artifact = "", Component = "", Version = "" };
        var plan = usual with
        {
            Id = Guid.CreateVersion7(time.GetUtcNow()).ToString("N")[..20], Name = request.Name ?? $"{artifact.Component} {artifact.Version}", CreatedBy = caller.Actor, Created = time.GetUtcNow(),
            Artifact = artifact.Id, Component = artifact.Component, Version = artifact.Version, Query = request.Query, Mode = RolloutNames.ModeOf(request.Mode) ?? UpdateMode.Soft,
            Rings = request.Rings is { } rings ? new RingPlan([.. rings.Select(r => new Ring(r.Share, r.Minimum ?? 1, r.Soak))], unit, request.SiteDepth) : RingPlan.Usual(unit, request.SiteDepth),
            Gate = usual.Gate with { InstallationLimit = request.InstallationLimit ?? usual.Gate.InstallationLimit, FalseAlarms = request.FalseAlarms ?? usual.Gate.FalseAlarms },
            Pace = new RolloutPace(request.InFlight ?? usual.Pace.InFlight, request.PerMinute ?? usual.Pace.PerMinute, request.PerGateway ?? usual.Pace.PerGateway),
            NeedsApproval = request.NeedsApproval ?? true, InWindows = request.InWindows, RollBackOnAbort = request.RollBackOnAbort, ConfirmWithin = request.ConfirmWithin ?? usual.ConfirmWithin,
        };
        return plan.Refuse() is { } problem ? problem : plan;
    }

    public async Task<Outcome<RolloutInfo>> DraftAsync(Caller caller, CreateRollout request, CancellationToken cancellationToken)
    {
        var selection = await SelectAsync(caller.Tenant, request, cancellationToken);
        if (!selection.IsOk)
            return selection.Problem;
        var plan = PlanOf(caller, request, selection.Value.Artifact);
        if (!plan.IsOk)
            return plan.Problem;
        var rollout = Rollout.Draft(plan.Value, [.. selection.Value.Devices.Where(d => d.Refusal is null).Select(d => d.Candidate)], time.GetUtcNow());
        return await AddAsync(caller, rollout, "draft", cancellationToken);
    }

    /// <summary>Does a step with a rollout that is there.</summary>
    /// <param name="step">Decides; null when it is done.</param>
    public async Task<Outcome<RolloutInfo>> StepAsync(Caller caller, string id, string action, Func<Rollout, DateTimeOffset, Problem?> step, object? after, CancellationToken cancellationToken)
    {
        var book = store.Of(caller.Tenant);
        if (!await store.SettleAsync(caller.Tenant, cancellationToken))
            return Unavailable;
        int loads;
        lock (book.Gate)
        {
            if (!book.All.TryGetValue(id, out var live))
                return NotFound(id);
            var now = time.GetUtcNow();
            if (step(live.Rollout, now) is { } problem)
                return problem;
            book.Done.Add(new UpdateAudit(caller, now, action, id, null, after));
            loads = book.Loads;
        }
        if (await store.WriteAsync(caller.Tenant, loads) is { } unwritten)
            return unwritten;
        news.Tell(caller.Tenant, id);
        return Show(caller.Tenant, id);
    }

    public async Task<Outcome<RolloutRetried>> RetryAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        var waiting = 0;
        var outcome = await StepAsync(caller, id, "retry", (rollout, now) =>
        {
            var retried = rollout.Retry(now);
            waiting = retried.Value;
            return retried.Problem;
        }, null, cancellationToken);
        return outcome.IsOk ? new RolloutRetried(waiting) : outcome.Problem;
    }

    /// <summary>Forgets a rollout that is over, or a draft; any other is aborted first. What its devices have run stays known.</summary>
    public async Task<Outcome<bool>> DeleteAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        var book = store.Of(caller.Tenant);
        if (!await store.SettleAsync(caller.Tenant, cancellationToken))
            return Unavailable;
        int loads;
        lock (book.Gate)
        {
            if (!book.All.TryGetValue(id, out var live))
                return NotFound(id);
            var (plan, state) = (live.Rollout.Plan, live.Rollout.Head.State);
            if (state is not RolloutState.Drafted && !state.IsOver())
                return new Problem(ProblemKind.Conflict, state == RolloutState.RollingBack ? $"The rollout is taken back by {live.Rollout.Head.Rollback}: that ends first." : $"The rollout is {RolloutNames.NameOf(state)}: abort it first.", "id");
            book.Remove(live);
            book.Done.Add(new UpdateAudit(caller, time.GetUtcNow(), "delete", id, new { plan.Name, plan.Artifact, devices = live.Rollout.Members.Count }, null));
            loads = book.Loads;
        }
        return await store.WriteAsync(caller.Tenant, loads) is { } problem ? problem : true;
    }

    /// <summary>Takes the devices of a rollout back; those that cannot go are named first.</summary>
    public async Task<Outcome<RolloutRollback>> RollBackAsync(Caller caller, string id, bool dryRun, CancellationToken cancellationToken)
    {
        var book = store.Of(caller.Tenant);
        if (!await store.SettleAsync(caller.Tenant, cancellationToken))
            return Unavailable;
        Outcome<RollbackDraft> decided;
        int loads;
        lock (book.Gate)
        {
            if (!book.All.TryGetValue(id, out var live))
                return NotFound(id);
            decided = dryRun ? Draft(caller, live.Rollout) : RollBack(caller, live);
            loads = book.Loads;
        }
        if (!decided.IsOk)
            return decided.Problem;
        var draft = decided.Value;
        var (devices, hurt) = (draft.Rollout.Members.Count, draft.Rollout.Members.Values.Count(m => m.Ring == 0 && draft.Rollout.Plan.Rings.Rings.Count > 1));
        var stranded = draft.Stranded.Select(s => new RolloutStranded(s.Device.Value, s.WhyNot)).ToArray();
        if (dryRun)
            return new RolloutRollback(null, devices, hurt, stranded);
        if (await store.WriteAsync(caller.Tenant, loads) is { } unwritten)
            return unwritten;
        news.Tell(caller.Tenant, id);
        news.Tell(caller.Tenant, draft.Rollout.Plan.Id);
        return new RolloutRollback(Show(caller.Tenant, draft.Rollout.Plan.Id).Value, devices, hurt, stranded);
    }

    /// <summary>Decides it, under the gate: both rollouts are written with the caller's next write.</summary>
    public Outcome<RollbackDraft> RollBack(Caller caller, LiveRollout live)
    {
        var (id, now, book) = (live.Rollout.Plan.Id, time.GetUtcNow(), store.Of(caller.Tenant));
        var draft = Draft(caller, live.Rollout);
        if (draft.Rollout.Members.Count == 0)
            return new Problem(ProblemKind.Conflict, $"No device of rollout {id} can go back{(draft.Stranded.Count > 0 ? $": {draft.Stranded[0].WhyNot}" : "; none runs the new version")}.");
        if (live.Rollout.RollBack(draft.Rollout.Plan.Id, now) is { } problem)
            return problem;
        draft.Rollout.Start(now);
        book.Add(new LiveRollout(draft.Rollout));
        book.Done.Add(new UpdateAudit(caller, now, "rollback", id, null, new { by = draft.Rollout.Plan.Id, devices = draft.Rollout.Members.Count, stranded = draft.Stranded.Count }));
        return draft;
    }

    public Outcome<RolloutInfo> Show(TenantId tenant, string id)
    {
        var book = store.Of(tenant);
        lock (book.Gate)
            return book.All.TryGetValue(id, out var live) ? RolloutText.Info(live.Rollout) : NotFound(id);
    }

    public static Problem NotFound(string id) => new(ProblemKind.NotFound, $"There is no rollout '{(id.Length > 60 ? id[..60] + "..." : id)}'; 'strata rollout list' says which there are.", "id");

    public static Problem Unavailable => new(ProblemKind.Unavailable, "What became of rollouts could not be written a moment ago and is being loaded again; try again.");

    private async Task<Outcome<RolloutInfo>> AddAsync(Caller caller, Rollout rollout, string action, CancellationToken cancellationToken)
    {
        var book = store.Of(caller.Tenant);
        if (!await store.SettleAsync(caller.Tenant, cancellationToken))
            return Unavailable;
        var plan = rollout.Plan;
        int loads;
        lock (book.Gate)
        {
            if (book.All.Count >= options.MaxRollouts)
                return new Problem(ProblemKind.TooMuch, $"The tenant has {options.MaxRollouts} rollouts, old ones among them; delete some that are over ('strata rollout delete').");
            book.Add(new LiveRollout(rollout));
            book.Done.Add(new UpdateAudit(caller, time.GetUtcNow(), action, plan.Id, null, new { plan.Name, plan.Artifact, plan.Query, devices = rollout.Members.Count, mode = RolloutNames.NameOf(plan.Mode) }));
            loads = book.Loads;
        }
        return await store.WriteAsync(caller.Tenant, loads) is { } problem ? problem : Show(caller.Tenant, plan.Id);
    }

    /// <summary>Many devices come from the same few versions, each of which is looked up once.</summary>
    private RollbackDraft Draft(Caller caller, Rollout rollout)
    {
        var (now, ways) = (time.GetUtcNow(), new Dictionary<(string? Artifact, string? From, string? Model), WayBack>());
        return RollbackPlanning.Make(rollout, Guid.CreateVersion7(now).ToString("N")[..20], caller.Actor, Way, now);

        WayBack Way(RolloutMember member)
        {
            var key = (member.Candidate.Artifact, member.Candidate.From, member.Candidate.Target.Model);
            return ways.TryGetValue(key, out var known) ? known : ways[key] = WayBack(caller.Tenant, rollout, member);
        }
    }

    private WayBack WayBack(TenantId tenant, Rollout rollout, RolloutMember member)
    {
        var now = artifacts.Find(tenant, member.Candidate.Artifact ?? rollout.Plan.Artifact);
        if (now is { Reversible: false })
            return new WayBack(null, null, $"{now.Component} {now.Version} says that nothing goes back from it");
        if (member.Candidate.From is not { } from)
            return new WayBack(null, null, "nobody knows what it ran before");
        if (artifacts.FindVersion(tenant, rollout.Plan.Component, from, member.Candidate.Target.Model ?? "") is not { } before)
            return new WayBack(null, null, $"the artifact {rollout.Plan.Component} {from} for '{member.Candidate.Target.Model}' is not here");
        return now is not null && before.Counter < now.Counter
            ? new WayBack(null, null, $"the counter of {from} is {before.Counter}, and the device has confirmed {now.Counter}: it takes no older one")
            : new WayBack(before.Id, before.Version, null);
    }

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

/// <param name="Refusal">Why the update is not for it; null when it is.</param>
internal sealed record SelectedDevice(RolloutCandidate Candidate, DeviceSigns Signs, string? Refusal, string? PowerProfile);

internal sealed record Selection(ArtifactFacts Artifact, IReadOnlyList<SelectedDevice> Devices);
