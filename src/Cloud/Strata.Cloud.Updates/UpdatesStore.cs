using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Updates.Book;
using Strata.Cloud.Updates.Rows;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Core.Updates.Rollouts;

namespace Strata.Cloud.Updates;

/// <summary>
/// The slice's tables and the rollouts in memory. A decision is made in memory under the tenant's gate, then <see cref="WriteAsync"/> writes whatever differs, in turn: of many that ask at
/// once the first writes for all. Nobody is told of a decision before it is written. When a write fails the memory is loaded again.
/// </summary>
internal sealed partial class UpdatesStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<UpdatesStore> logger)
    : AuditedStore<UpdatesDbContext>(database, UpdatesDbContext.MigrationsTable, static (options, tenant) => new UpdatesDbContext(options, tenant), numbers, time, logger)
{
    private readonly IRegistryDatabase database = database;
    private readonly ConcurrentDictionary<TenantId, TenantRollouts> tenants = new();

    public IEnumerable<TenantId> Tenants => tenants.Keys;

    public TenantRollouts Of(TenantId tenant) => tenants.GetOrAdd(tenant, static _ => new TenantRollouts());

    public void Forget(TenantId tenant) => tenants.TryRemove(tenant, out _);

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(cancellationToken);
        foreach (var tenant in await TenantsAsync("which devices are updated", cancellationToken))
            await LoadAsync(tenant, cancellationToken);
    }

    public async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        var heads = await context.Rollouts.AsNoTracking().OrderBy(r => r.Id).ToListAsync(cancellationToken);
        var members = (await context.Members.AsNoTracking().ToListAsync(cancellationToken)).ToLookup(m => m.Rollout, m => MemberText.Read(DeviceId.Parse(m.Device), m.State, m.Content));
        var software = await context.Software.AsNoTracking().OrderBy(s => s.Since).ToListAsync(cancellationToken);
        var book = Of(tenant);
        lock (book.Gate)
        {
            book.Clear();
            foreach (var live in heads.Select(h => JsonSerializer.Deserialize(h.Head, UpdatesJson.Default.RolloutHead)!).OrderBy(h => h.Plan.Created)
                .Select(h => new LiveRollout(Rollout.Restore(h, members[h.Plan.Id])) { Written = h }))
            {
                live.WrittenMembers.UnionWith(live.Rollout.Members.Keys);
                book.Add(live);
            }
            foreach (var row in software)
                book.Runs(DeviceId.Parse(row.Device), row.Component, row.Version, row.Since);
        }
    }

    /// <summary>Writes what of the tenant's rollouts differs from its tables.</summary>
    /// <param name="audit">What somebody did; null for what is only observed.</param>
    /// <returns>Why it is not written; then the memory is as before, or will be.</returns>
    public async Task<Problem?> WriteAsync(Caller caller, UpdateAudit? audit, CancellationToken cancellationToken)
    {
        var book = Of(caller.Tenant);
        try
        {
            if (audit is not null)
            {
                var outcome = await ChangeAsync<bool>(
                    caller, (_, _, _) => Task.FromResult<Outcome<DecidedChange<bool>>>(new DecidedChange<bool>(true, Differences(caller.Tenant, book), audit.Action, "rollout", audit.Rollout, null, audit.After)), cancellationToken);
                if (outcome.IsOk)
                    return null;
                await DoubtAsync(caller.Tenant, book);
                return outcome.Problem;
            }
            await Turn.ObserveAsync(caller.Tenant, async context =>
            {
                context.ChangeTracker.AutoDetectChangesEnabled = false;
                foreach (var (before, after) in Differences(caller.Tenant, book))
                    context.Entry(after ?? before!).State = before is null ? EntityState.Added : after is null ? EntityState.Deleted : EntityState.Modified;
                await context.SaveChangesAsync(CancellationToken.None);
            }, null, cancellationToken);
            return null;
        }
        catch (Exception failure) when (database.Explain(failure) is not null)
        {
            LogNotWritten(failure);
            await DoubtAsync(caller.Tenant, book);
            return database.Explain(failure);
        }
        catch
        {
            await DoubtAsync(caller.Tenant, book);
            throw;
        }
    }

    /// <summary>Removes the rows of a rollout that is not in memory any more.</summary>
    /// <returns>Why they are not removed; then it is in memory again, or will be.</returns>
    public async Task<Problem?> RemoveAsync(Caller caller, LiveRollout live, CancellationToken cancellationToken)
    {
        var id = live.Rollout.Plan.Id;
        var outcome = await ChangeAsync<bool>(caller, async (context, _, cancelled) =>
        {
            var rows = new List<(object? Before, object? After)>();
            rows.AddRange((await context.Rollouts.AsNoTracking().Where(r => r.Id == id).ToListAsync(cancelled)).Select(r => ((object?)r, (object?)null)));
            rows.AddRange((await context.Members.AsNoTracking().Where(m => m.Rollout == id).ToListAsync(cancelled)).Select(m => ((object?)m, (object?)null)));
            return new DecidedChange<bool>(true, rows, "delete", "rollout", id, new { live.Rollout.Plan.Name, live.Rollout.Plan.Artifact, devices = live.Rollout.Members.Count }, null);
        }, cancellationToken);
        if (outcome.IsOk)
            return null;
        await DoubtAsync(caller.Tenant, Of(caller.Tenant));
        return outcome.Problem;
    }

    /// <summary>Loads again what is in doubt; false when that is not possible now.</summary>
    public async Task<bool> SettleAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (!Of(tenant).IsDoubtful)
            return true;
        try
        {
            await LoadAsync(tenant, cancellationToken);
            return true;
        }
        catch (Exception failure) when (database.Explain(failure) is not null)
        {
            LogNotLoaded(failure);
            return false;
        }
    }

    private async Task DoubtAsync(TenantId tenant, TenantRollouts book)
    {
        lock (book.Gate)
            book.IsDoubtful = true;
        await SettleAsync(tenant, CancellationToken.None);
    }

    /// <summary>On the turn: what was decided until now, and nothing that a write before has taken.</summary>
    private static List<(object? Before, object? After)> Differences(TenantId tenant, TenantRollouts book)
    {
        var rows = new List<(object?, object?)>();
        lock (book.Gate)
        {
            foreach (var live in book.All.Values)
                Differences(tenant, book, live, rows);
        }
        return rows;
    }

    private static void Differences(TenantId tenant, TenantRollouts book, LiveRollout live, List<(object? Before, object? After)> rows)
    {
        var (rollout, id) = (live.Rollout, live.Rollout.Plan.Id);
        if (!ReferenceEquals(live.Written, rollout.Head))
        {
            var row = new RolloutRow { TenantId = tenant.Value, Id = id, State = RolloutNames.NameOf(rollout.Head.State), Head = JsonSerializer.Serialize(rollout.Head, UpdatesJson.Default.RolloutHead) };
            rows.Add((live.Written is null ? null : row, row));
            live.Written = rollout.Head;
        }
        var (changed, left) = rollout.TakeDirty();
        foreach (var member in changed)
        {
            var row = new RolloutMemberRow { TenantId = tenant.Value, Rollout = id, Device = member.Id.Value, State = RolloutNames.NameOf(member.State), Content = MemberText.Write(KeptMember.Of(member)) };
            rows.Add((live.WrittenMembers.Add(member.Id) ? null : row, row));
            // Only what was confirmed, or has gone back, is what it runs.
            var component = rollout.Plan.Component;
            var since = EventTime.ToDateTimeOffset(EventTime.From(member.Since));
            if (member.State is MemberState.Succeeded or MemberState.RolledBack && rollout.Plan.Mode != UpdateMode.DownloadOnly && Runs(rollout, member) is { } version && book.Runs(member.Id, component, version, since))
                rows.Add((null, new DeviceSoftwareRow { TenantId = tenant.Value, Device = member.Id.Value, Component = component, Since = since, Version = version, Rollout = id }));
        }
        foreach (var device in left.Where(live.WrittenMembers.Remove))
            rows.Add((new RolloutMemberRow { TenantId = tenant.Value, Rollout = id, Device = device.Value, State = "", Content = "" }, null));
    }

    private static string? Runs(Rollout rollout, RolloutMember member) => member.Runs ?? (member.State == MemberState.Succeeded ? member.Candidate.Version ?? rollout.Plan.Version : member.Candidate.From);

    [LoggerMessage(5901, LogLevel.Error, "What became of rollouts could not be written; it is loaded again.")]
    private partial void LogNotWritten(Exception failure);

    [LoggerMessage(5902, LogLevel.Error, "Rollouts could not be loaded again; it is tried again.")]
    private partial void LogNotLoaded(Exception failure);
}

/// <summary>What somebody did with a rollout.</summary>
internal sealed record UpdateAudit(string Action, string Rollout, object? After);
