using System.Collections.Concurrent;
using System.Text.Json;
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
/// The slice's tables and the rollouts in memory. A decision is made in memory under the tenant's gate, then <see cref="WriteAsync"/> writes whatever differs, in turn and as one transaction with the audit records
/// of it: of many that ask at once the first writes for all. Nobody is told of a decision before it is written. After a write that failed, or of which nobody knows, the memory is loaded again, and what was decided
/// on the old one is refused.
/// </summary>
internal sealed class UpdatesStore(IRegistryDatabase database, AuditNumbers numbers, UpdatesOptions options, TimeProvider time, ILogger<UpdatesStore> logger)
    : AuditedStore<UpdatesDbContext>(database, UpdatesDbContext.MigrationsTable, static (options, tenant) => new UpdatesDbContext(options, tenant), numbers, time, logger)
{
    private readonly AuditNumbers numbers = numbers;
    private readonly TimeProvider time = time;
    private readonly ConcurrentDictionary<TenantId, TenantRollouts> tenants = new();

    private readonly TaskCompletionSource loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IEnumerable<TenantId> Tenants => tenants.Keys;

    /// <summary>Rollouts are in memory: before, nobody knows what devices have by them.</summary>
    public Task Loaded => loaded.Task;

    public TenantRollouts Of(TenantId tenant) => tenants.GetOrAdd(tenant, static _ => new TenantRollouts());

    public void Forget(TenantId tenant) => tenants.TryRemove(tenant, out _);

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(cancellationToken);
        foreach (var tenant in await TenantsAsync("which devices are updated", cancellationToken))
            await LoadAsync(tenant, cancellationToken);
        loaded.TrySetResult();
    }

    /// <summary>Loads what is in the tables, in turn with the writes.</summary>
    public Task LoadAsync(TenantId tenant, CancellationToken cancellationToken) => Turn.LoadAgainAsync(tenant, cancellationToken);

    protected override async Task ReloadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        var heads = await context.ReadAllAsync<RolloutRow>(cancellationToken);
        var members = (await context.ReadAllAsync<RolloutMemberRow>(cancellationToken)).ToLookup(m => m.Rollout, m => MemberText.Read(DeviceId.Parse(m.Device), m.State, m.Content));
        var software = (await context.ReadAllAsync<DeviceSoftwareRow>(cancellationToken)).OrderBy(s => s.Since);
        var book = Of(tenant);
        lock (book.Gate)
        {
            book.Clear();
            foreach (var live in heads.Select(h => JsonSerializer.Deserialize(h.Head, UpdatesJson.Default.RolloutHead)!).OrderBy(h => h.Plan.Created).ThenBy(h => h.Plan.Id, StringComparer.Ordinal)
                .Select(h => new LiveRollout(Rollout.Restore(h, members[h.Plan.Id], time.GetUtcNow())) { Written = h }))
            {
                live.WrittenMembers.UnionWith(live.Rollout.Members.Keys);
                book.Add(live);
            }
            foreach (var row in software)
                book.Runs(row, int.MaxValue, out _);
        }
    }

    /// <summary>Writes what was decided until its turn comes; not to be cancelled, as it is in memory already.</summary>
    /// <param name="loads">The book's <see cref="TenantRollouts.Loads"/> when it was decided, taken under the same hold of the gate.</param>
    /// <returns>Why it is not written; then it is not in memory either, or will not be.</returns>
    public async Task<Problem?> WriteAsync(TenantId tenant, int loads)
    {
        var book = Of(tenant);
        try
        {
            var outcome = await Turn.ChangeAsync(tenant, () => WriteDifferencesAsync(tenant, book, loads), CancellationToken.None);
            if (outcome.IsOk)
                return null;
            await SettleAsync(tenant, CancellationToken.None);
            return outcome.Problem;
        }
        catch
        {
            await SettleAsync(tenant, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Loads again what is in doubt; false when that is not possible now.</summary>
    public async Task<bool> SettleAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var book = Of(tenant);
        if (!book.IsDoubtful)
            return true;
        var outcome = await Turn.ChangeAsync<bool>(
            tenant,
            async () =>
            {
                if (book.IsDoubtful)
                    await ReloadAsync(tenant, cancellationToken);
                return true;
            }, cancellationToken);
        return outcome.IsOk;
    }

    /// <summary>On the turn. Nothing differs where the one before has written it.</summary>
    private async Task<Outcome<bool>> WriteDifferencesAsync(TenantId tenant, TenantRollouts book, int loads)
    {
        try
        {
            List<(object? Before, object? After)> rows;
            AuditRow[] audit;
            lock (book.Gate)
            {
                if (book.IsDoubtful || book.Loads != loads)
                    return RolloutDesk.Unavailable;
                rows = Differences(tenant, book);
                audit = [.. book.Done.Select(d => Record(d.Caller, EventTime.ToDateTimeOffset(EventTime.From(d.At)), d.Action, "rollout", d.Rollout, d.Before, d.After))];
                book.Done.Clear();
            }
            if (rows.Count + audit.Length > 0)
                await Turn.SaveAsync(tenant, rows, audit);
            if (audit.Length > 0)
                numbers.Announce(tenant);
            return true;
        }
        catch
        {
            lock (book.Gate)
                book.IsDoubtful = true;
            throw;
        }
    }

    /// <summary>What was decided until now, and nothing that a write before has taken.</summary>
    private List<(object? Before, object? After)> Differences(TenantId tenant, TenantRollouts book)
    {
        var rows = new List<(object?, object?)>();
        foreach (var live in book.Removed)
            Removal(tenant, live, rows);
        book.Removed.Clear();
        foreach (var live in book.All.Values)
            Differences(tenant, book, live, rows);
        rows.AddRange(book.Software);
        book.Software.Clear();
        return rows;
    }

    private static void Removal(TenantId tenant, LiveRollout live, List<(object? Before, object? After)> rows)
    {
        var id = live.Rollout.Plan.Id;
        if (live.Written is not null)
            rows.Add((new RolloutRow { TenantId = tenant.Value, Id = id, State = "", Head = "" }, null));
        foreach (var device in live.WrittenMembers)
            rows.Add((MemberRow(tenant, id, device), null));
    }

    /// <summary>To be deleted: by its key.</summary>
    private static RolloutMemberRow MemberRow(TenantId tenant, string rollout, DeviceId device) => new() { TenantId = tenant.Value, Rollout = rollout, Device = device.Value, State = "", Content = "" };

    private void Differences(TenantId tenant, TenantRollouts book, LiveRollout live, List<(object? Before, object? After)> rows)
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
            if (member.State is MemberState.Succeeded or MemberState.RolledBack && rollout.Plan is { Mode: not UpdateMode.DownloadOnly, Configuration: null } && Runs(rollout, member) is { } version)
                book.Note(new DeviceSoftwareRow { TenantId = tenant.Value, Device = member.Id.Value, Component = component, Since = since, Version = version, Rollout = id }, options.MaxSoftwareKept);
        }
        foreach (var device in left.Where(live.WrittenMembers.Remove))
            rows.Add((MemberRow(tenant, id, device), null));
    }

    private static string? Runs(Rollout rollout, RolloutMember member) => member.Runs ?? (member.State == MemberState.Succeeded ? rollout.VersionFor(member) : member.Candidate.From);
}
