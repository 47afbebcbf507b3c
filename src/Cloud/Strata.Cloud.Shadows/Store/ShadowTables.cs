using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Shadows.Rows;
using Strata.Core.Shadows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Shadows.Store;

/// <summary>The slice's tables, read by EF Core and written in bulk: one statement for all rows of a transaction, or one that is prepared once.</summary>
internal sealed class ShadowTables(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<ShadowTables> logger, TenantNews? news = null)
    : AuditedStore<ShadowsDbContext>(database, ShadowsDbContext.MigrationsTable, static (options, tenant) => new ShadowsDbContext(options, tenant), numbers, time, logger)
{
    /// <summary>Tenants whose contexts are kept.</summary>
    private const int MaxKept = 64;

    private readonly IRegistryDatabase database = database;
    private readonly AuditNumbers audits = numbers;

    /// <summary>Contexts of tenants that were written, none of which holds a connection. Of the writer alone.</summary>
    private readonly Dictionary<TenantId, ShadowsDbContext> kept = [];

    /// <summary>The shadows of these ids that are there.</summary>
    public async Task<Dictionary<string, byte[]>> LoadAsync(TenantId tenant, IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return (await context.Shadows.AsNoTracking().Where(s => ids.Contains(s.Id)).ToListAsync(cancellationToken)).ToDictionary(s => s.Id, s => s.Content);
    }

    /// <summary>All shadows of a device, deleted ones too.</summary>
    public async Task<Dictionary<string, Shadow>> OfDeviceAsync(TenantId tenant, string device, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return (await context.Shadows.AsNoTracking().Where(s => s.Device == device).ToListAsync(cancellationToken)).ToDictionary(s => s.Id, s => ShadowCodec.Read(s.Content));
    }

    /// <summary>The last changes of a shadow up to its state, the newest first, without a gap.</summary>
    public async Task<List<ShadowEntry>> ChangesAsync(TenantId tenant, string id, Shadow current, int kept, CancellationToken cancellationToken)
    {
        var ids = ShadowHistory.PlacesOf(current, kept).Select(place => ShadowKey.ChangeId(id, place)).ToList();
        await using var context = Create(tenant);
        var rows = await context.Changes.AsNoTracking().Where(c => ids.Contains(c.Id)).ToListAsync(cancellationToken);
        return ShadowHistory.UpTo(current, rows.Select(r => EntryText.Read(r.Entry)), kept);
    }

    /// <summary>Writes a batch as one transaction. One after the other.</summary>
    public async Task WriteAsync(TenantId tenant, ShadowBatch batch, CancellationToken cancellationToken)
    {
        // Making a context takes longer than writing a shadow: a tenant's is used again, unless something failed.
        var context = kept.Remove(tenant, out var known) ? known : Create(tenant);
        var connection = context.Database.GetDbConnection();
        var home = connection.ConnectionString;
        try
        {
            if (database.File is { } file)
                await file.WriteAsync(tenant, on => WriteEach(context, on, batch), cancellationToken);
            else
                await WriteAtOnceAsync(context, batch, cancellationToken);
            if (batch.Audit.Count > 0)
                audits.Announce(tenant);
            // What was led to the tenant's own database would stay there, and the tenant may move.
            if (kept.Count < MaxKept && connection.ConnectionString == home)
                kept.Add(tenant, context);
        }
        finally
        {
            if (!kept.ContainsKey(tenant))
                await context.DisposeAsync();
        }
    }

    /// <summary>Lets go of changes before a time, and of the versions of shadows that were deleted before it. In turn with nothing: neither is changed by anybody else.</summary>
    public Task DropAsync(TenantId tenant, long before, CancellationToken cancellationToken) => Turn.ObserveAsync(tenant, async context =>
    {
        await context.Changes.Where(c => c.Time < before).ExecuteDeleteAsync(cancellationToken);
        await context.Shadows.Where(s => s.Deleted && s.Updated < before).ExecuteDeleteAsync(cancellationToken);
    }, null, cancellationToken);

    /// <summary>Named shadows of a device that are there, and with those that were.</summary>
    public async Task<(int There, int Known)> CountNamedAsync(TenantId tenant, string device, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        var deleted = await context.Shadows.Where(s => s.Device == device && s.Id != device).Select(s => s.Deleted).ToListAsync(cancellationToken);
        return (deleted.Count(d => !d), deleted.Count);
    }

    /// <summary>Devices that have a shadow of this name.</summary>
    public async Task<HashSet<string>> DevicesWithAsync(TenantId tenant, string name, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return [.. await context.Shadows.Where(s => s.Id == s.Device + "/" + name && !s.Deleted).Select(s => s.Device).ToListAsync(cancellationToken)];
    }

    /// <summary>Devices that have a shadow.</summary>
    public async Task<List<string>> DevicesAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        return await context.Shadows.Select(s => s.Device).Distinct().ToListAsync(cancellationToken);
    }

    public AuditRow Audit(Caller caller, DateTimeOffset now, string action, string subject, string after) => new()
    {
        TenantId = caller.Tenant.Value, Id = audits.Next(caller.Tenant), Time = now, Actor = caller.Actor, Origin = caller.Origin, Action = action, Kind = "shadow", Subject = subject, After = after,
    };

    protected override void OnWritten(AuditRow record)
    {
        if (record.Kind == "configuration")
            news?.Tell(record, "configuration");
    }

    private static List<(string Id, string Device, long Updated, bool Deleted, byte[] Content)> ShadowsOf(ShadowsDbContext context, ShadowBatch batch) =>
        [.. batch.Shadows.Select(s => (s.Key, s.Value.Device, s.Value.Updated, s.Value.Deleted, ContextSeal.Seal<ShadowRow>(context, nameof(ShadowRow.Content), s.Key, s.Value.Content)))];

    private static List<(string Id, long Time, byte[] Entry)> ChangesOf(ShadowsDbContext context, ShadowBatch batch) =>
        [.. batch.Changes.Select(c => (c.Key, c.Value.Time, ContextSeal.Seal<ShadowChangeRow>(context, nameof(ShadowChangeRow.Entry), c.Key, c.Value.Entry)))];

    /// <summary>To a file, each row by a statement that is prepared once.</summary>
    private static void WriteEach(ShadowsDbContext context, SqliteConnection connection, ShadowBatch batch)
    {
        var tenant = context.Tenant.Value;
        foreach (var id in batch.Purged)
        {
            // A file compares bytes: '@' and the character after it enclose the shadow's changes.
            SqliteStatement.Of(connection, "DELETE FROM shadow_changes WHERE tenant_id = ? AND id >= ? AND id < ?").Run(tenant, id + "@", id + (char)('@' + 1));
            SqliteStatement.Of(connection, "DELETE FROM shadows WHERE tenant_id = ? AND id = ?").Run(tenant, id);
        }
        var upsert = SqliteStatement.Of(connection, "INSERT INTO shadows (tenant_id, id, device, updated, deleted, content) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, id) DO UPDATE SET updated = excluded.updated, deleted = excluded.deleted, content = excluded.content");
        foreach (var (id, device, updated, deleted, content) in ShadowsOf(context, batch))
            upsert.Run(tenant, id, device, updated, deleted, content);
        var change = SqliteStatement.Of(connection, "INSERT INTO shadow_changes (tenant_id, id, time, entry) VALUES (?, ?, ?, ?) ON CONFLICT (tenant_id, id) DO UPDATE SET time = excluded.time, entry = excluded.entry");
        foreach (var (id, at, entry) in ChangesOf(context, batch))
            change.Run(tenant, id, at, entry);
        context.AddRows(connection, batch.Audit);
    }

    /// <summary>To a server, all rows of a kind by one statement.</summary>
    private static async Task WriteAtOnceAsync(ShadowsDbContext context, ShadowBatch batch, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        foreach (var id in batch.Purged)
        {
            await context.Changes.Where(c => c.Id.StartsWith(id + "@")).ExecuteDeleteAsync(cancellationToken);
            await context.Shadows.Where(s => s.Id == id).ExecuteDeleteAsync(cancellationToken);
        }
        await WriteAtOnceAsync((NpgsqlConnection)context.Database.GetDbConnection(), (NpgsqlTransaction)transaction.GetDbTransaction(), context.Tenant, ShadowsOf(context, batch), ChangesOf(context, batch), cancellationToken);
        await context.AddRowsAsync(batch.Audit, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task WriteAtOnceAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantId tenant, List<(string Id, string Device, long Updated, bool Deleted, byte[] Content)> shadows, List<(string Id, long Time, byte[] Entry)> changes,
        CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        if (shadows.Count > 0)
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                """
                INSERT INTO shadows (tenant_id, id, device, updated, deleted, content) SELECT $1, i, d, u, x, c FROM unnest($2, $3, $4, $5, $6) AS t(i, d, u, x, c)
                ON CONFLICT (tenant_id, id) DO UPDATE SET updated = excluded.updated, deleted = excluded.deleted, content = excluded.content
                """)
            {
                Parameters =
                {
                    new() { Value = tenant.Value }, new() { Value = shadows.Select(s => s.Id).ToArray() }, new() { Value = shadows.Select(s => s.Device).ToArray() },
                    new() { Value = shadows.Select(s => s.Updated).ToArray() }, new() { Value = shadows.Select(s => s.Deleted).ToArray() },
                    new() { Value = shadows.Select(s => s.Content).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
                },
            });
        if (changes.Count > 0)
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                """
                INSERT INTO shadow_changes (tenant_id, id, time, entry) SELECT $1, i, t, e FROM unnest($2, $3, $4) AS c(i, t, e)
                ON CONFLICT (tenant_id, id) DO UPDATE SET time = excluded.time, entry = excluded.entry
                """)
            {
                Parameters =
                {
                    new() { Value = tenant.Value }, new() { Value = changes.Select(c => c.Id).ToArray() }, new() { Value = changes.Select(c => c.Time).ToArray() },
                    new() { Value = changes.Select(c => c.Entry).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
                },
            });
        if (batch.BatchCommands.Count > 0)
            await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>Rows of one transaction.</summary>
internal sealed class ShadowBatch
{
    public Dictionary<string, (string Device, long Updated, bool Deleted, byte[] Content)> Shadows { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, (long Time, byte[] Entry)> Changes { get; } = new(StringComparer.Ordinal);

    /// <summary>Shadows that go with their history, before anything else of the batch.</summary>
    public List<string> Purged { get; } = [];

    public List<AuditRow> Audit { get; } = [];

    public bool IsEmpty => Shadows.Count == 0 && Changes.Count == 0 && Purged.Count == 0;
}
