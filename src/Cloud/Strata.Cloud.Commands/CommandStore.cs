using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Commands.Rows;
using Strata.Cloud.Commands.Running;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Commands;

/// <summary>The slice's tables.</summary>
internal sealed class CommandStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<CommandStore> logger)
    : AuditedStore<CommandsDbContext>(database, CommandsDbContext.MigrationsTable, static (options, tenant) => new CommandsDbContext(options, tenant), numbers, time, logger)
{
    /// <summary>Keys in one statement.</summary>
    private const int PerStatement = 500;

    private readonly AuditNumbers numbers = numbers;
    private readonly IRegistryDatabase database = database;

    /// <summary>What a failure means for who asked; null for one that is a bug.</summary>
    public Problem? Explain(Exception failure) => database.Explain(failure);

    /// <summary>Writes what was decided, as one transaction.</summary>
    public async Task WriteAsync(CommandBatch batch)
    {
        await Turn.ObserveAsync(batch.Tenant, async context =>
        {
            context.ChangeTracker.AutoDetectChangesEnabled = false;
            foreach (var (before, after) in batch.Rows)
            {
                var entry = context.Entry(after);
                entry.State = before is null ? EntityState.Added : EntityState.Modified;
                if (before is not null)
                    entry.OriginalValues.SetValues(before);
            }
            if (batch.Audits.Count > 0)
                context.AddRange(batch.Audits.Select(a => a with { Id = numbers.Next(batch.Tenant) }));
            await context.SaveChangesAsync(CancellationToken.None);
        }, null, CancellationToken.None);
        if (batch.Audits.Count > 0)
            numbers.Announce(batch.Tenant);
    }

    /// <summary>What is not over.</summary>
    public async Task<IReadOnlyList<CommandRow>> OpenAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return await context.Commands.AsNoTracking().Where(c => c.Ended == null).ToListAsync(cancellationToken);
    }

    /// <summary>What ended without an answer, and could still get one.</summary>
    public async Task<IReadOnlyList<CommandRow>> UnansweredAsync(TenantId tenant, DateTimeOffset since, int most, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        var states = CommandStates.All.Where(s => s is CommandState.TimedOut or CommandState.Cancelled).Select(CommandStates.NameOf).ToList();
        return await context.Commands.AsNoTracking().Where(c => c.Ended >= since && states.Contains(c.State)).OrderByDescending(c => c.Ended).Take(most).ToListAsync(cancellationToken);
    }

    public async Task<CommandRow?> FindAsync(TenantId tenant, string key, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return await context.Commands.AsNoTracking().SingleOrDefaultAsync(c => c.Key == key, cancellationToken);
    }

    public async Task<byte[]?> ContentAsync(TenantId tenant, string id, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return (await context.Contents.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id, cancellationToken))?.Content;
    }

    /// <summary>Contents by their ids; null is what is there and cannot be opened any more: its key is gone.</summary>
    public async Task<Dictionary<string, byte[]?>> ContentsAsync(TenantId tenant, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, byte[]?>(StringComparer.Ordinal);
        foreach (var some in ids.Chunk(PerStatement))
        {
            if (await TryReadAsync(tenant, some, found, cancellationToken))
                continue;
            // One that cannot be opened takes the others of its statement with it. Read once more, it is not one whose key was renewed just then.
            foreach (var id in some)
            {
                if (!await TryReadAsync(tenant, [id], found, cancellationToken))
                    found[id] = null;
            }
        }
        return found;
    }

    private async Task<bool> TryReadAsync(TenantId tenant, string[] ids, Dictionary<string, byte[]?> found, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        try
        {
            foreach (var row in await context.Contents.AsNoTracking().Where(c => ids.Contains(c.Id)).ToListAsync(cancellationToken))
                found[row.Id] = row.Content;
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Commands, newest first.</summary>
    /// <param name="after">Of the last one of the page before.</param>
    public async Task<IReadOnlyList<CommandRow>> ListAsync(TenantId tenant, string? device, string? state, string? run, (DateTimeOffset Created, string Key)? after, int limit, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        var found = context.Commands.AsNoTracking();
        if (device is not null)
            found = found.Where(c => c.Device == device);
        if (state is not null)
            found = found.Where(c => c.State == state);
        if (run is not null)
            found = found.Where(c => c.Run == run);
        if (after is { } last)
            found = found.Where(c => c.Created < last.Created || (c.Created == last.Created && string.Compare(c.Key, last.Key) > 0));
        return await found.OrderByDescending(c => c.Created).ThenBy(c => c.Key).Take(limit).ToListAsync(cancellationToken);
    }

    /// <summary>Of a run: how many of its commands are in which state.</summary>
    public async Task<Dictionary<string, int>> CountsAsync(TenantId tenant, string run, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return await context.Commands.Where(c => c.Run == run).GroupBy(c => c.State).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, cancellationToken);
    }

    public async Task<CommandRunRow?> FindRunAsync(TenantId tenant, string id, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return await context.Runs.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, cancellationToken);
    }

    public async Task<IReadOnlyList<CommandRunRow>> RunsAsync(TenantId tenant, bool open, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return await context.Runs.AsNoTracking().Where(r => !open || r.State == CommandRunRow.Running).OrderByDescending(r => r.Started).ToListAsync(cancellationToken);
    }

    /// <summary>Takes away what is over and older than it is kept, or beyond the number that is.</summary>
    /// <returns>How many commands.</returns>
    public async Task<int> TrimAsync(TenantId tenant, CommandsOptions options, DateTimeOffset now, CancellationToken cancellationToken)
    {
        List<string> gone;
        await using (var context = Create(tenant))
        {
            var old = now - options.KeepFor;
            gone = await context.Commands.Where(c => c.Ended < old).Select(c => c.Key).Take(PerStatement).ToListAsync(cancellationToken);
            if (gone.Count < PerStatement)
                gone.AddRange(await context.Commands.Where(c => c.Ended >= old).OrderByDescending(c => c.Ended).ThenBy(c => c.Key).Select(c => c.Key).Skip(options.MaxKept).Take(PerStatement - gone.Count).ToListAsync(cancellationToken));
        }
        if (gone.Count == 0)
            return 0;
        var contents = gone.SelectMany(k => new[] { CommandContentRow.PayloadOf(k), CommandContentRow.ResultOf(k) }).ToList();
        await Turn.ObserveAsync(tenant, async context =>
        {
            await context.Commands.Where(c => gone.Contains(c.Key) && c.Ended != null).ExecuteDeleteAsync(CancellationToken.None);
            await context.Contents.Where(c => contents.Contains(c.Id)).ExecuteDeleteAsync(CancellationToken.None);
        }, null, cancellationToken);
        return gone.Count;
    }

    /// <summary>Takes away the oldest runs beyond the number that is kept.</summary>
    public async Task TrimRunsAsync(TenantId tenant, int most, CancellationToken cancellationToken)
    {
        List<string> gone;
        await using (var context = Create(tenant))
            gone = await context.Runs.OrderByDescending(r => r.Started).ThenBy(r => r.Id).Skip(most).Where(r => r.State != CommandRunRow.Running).Select(r => r.Id).Take(PerStatement).ToListAsync(cancellationToken);
        if (gone.Count == 0)
            return;
        var devices = gone.ConvertAll(CommandContentRow.DevicesOf);
        await Turn.ObserveAsync(tenant, async context =>
        {
            await context.Runs.Where(r => gone.Contains(r.Id)).ExecuteDeleteAsync(CancellationToken.None);
            await context.Contents.Where(c => devices.Contains(c.Id)).ExecuteDeleteAsync(CancellationToken.None);
        }, null, cancellationToken);
    }
}
