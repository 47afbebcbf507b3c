using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Updates.Book;
using Strata.Cloud.Updates.Deliveries;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Gate;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates;

/// <summary>Looks at rollouts that run: who joined or left, what became of devices, what the gate says; writes it, then tells devices that there is a job.</summary>
internal sealed partial class RolloutRunner(
    UpdatesStore store, RolloutDesk desk, FleetFacts facts, IFleetSearch search, DeliveryFinder deliveries, LayerRollouts layers, IDeviceWay way, RolloutNews news, UpdatesOptions options, TimeProvider time, ILogger<RolloutRunner> logger) : BackgroundService
{
    /// <summary>A device that was told and did not come is told again after so long.</summary>
    private static readonly TimeSpan TellAgain = TimeSpan.FromMinutes(30);

    /// <summary>Devices of a rollout of which a look writes why they wait.</summary>
    private const int ReasonsInALook = 200;

    internal async Task LookAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (!await store.SettleAsync(tenant, cancellationToken))
            return;
        await FollowAsync(tenant, cancellationToken);
        var isMoved = await layers.TakeAsync(tenant, cancellationToken);
        var (changed, isGiven, loads) = Decide(tenant);
        if (await store.WriteAsync(tenant, loads) is { } problem)
        {
            LogNotWritten(problem.Detail);
            return;
        }
        foreach (var id in changed)
            news.Tell(tenant, id);
        await layers.SettleAsync(tenant, isMoved || isGiven || changed.Count > 0, cancellationToken);
        await TellAsync(tenant, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.LookInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var tenant in store.Tenants)
                    await TryAsync(tenant, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What was decided is written; the rest is decided after the start.
        }
    }

    private async Task TryAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        try
        {
            await LookAsync(tenant, cancellationToken);
        }
#pragma warning disable CA1031 // What was not done is done at the next look.
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogFailed(failure);
        }
    }

    /// <summary>Devices that match since, or not any more.</summary>
    private async Task FollowAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (!facts.Fleet.Tenants.Contains(tenant))
            return; // While its devices are not loaded, none of them is gone.
        var book = store.Of(tenant);
        LiveRollout[] due;
        lock (book.Gate)
        {
            due = [.. book.All.Values.Where(l => l.Rollout.HandsOut && time.GetUtcNow() - l.Followed >= options.FollowInterval)];
            foreach (var live in due)
            {
                live.Followed = time.GetUtcNow();
                LoseGone(tenant, book, live);
            }
        }
        foreach (var live in due.Where(l => l.Rollout.Plan.Query is not null && l.Rollout.Head.State is not RolloutState.Paused))
        {
            var plan = live.Rollout.Plan;
            if (await deliveries.OfAsync(tenant, plan, cancellationToken) is not { } delivery || await search.FindAsync(tenant, plan.Query!, cancellationToken) is not { IsOk: true, Value: { } found })
                continue;
            var (look, matching) = (facts.Signs.Look(tenant), found.ToHashSet());
            lock (book.Gate)
            {
                // What was loaded again meanwhile is another one.
                if (!ReferenceEquals(book.All.GetValueOrDefault(plan.Id), live))
                    continue;
                foreach (var id in matching.Where(id => !live.Rollout.Members.ContainsKey(id)))
                {
                    if (live.Rollout.Members.Count >= options.MaxTargets || facts.Fleet.Find(tenant, id) is not { State: not DeviceState.Decommissioned } device)
                        continue;
                    var candidate = delivery.CandidateOf(device, look(device));
                    if (delivery.Refusal(device, candidate, book) is null && live.Rollout.Join(candidate, time.GetUtcNow()))
                        book.Note(id, live);
                }
                foreach (var id in live.Rollout.Members.Keys.Where(id => !matching.Contains(id)).ToArray())
                {
                    if (live.Rollout.Leave(id))
                        book.Let(id, live);
                }
            }
        }
    }

    private void LoseGone(TenantId tenant, TenantRollouts book, LiveRollout live)
    {
        foreach (var id in live.Rollout.Members.Keys.Where(id => facts.Fleet.Find(tenant, id) is null or { State: DeviceState.Decommissioned }).ToArray())
        {
            if (live.Rollout.Lose(id))
                book.Let(id, live);
        }
    }

    /// <returns>Rollouts that stand elsewhere than before; whether devices were given a configuration.</returns>
    private (List<string> Changed, bool IsGiven, int Loads) Decide(TenantId tenant)
    {
        var (changed, book, now, look, windows) = (new List<string>(), store.Of(tenant), time.GetUtcNow(), facts.Signs.Look(tenant), facts.Signs.Windows(tenant));
        lock (book.Gate)
        {
            foreach (var live in book.All.Values.ToArray())
                Decide(tenant, book, live, look, now, changed);
            var isGiven = false;
            foreach (var live in book.Holders)
                isGiven |= live.Rollout.Give(now, m => Evidence(tenant, m, look).Reachable, m => windows(SiteOf(m)));
            return (changed, isGiven, book.Loads);
        }
    }

    private void Decide(TenantId tenant, TenantRollouts book, LiveRollout live, Func<FleetDevice, DeviceSigns> look, DateTimeOffset now, List<string> changed)
    {
        var (id, before) = (live.Rollout.Plan.Id, live.Rollout.Head);
        live.Rollout.Expire(now);
        live.Rollout.KeepReasons(ReasonsInALook);
        // A rollback that was deleted is over too.
        var by = before.State == RolloutState.RollingBack ? book.All.GetValueOrDefault(before.Rollback ?? "")?.Rollout.Head.State : null;
        if (before.State == RolloutState.RollingBack && by?.IsOver() != false)
        {
            live.Rollout.RolledBack(by == RolloutState.Done, now);
            changed.Add(id);
            return;
        }
        var decision = live.Rollout.Look(member => Evidence(tenant, member, look), now);
        var after = live.Rollout.Head;
        if (decision is null || (after.State == before.State && after.Ring == before.Ring))
            return;
        changed.Add(id);
        if (decision.Outcome == GateOutcome.Wait)
            return;
        book.Done.Add(new UpdateAudit(Caller.Node(tenant), now, decision.Outcome == GateOutcome.Abort ? "stop" : "go on", id, null, new { ring = decision.Ring, rule = decision.Rule, why = decision.Why }));
        if (after.State != RolloutState.Aborted || !after.Plan.RollBackOnAbort)
            return;
        var back = desk.RollBack(Caller.Node(tenant), live);
        if (back.IsOk)
            changed.Add(back.Value.Rollout.Plan.Id);
        else
            LogNotBack(id, back.Problem.Detail);
    }

    private MemberEvidence Evidence(TenantId tenant, RolloutMember member, Func<FleetDevice, DeviceSigns> look)
    {
        if (facts.Fleet.Find(tenant, member.Id) is not { State: DeviceState.Active or DeviceState.Degraded } device)
            return new MemberEvidence(HealthSigns.Unknown, false);
        var signs = look(device);
        return new MemberEvidence(signs.Signs, signs.IsHeard);
    }

    /// <summary>Devices are told that there is a job; those that cannot be told find it when they ask.</summary>
    private async Task TellAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var (book, now, windows) = (store.Of(tenant), time.GetUtcNow(), facts.Signs.Windows(tenant));
        var toTell = new List<(string Rollout, DeviceId Device)>();
        lock (book.Gate)
        {
            foreach (var live in book.All.Values.Where(l => l.Rollout.Plan.Configuration is null))
            {
                // Who is at another job is told of this one after it.
                bool IsToBeTold(RolloutMember m) => (!live.Told.TryGetValue(m.Id, out var told) || now - told >= TellAgain) && book.WorkOf(m.Id) is null;
                foreach (var device in live.Rollout.WouldBeOffered(now, IsToBeTold, m => windows(SiteOf(m)), options.MaxTold - toTell.Count))
                {
                    live.Told[device] = now;
                    toTell.Add((live.Rollout.Plan.Id, device));
                }
            }
        }
        foreach (var (rollout, device) in toTell)
            await way.SendAsync(tenant, $"job-{rollout}-{device.Value}", device, "jobs/notify", Encoding.UTF8.GetBytes($$"""{"job":"{{rollout}}"}"""), now + TellAgain, cancellationToken);
    }

    private static SiteId? SiteOf(RolloutMember member) => SiteId.TryParse(member.Candidate.Target.Site, out var site) ? site : null;

    [LoggerMessage(5911, LogLevel.Error, "Rollouts could not be looked at; it is tried again.")]
    private partial void LogFailed(Exception failure);

    [LoggerMessage(5912, LogLevel.Warning, "What the gate decided could not be written and is decided again: {Problem}")]
    private partial void LogNotWritten(string problem);

    [LoggerMessage(5913, LogLevel.Warning, "The devices of rollout {Rollout} could not be taken back: {Problem}")]
    private partial void LogNotBack(string rollout, string problem);
}
