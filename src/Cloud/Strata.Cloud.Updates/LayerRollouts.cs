using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Configuration;
using Strata.Cloud.Updates.Book;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates;

/// <summary>
/// What a look does for rollouts of configurations beside what it does for all: takes in what devices made of it by their shadows, and has the layer say it to everybody once the rollout is done. That comes after the
/// end of the rollout is written and before it lets go of its layer, so that a node that is killed goes on with what is left.
/// </summary>
internal sealed partial class LayerRollouts(UpdatesStore store, ILayers layers, TimeProvider time, ILogger<LayerRollouts> logger)
{
    /// <summary>What became of it at devices since the last look; decided on and written with the rest of the look.</summary>
    /// <returns>Whether anything did.</returns>
    public async Task<bool> TakeAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var isMoved = false;
        var book = store.Of(tenant);
        List<(LiveRollout Live, LayerChange Change, Dictionary<DeviceId, DateTimeOffset> Given)> held;
        lock (book.Gate)
            held = [.. book.Holders.Select(l => (l, l.Rollout.Plan.Configuration!, l.Rollout.Members.Values.Where(m => m.State is MemberState.Trial or MemberState.Unconfirmed).ToDictionary(m => m.Id, m => m.Offered)))];
        foreach (var (live, change, given) in held)
        {
            var trials = await layers.LookAsync(tenant, change, given, cancellationToken);
            lock (book.Gate)
            {
                if (!ReferenceEquals(book.All.GetValueOrDefault(live.Rollout.Plan.Id), live))
                    continue; // Loaded again, or deleted, meanwhile.
                isMoved |= Take(tenant, book, live.Rollout, trials);
            }
        }
        return isMoved;
    }

    /// <summary>The layer of a rollout that is done says it to everybody; a rollout that is over and whose configuration nobody has lets go of its layer.</summary>
    /// <param name="isMoved">Devices may have something else than at the last look: it is brought to them now.</param>
    public async Task SettleAsync(TenantId tenant, bool isMoved, CancellationToken cancellationToken)
    {
        var book = store.Of(tenant);
        List<LiveRollout> over;
        int loads;
        lock (book.Gate)
        {
            (loads, isMoved) = (book.Loads, isMoved && book.Holders.Any());
            over = [.. book.Holders.Where(l => l.Rollout.Head.State.IsOver())];
        }
        foreach (var live in over)
        {
            var plan = live.Rollout.Plan;
            if (live.Rollout.Head.State == RolloutState.Done && await layers.KeepAsync(tenant, plan.Configuration!, $"rollout {plan.Id} ({plan.Name}) by {plan.CreatedBy}", cancellationToken) is { } problem)
            {
                LogNotKept(plan.Id, problem.Detail);
                if (problem.Kind != ProblemKind.Conflict)
                    continue; // At the next look.
            }
            lock (book.Gate)
                Settle(book, live.Rollout);
        }
        if (over.Count > 0 && await store.WriteAsync(tenant, loads) is { } unwritten)
            LogNotKept(over[0].Rollout.Plan.Id, unwritten.Detail);
        if (isMoved)
            layers.Bring(tenant);
    }

    private bool Take(TenantId tenant, TenantRollouts book, Rollout rollout, LayerTrials trials)
    {
        var now = time.GetUtcNow();
        var isMoved = false;
        foreach (var (device, trial) in trials.Of)
            isMoved |= rollout.Take(device, trial, now);
        if (!rollout.HandsOut || trials.Version == rollout.Plan.Configuration!.Version)
            return isMoved;
        // It was changed in the moment in which the rollout began: that counts.
        var why = $"layer '{rollout.Plan.Configuration.Layer}' was changed meanwhile: it has version {trials.Version}, and the rollout was drafted on {rollout.Plan.Configuration.Version}";
        rollout.Abort(why, now);
        rollout.Settle();
        book.Done.Add(new UpdateAudit(Caller.Node(tenant), now, "stop", rollout.Plan.Id, null, new { why }));
        return true;
    }

    private static void Settle(TenantRollouts book, Rollout rollout)
    {
        var isDone = rollout.Head.State == RolloutState.Done;
        if (!isDone && !rollout.IsWithNobody)
            return;
        rollout.Settle();
        // What was taken back is the layer's again.
        if (isDone && rollout.Plan.RollbackOf is { } of && book.All.TryGetValue(of, out var back))
            back.Rollout.Settle();
    }

    [LoggerMessage(5914, LogLevel.Warning, "The layer of rollout {Rollout} could not be set and is set again: {Problem}")]
    private partial void LogNotKept(string rollout, string problem);
}
