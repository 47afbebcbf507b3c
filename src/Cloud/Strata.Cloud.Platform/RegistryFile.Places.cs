using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform;

/// <summary>Where tenants' rows are: in the shared file, or each in a file of its own in <c>tenants/ID/</c>.</summary>
public sealed partial class RegistryFile
{
    private readonly ConcurrentDictionary<TenantId, string> own = new();

    public bool IsApart(TenantId tenant) => own.ContainsKey(tenant);

    public void Place(TenantId tenant, bool apart)
    {
        if (!apart)
        {
            own.TryRemove(tenant, out _);
            return;
        }
        var path = OwnPath(tenant);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
        Create(path, FileShare.ReadWrite).Dispose();
        own[tenant] = ConnectionTo(path);
    }

    /// <summary>Rewrites the tenant's file without what is in no row, and empties its log.</summary>
    public async Task ScrubAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(own.GetValueOrDefault(tenant) ?? ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, "PRAGMA secure_delete = ON", cancellationToken);
        await ExecuteAsync(connection, "VACUUM", cancellationToken);
        await EmptyLogAsync(connection, cancellationToken);
    }

    /// <summary>Moves the log into the file and empties it, unless readers stay in the way for longer than a minute: then the rest goes with a later checkpoint.</summary>
    private static async Task EmptyLogAsync(SqliteConnection connection, CancellationToken cancellationToken)
    {
        const int attempts = 6; // Each waits for readers as long as a connection waits for a lock, which is ten seconds.
        for (var i = 0; i < attempts; i++)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            if (await reader.ReadAsync(cancellationToken) && reader.GetInt64(0) == 0)
                return;
        }
    }

    /// <summary>The folder of a tenant that has its own files.</summary>
    public string OwnFolder(TenantId tenant) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, "tenants", tenant.Value);

    public Task<Problem?> CannotPlaceAsync(TenantId tenant, CancellationToken cancellationToken) => Task.FromResult<Problem?>(null);

    public async Task PrepareOwnAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var path = OwnPath(tenant);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
        Create(path, FileShare.ReadWrite).Dispose();
        await using var connection = await OpenPlainAsync(path, cancellationToken);
        await ExecuteAsync(connection, "PRAGMA journal_mode = WAL", cancellationToken);
        await ExecuteAsync(connection, $"ATTACH '{Path.Replace("'", "''", StringComparison.Ordinal)}' AS home", cancellationToken);
        await MakeTablesAsync(connection, cancellationToken);
    }

    public Task RemoveOwnAsync(TenantId tenant, TenantTables tables, CancellationToken cancellationToken)
    {
        Close(ConnectionTo(OwnPath(tenant)));
        if (Directory.Exists(OwnFolder(tenant)))
            Directory.Delete(OwnFolder(tenant), recursive: true);
        return Task.CompletedTask;
    }

    public async Task<RegistryRows> OpenRowsAsync(TenantId tenant, RegistryPlace place, bool write, CancellationToken cancellationToken)
    {
        var connection = await OpenPlainAsync(place == RegistryPlace.Own || (place == RegistryPlace.Current && IsApart(tenant)) ? OwnPath(tenant) : Path, cancellationToken);
        try
        {
            return new RegistryRows(connection, connection.BeginTransaction(deferred: !write), tenant);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>In small transactions; then empties the log.</summary>
    public async Task<long> ClearSharedAsync(TenantId tenant, TenantTables tables, CancellationToken cancellationToken)
    {
        const int batch = 5_000;
        await using var connection = await OpenPlainAsync(Path, cancellationToken);
        long rows = 0;
        foreach (var table in tables.All.Reverse().Where(t => t.Row != typeof(TenantRow)))
        {
            var triggers = await NamesAsync(connection, $"SELECT sql FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name = '{table.Name}'", cancellationToken);
            if (triggers.Count > 0)
            {
                await ExecuteAsync(connection, "BEGIN IMMEDIATE", cancellationToken);
                await DropTriggersAsync(connection, $"tbl_name = '{table.Name}'", cancellationToken);
                // Rows that are written once are few, and the other file has them; nobody else may take this moment to change one.
                rows += await ForTenantAsync(connection, $"DELETE FROM \"{table.Name}\" WHERE tenant_id = $tenant RETURNING 1", tenant, cancellationToken);
                foreach (var sql in triggers)
                    await ExecuteAsync(connection, sql, cancellationToken);
                await ExecuteAsync(connection, "COMMIT", cancellationToken);
                continue;
            }
            long slice;
            do
            {
                slice = await ForTenantAsync(connection, $"DELETE FROM \"{table.Name}\" WHERE rowid IN (SELECT rowid FROM \"{table.Name}\" WHERE tenant_id = $tenant LIMIT {batch}) RETURNING 1", tenant, cancellationToken);
                rows += slice;
            }
            while (slice > 0);
        }
        await EmptyLogAsync(connection, cancellationToken);
        return rows;
    }

    /// <summary>Outside of the pool and of the tables' references, which whole tables do not keep on their way.</summary>
    private static async Task<SqliteConnection> OpenPlainAsync(string path, CancellationToken cancellationToken)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = false, DefaultTimeout = 10, Pooling = false }.ToString());
        try
        {
            await connection.OpenAsync(cancellationToken);
            await ExecuteAsync(connection, SqlitePragmas.Text, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Tables, indexes and triggers as the shared file has them, and which migrations made them.</summary>
    private static async Task MakeTablesAsync(SqliteConnection connection, CancellationToken cancellationToken)
    {
        var made = await NamesAsync(connection, "SELECT name FROM main.sqlite_master", cancellationToken);
        await ExecuteAsync(connection, "BEGIN IMMEDIATE", cancellationToken);
        foreach (var sql in await NamesAsync(connection, "SELECT sql FROM home.sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT IN (SELECT name FROM main.sqlite_master) ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 ELSE 3 END", cancellationToken))
            await ExecuteAsync(connection, sql, cancellationToken);
        foreach (var table in (await NamesAsync(connection, "SELECT name FROM home.sqlite_master WHERE type = 'table' AND name LIKE '%_migrations'", cancellationToken)).Except(made))
            await ExecuteAsync(connection, $"INSERT INTO main.\"{table}\" SELECT * FROM home.\"{table}\"", cancellationToken);
        await ExecuteAsync(connection, "COMMIT", cancellationToken);
    }

    private static async Task DropTriggersAsync(SqliteConnection connection, string which, CancellationToken cancellationToken)
    {
        foreach (var name in await NamesAsync(connection, $"SELECT name FROM main.sqlite_master WHERE type = 'trigger' AND {which}", cancellationToken))
            await ExecuteAsync(connection, $"DROP TRIGGER main.\"{name}\"", cancellationToken);
    }

    /// <summary>Runs a statement; returns how many rows it gives back.</summary>
    private static async Task<long> ForTenantAsync(SqliteConnection connection, string sql, TenantId tenant, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of our own tables; the tenant is a parameter.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Parameters.AddWithValue("$tenant", tenant.Value);
        long rows = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            rows++;
        return rows;
    }

    private static async Task<List<string>> NamesAsync(SqliteConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constant texts of this class.
        command.CommandText = sql;
#pragma warning restore CA2100
        var names = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            names.Add(reader.GetString(0));
        return names;
    }

    private string OwnPath(TenantId tenant) => System.IO.Path.Combine(OwnFolder(tenant), "registry.db");

    private static string ConnectionTo(string path) =>
        new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 10, Pooling = true }.ToString();
}
