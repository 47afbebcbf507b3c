using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Archive;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Tenancy.Isolation;

/// <summary>
/// Changes tenants' levels, one after the other, step by step as <see cref="IsolationPlan"/> says. The last step done is in the placement's row, so that a change goes on after a
/// crash. A step that fails is tried again; what holds it up is said.
/// </summary>
internal sealed partial class IsolationRunner(
    IRegistryDatabase database, TenantPlacements placements, DataKeys keys, FieldSweep sweep, TenantMoves moves, TenantImport imports, TenancyStore tenants, TimeProvider time, ILogger<IsolationRunner> logger) : BackgroundService
{
    /// <summary>How long a tenant's own connections may keep a step waiting before it is tried again.</summary>
    private static readonly TimeSpan HoldLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly Channel<TenantId> work = Channel.CreateBounded<TenantId>(new BoundedChannelOptions(1_000) { FullMode = BoundedChannelFullMode.Wait });
    private readonly ConcurrentDictionary<TenantId, (IsolationStep Step, long Rows)> progress = new();

    /// <summary>The step at work and the rows it has done; null when none is.</summary>
    public (IsolationStep Step, long Rows)? Progress(TenantId tenant) => progress.TryGetValue(tenant, out var now) ? now : null;

    /// <summary>Decides and begins a change.</summary>
    public async Task<Outcome<TenantPlacementRow>> BeginAsync(Caller caller, IsolationLevel? level, bool renew, CancellationToken cancellationToken)
    {
        var cannotMove = level == IsolationLevel.Dedicated && !placements.Of(caller.Tenant).IsApart ? await moves.CannotPlaceAsync(caller.Tenant, cancellationToken) : null;
        var begun = await tenants.ChangeAsync<TenantPlacementRow>(caller, (image, now) => Decide(image, placements.Of(caller.Tenant), level, renew, now, cannotMove), cancellationToken);
        if (!begun.IsOk)
            return begun.Problem;
        if (begun.Value.IsChanging)
        {
            await placements.SaveAsync(begun.Value, CancellationToken.None);
            await work.Writer.WriteAsync(caller.Tenant, CancellationToken.None);
        }
        return begun.Value;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var row in placements.All.Where(r => r.IsChanging))
            await work.Writer.WriteAsync(TenantId.Parse(row.TenantId), stoppingToken);
        try
        {
            await foreach (var tenant in work.Reader.ReadAllAsync(stoppingToken))
                await ChangeAsync(tenant, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return; // The change goes on with the next start.
        }
    }

    private static Outcome<TenancyChange<TenantPlacementRow>> Decide(TenancyImage? image, TenantPlacementRow row, IsolationLevel? wanted, bool renew, DateTimeOffset now, Problem? cannotMove)
    {
        if (image is null or { Tenant.State: TenantState.Deleted })
            return new Problem(ProblemKind.NotFound, $"There is no tenant '{row.TenantId}'.", "id");
        var to = wanted ?? row.Level;
        if (to == IsolationLevel.Physical)
            return new Problem(ProblemKind.Invalid, $"A deployment of its own is another installation: 'strata tenants move {row.TenantId} --to physical --out FILE' writes the tenant for it; 'dedicated' is the strictest level on this one.", "level");
        if (to == IsolationLevel.Dedicated && row.TenantId == TenantId.Main.Value)
            return new Problem(ProblemKind.Conflict, "The installation's first tenant stays in the shared database, where the installation keeps what is its own.", "level");
        if (to == IsolationLevel.Dedicated && cannotMove is not null)
            return cannotMove;
        if (row.IsChanging)
            return new Problem(ProblemKind.Conflict, $"The tenant is changing to {row.Target.Name()}; see 'strata tenants isolation {row.TenantId}', and wait until it is done.", "level");
        if (renew && !IsolationPlan.HasKey(to))
            return new Problem(ProblemKind.Conflict, "A logical tenant has no key that could be renewed.", "renewKey");
        var next = row with
        {
            Target = to, Renews = renew, Done = IsolationStep.None, IsChanging = IsolationPlan.Steps(row.Level, to, renew).Count > 0, Change = Guid.NewGuid().ToString("N"), Started = now,
            Finished = null, Detail = null,
        };
        if (!next.IsChanging)
            next = row;
        return new TenancyChange<TenantPlacementRow>(
            next, image, [], renew ? "renew-key" : "change-isolation", "tenant", row.TenantId, new { level = row.Level.Name() }, new { level = to.Name() });
    }

    private async Task ChangeAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        while (placements.Of(tenant) is { IsChanging: true } row)
        {
            var step = IsolationPlan.Next(row.Level, row.Target, row.Renews, row.Done);
            try
            {
                if (row.Change == TenantImport.Mark)
                {
                    // Found at the start: the node ended while it was brought in, and whoever asked for it has not heard that it is there.
                    await imports.AbandonAsync(tenant, cancellationToken);
                    await tenants.LoadAgainAsync(tenant, cancellationToken);
                    LogNotImported(tenant.Value);
                    return;
                }
                if (step != IsolationStep.None)
                {
                    progress[tenant] = (step, 0);
                    var detail = await RunAsync(tenant, row, step, cancellationToken);
                    await placements.SaveAsync(placements.Of(tenant) with { Done = step, Detail = detail ?? placements.Of(tenant).Detail }, cancellationToken);
                    continue;
                }
                await FinishAsync(tenant, row, cancellationToken);
            }
#pragma warning disable CA1031 // Whatever failed is said and tried again; the node goes on, and the tenant is served where it is.
            catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                LogHeldUp(tenant.Value, step, failure);
                await TrySayAsync(placements.Of(tenant) with { Detail = $"{step}: {failure.Message}" }, cancellationToken);
                await Task.Delay(RetryAfter, time, cancellationToken);
            }
            finally
            {
                progress.TryRemove(tenant, out _);
            }
        }
    }

    private async Task<string?> RunAsync(TenantId tenant, TenantPlacementRow row, IsolationStep step, CancellationToken cancellationToken)
    {
        switch (step)
        {
            case IsolationStep.Key:
                await keys.AddAsync(tenant, cancellationToken);
                return null;
            case IsolationStep.Seal:
                var fields = await SweepAsync(tenant, step, cancellationToken);
                await keys.RetireAsync(tenant, cancellationToken);
                await database.ScrubAsync(tenant, cancellationToken);
                return $"{fields} fields were sealed with the new key";
            case IsolationStep.Unseal:
                await keys.DeactivateAsync(tenant, cancellationToken);
                fields = await SweepAsync(tenant, step, cancellationToken);
                await keys.RetireAsync(tenant, cancellationToken);
                return $"{fields} fields were opened";
            case IsolationStep.Copy:
                await moves.CopyAsync(tenant, IsolationPlan.HasPlace(row.Target), row.Change, rows => progress[tenant] = (step, rows), cancellationToken);
                return null;
            case IsolationStep.Switch:
                var waited = await moves.SwitchAsync(tenant, row with { IsApart = IsolationPlan.HasPlace(row.Target), Done = step, Detail = null }, rows => progress[tenant] = (step, rows), cancellationToken);
                return $"its writes waited {waited.TotalMilliseconds:0} ms";
            case IsolationStep.Clear:
                await moves.ClearAsync(tenant, IsolationPlan.HasPlace(row.Target), cancellationToken);
                return null;
            default:
                throw new NotSupportedException($"The step {step} is not to be had yet.");
        }
    }

    private async Task<long> SweepAsync(TenantId tenant, IsolationStep step, CancellationToken cancellationToken)
    {
        // What began with the old key has ended when the gate was closed once.
        (await database.Gates.HoldAsync(tenant, HoldLimit, cancellationToken)).Dispose();
        return await sweep.RunAsync(tenant, rows => progress[tenant] = (step, rows), cancellationToken);
    }

    private async Task FinishAsync(TenantId tenant, TenantPlacementRow row, CancellationToken cancellationToken)
    {
        await placements.SaveAsync(row with { Level = row.Target, IsChanging = false, Renews = false, Done = IsolationStep.None, Finished = time.GetUtcNow() }, cancellationToken);
        LogDone(tenant.Value, row.Target);
        await tenants.ChangeAsync<bool>(
            Caller.Node(tenant),
            (image, _) => image is null ? ListUnknown(tenant) : new TenancyChange<bool>(true, image, [], "isolation-changed", "tenant", tenant.Value, new { level = row.Level.Name() }, new { level = row.Target.Name(), row.Detail }),
            cancellationToken);
    }

    private async Task TrySayAsync(TenantPlacementRow row, CancellationToken cancellationToken)
    {
        try
        {
            await placements.SaveAsync(row with { Detail = row.Detail is { Length: > 500 } long1 ? long1[..500] : row.Detail }, cancellationToken);
        }
#pragma warning disable CA1031 // The database may be what is away: then it cannot be said there, and the log has it.
        catch (Exception failure) when (failure is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogNotSaid(row.TenantId, failure);
        }
    }

    private static Problem ListUnknown(TenantId tenant) => new(ProblemKind.NotFound, $"There is no tenant '{tenant}'.");

    [LoggerMessage(5201, LogLevel.Warning, "The isolation of {Tenant} cannot be changed just now, at {Step}; it is tried again.")]
    private partial void LogHeldUp(string tenant, IsolationStep step, Exception failure);

    [LoggerMessage(5202, LogLevel.Information, "{Tenant} is {Level} now.")]
    private partial void LogDone(string tenant, IsolationLevel level);

    [LoggerMessage(5204, LogLevel.Warning, "{Tenant} was not brought in before the node ended: nothing of it is left, import it again.")]
    private partial void LogNotImported(string tenant);

    [LoggerMessage(5203, LogLevel.Warning, "What holds the isolation of {Tenant} up could not be written.")]
    private partial void LogNotSaid(string tenant, Exception failure);
}
