using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Configuration;
using Strata.Cloud.Platform.Updates;
using Strata.Cloud.Updates.Book;
using Strata.Core;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates;

/// <summary>What people do with rollouts: each decided in memory, written with its audit record, then answered.</summary>
internal sealed class RolloutDesk(UpdatesStore store, RolloutSelector selector, IArtifacts artifacts, ILayers layers, RolloutNews news, UpdatesOptions options, TimeProvider time)
{
    /// <summary>Whether the tenant has a rollout of that name and artifact, or layer, wherever it stands.</summary>
    public bool IsThere(TenantId tenant, string name, string artifact)
    {
        var book = store.Of(tenant);
        lock (book.Gate)
            return book.All.Values.Any(l => l.Rollout.Plan.Name == name && l.Rollout.Plan.Artifact == artifact);
    }

    public async Task<Outcome<RolloutInfo>> DraftAsync(Caller caller, CreateRollout request, CancellationToken cancellationToken)
    {
        var selection = await selector.PrepareAsync(caller, request, cancellationToken);
        if (!selection.IsOk)
            return selection.Problem;
        var rollout = Rollout.Draft(selection.Value.Plan, selection.Value.Candidates, time.GetUtcNow());
        return await AddAsync(caller, rollout, "draft", cancellationToken);
    }

    /// <summary>Does a step with a rollout that is there.</summary>
    /// <param name="step">Decides; null when it is done.</param>
    public async Task<Outcome<RolloutInfo>> StepAsync(Caller caller, string id, string action, Func<Rollout, DateTimeOffset, Problem?> step, object? after, CancellationToken cancellationToken)
    {
        var book = store.Of(caller.Tenant);
        if (!await store.SettleAsync(caller.Tenant, cancellationToken))
            return Unavailable;
        var begins = action is "start" or "approve";
        if (begins && (await MovedAsync(caller.Tenant, id, cancellationToken) ?? await FillAsync(caller.Tenant, id, cancellationToken)) is { } refused)
            return refused;
        int loads;
        lock (book.Gate)
        {
            if (!book.All.TryGetValue(id, out var live))
                return NotFound(id);
            if (begins && Held(book, live.Rollout) is { } held)
                return held;
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
            var again = rollout.Plan.Configuration is null ? rollout.Members.Values.Where(m => m.State.IsFailure() || m.State == MemberState.Waiting).Select(m => m.Candidate.Artifact ?? rollout.Plan.Artifact) : [];
            if (again.Distinct().FirstOrDefault(a => artifacts.Find(caller.Tenant, a) is null) is { } gone)
                return new Problem(ProblemKind.Conflict, $"The artifact {gone} is not here any more; add it again.");
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
            if (Needed(book, live.Rollout) is { } needed)
                return needed;
            if (state is not RolloutState.Drafted && !state.IsOver())
                return new Problem(ProblemKind.Conflict, state == RolloutState.RollingBack ? $"The rollout is taken back by {live.Rollout.Head.Rollback}: that ends first." : $"The rollout {RolloutNames.SaidOf(state)}: abort it first.", "id");
            book.Remove(live);
            // Devices that have its configuration get what the layer says.
            if (plan.Configuration is not null)
                book.All.GetValueOrDefault(live.Rollout.Head.Rollback ?? "")?.Rollout.Settle();
            book.Done.Add(new UpdateAudit(caller, time.GetUtcNow(), "delete", id, new { plan.Name, plan.Artifact, devices = live.Rollout.Members.Count }, null));
            loads = book.Loads;
        }
        if (await store.WriteAsync(caller.Tenant, loads) is { } problem)
            return problem;
        layers.Bring(caller.Tenant);
        return true;
    }

    /// <summary>Takes the devices of a rollout back; those that cannot go are named first.</summary>
    public async Task<Outcome<RolloutRollback>> RollBackAsync(Caller caller, string id, bool dryRun, CancellationToken cancellationToken)
    {
        var book = store.Of(caller.Tenant);
        if (!await store.SettleAsync(caller.Tenant, cancellationToken))
            return Unavailable;
        if (await MovedAsync(caller.Tenant, id, cancellationToken) is { } moved)
            return moved;
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
        // A way back is not refused because many rollouts were drafted, and it has its bound too.
        if ((Held(book, live.Rollout) ?? Full(book, 2 * options.MaxRollouts)) is { } refused)
            return refused;
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

    /// <summary>A draft that reached nobody reaches those that match by now: nobody follows a query before the rollout began.</summary>
    private async Task<Problem?> FillAsync(TenantId tenant, string id, CancellationToken cancellationToken)
    {
        var book = store.Of(tenant);
        LiveRollout? live;
        lock (book.Gate)
            live = book.All.GetValueOrDefault(id) is { Rollout.IsEmptyDraft: true } empty ? empty : null;
        if (live is null)
            return null;
        var selection = await selector.PrepareAsync(tenant, live.Rollout.Plan, cancellationToken);
        if (!selection.IsOk)
            return selection.Problem;
        lock (book.Gate)
        {
            if (!ReferenceEquals(book.All.GetValueOrDefault(id), live) || !live.Rollout.IsEmptyDraft)
                return null;
            live.Rollout.Fill(selection.Value.Candidates, time.GetUtcNow());
            foreach (var device in live.Rollout.Members.Keys)
                book.Note(device, live);
        }
        return null;
    }

    /// <summary>Why a rollout cannot change its layer any more, or change it back: somebody else changed it since.</summary>
    private async Task<Problem?> MovedAsync(TenantId tenant, string id, CancellationToken cancellationToken)
    {
        var book = store.Of(tenant);
        RolloutHead? head;
        lock (book.Gate)
            head = book.All.GetValueOrDefault(id)?.Rollout.Head;
        var isMade = head is { State: RolloutState.Done, IsSettled: true };
        if (head?.Plan.Configuration is not { } change || !(isMade || head.Started is null))
            return null;
        var (there, known) = (await layers.VersionAsync(tenant, change.Layer, cancellationToken), change.Version + (isMade ? 1 : 0));
        return there == known ? null : new Problem(ProblemKind.Conflict, $"Layer '{change.Layer}' was changed meanwhile: it has version {there}, and rollout {id} {(isMade ? "made it" : "was drafted on")} {known}. Draft another.");
    }

    private static Problem? Full(TenantRollouts book, int most) =>
        book.All.Count < most ? null : new Problem(ProblemKind.TooMuch, $"The tenant has {book.All.Count} rollouts, old ones among them; delete some that are over ('strata rollout delete').");

    /// <summary>Why a layer cannot be changed now: another rollout does.</summary>
    private static Problem? Held(TenantRollouts book, Rollout rollout) =>
        rollout is { HoldsLayer: false, Plan.Configuration: { } change } && book.HolderOf(change.Layer) is { } other ? new Problem(ProblemKind.Conflict, $"Layer '{change.Layer}' is changed by rollout {other.Rollout.Plan.Id} now.") : null;

    /// <summary>Why the rollout of a configuration cannot be forgotten yet.</summary>
    private static Problem? Needed(TenantRollouts book, Rollout rollout) => rollout switch
    {
        { HoldsLayer: true, Head.State: RolloutState.Done } => new Problem(ProblemKind.Conflict, "The rollout is done and its layer is being set; try again.", "id"),
        { HoldsLayer: true, Plan.RollbackOf: { } of } when book.All.TryGetValue(of, out var other) && other.Rollout.HoldsLayer =>
            new Problem(ProblemKind.Conflict, $"By this rollout devices of {of} have what they had before: delete {of} first.", "id"),
        _ => null,
    };

    /// <param name="isFull">With what a configuration changes.</param>
    public Outcome<RolloutInfo> Show(TenantId tenant, string id, bool isFull = false)
    {
        var book = store.Of(tenant);
        lock (book.Gate)
            return !book.All.TryGetValue(id, out var live) ? NotFound(id) : isFull ? RolloutText.Full(live.Rollout) : RolloutText.Info(live.Rollout);
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
            if (Full(book, options.MaxRollouts) is { } full)
                return full;
            book.Add(new LiveRollout(rollout));
            book.Done.Add(new UpdateAudit(caller, time.GetUtcNow(), action, plan.Id, null, new { plan.Name, plan.Artifact, plan.Query, devices = rollout.Members.Count, mode = RolloutNames.NameOf(plan.Mode) }));
            loads = book.Loads;
        }
        return await store.WriteAsync(caller.Tenant, loads) is { } problem ? problem : Show(caller.Tenant, plan.Id);
    }

    /// <summary>The rollout by which devices of another were taken back last, while it is kept.</summary>
    private static Rollout? Earlier(TenantRollouts book, Rollout rollout) => book.All.GetValueOrDefault(rollout.Head.Rollback ?? "")?.Rollout;

    /// <summary>Under the gate.</summary>
    private RollbackDraft Draft(Caller caller, Rollout rollout)
    {
        var (now, ways) = (time.GetUtcNow(), new WaysBack(artifacts, caller.Tenant, rollout.Plan));
        return RollbackPlanning.Make(rollout, Earlier(store.Of(caller.Tenant), rollout), Guid.CreateVersion7(now).ToString("N")[..20], caller.Actor, m => ways.Of(m.Candidate), now);
    }
}
