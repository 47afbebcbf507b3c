using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
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

    /// <summary>Rewrites the tenant's file without what is in no row, and empties its log. Waits for nobody: when a reader is in the way the rest goes with the next checkpoint.</summary>
    public async Task ScrubAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(own.GetValueOrDefault(tenant) ?? ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, "PRAGMA secure_delete = ON", cancellationToken);
        await ExecuteAsync(connection, "VACUUM", cancellationToken);
        await ExecuteAsync(connection, "PRAGMA wal_checkpoint(TRUNCATE)", cancellationToken);
    }

    /// <summary>The folder of a tenant that has its own files.</summary>
    public string OwnFolder(TenantId tenant) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, "tenants", tenant.Value);

    /// <summary>What the slices' migrations have made: the tables of one tenant's rows, without the installation's directory.</summary>
    private static string TenantTables(string database) =>
        $"SELECT m.name FROM {database}.sqlite_master m WHERE m.type = 'table' AND m.name <> 'tenant_placements' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name, '{database}') c WHERE c.name = 'tenant_id')";

    /// <summary>
    /// Copies the tenant's rows into its own file. Records of the audit trail, which are many and only grow, are copied once; with <paramref name="finish"/>, which is while the tenant's gate is held, the rest
    /// is copied as it is, and everything is compared. May be done again. Returns rows that are in the copy.
    /// </summary>
    /// <exception cref="InvalidDataException">The copy differs; it is thrown away, to be made anew.</exception>
    public async Task<long> CopyAsync(TenantId tenant, bool finish, CancellationToken cancellationToken)
    {
        var path = OwnPath(tenant);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
        Create(path, FileShare.ReadWrite).Dispose();
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = false, DefaultTimeout = 10, Pooling = false }.ToString());
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON", cancellationToken);
        await ExecuteAsync(connection, $"ATTACH '{Path.Replace("'", "''", StringComparison.Ordinal)}' AS home", cancellationToken);
        await MakeTablesAsync(connection, cancellationToken);
        long rows = 0;
        await ExecuteAsync(connection, "BEGIN IMMEDIATE", cancellationToken);
        await DropTriggersAsync(connection, "true", cancellationToken);
        foreach (var table in await NamesAsync(connection, TenantTables("home"), cancellationToken))
        {
            var growing = table switch { "audit" => "id", "audit_seals" => "number", _ => null };
            if (growing is null && !finish)
                continue;
            if (growing is null)
                await ExecuteAsync(connection, $"DELETE FROM main.\"{table}\"", cancellationToken);
            var newer = growing is null ? "" : $" AND \"{growing}\" > (SELECT coalesce(max(\"{growing}\"), 0) FROM main.\"{table}\")";
            await ForTenantAsync(connection, $"INSERT INTO main.\"{table}\" SELECT * FROM home.\"{table}\" WHERE tenant_id = $tenant{newer}", tenant, cancellationToken);
            if (finish && await DiffersAsync(connection, table, tenant, cancellationToken))
            {
                // Retention has taken records away meanwhile, or an earlier copy was older: the table is copied whole.
                await ExecuteAsync(connection, $"DELETE FROM main.\"{table}\"", cancellationToken);
                await ForTenantAsync(connection, $"INSERT INTO main.\"{table}\" SELECT * FROM home.\"{table}\" WHERE tenant_id = $tenant", tenant, cancellationToken);
                if (await DiffersAsync(connection, table, tenant, cancellationToken))
                    throw new InvalidDataException($"The copy of the table {table} of {tenant} differs from what it was copied from; it is made anew.");
            }
            rows += await ForTenantAsync(connection, $"SELECT count(*) FROM main.\"{table}\"", tenant, cancellationToken);
        }
        // What refuses changes of rows that are written once stands in the way of copying; it is there again before the tenant is.
        foreach (var sql in finish ? await NamesAsync(connection, "SELECT sql FROM home.sqlite_master WHERE type = 'trigger'", cancellationToken) : [])
            await ExecuteAsync(connection, sql, cancellationToken);
        await ExecuteAsync(connection, "COMMIT", cancellationToken);
        return rows;
    }

    /// <summary>Deletes what the shared file has of a tenant that is served from its own, in small transactions, and empties the log. Returns rows deleted.</summary>
    public async Task<long> ClearAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        const int batch = 5_000;
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path, ForeignKeys = false, DefaultTimeout = 10, Pooling = false }.ToString());
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON", cancellationToken);
        long rows = 0;
        foreach (var table in await NamesAsync(connection, TenantTables("main"), cancellationToken))
        {
            if (table == "tenants")
                continue; // That there is such a tenant is the installation's to know.
            var triggers = await NamesAsync(connection, $"SELECT sql FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'", cancellationToken);
            if (triggers.Count > 0)
            {
                await ExecuteAsync(connection, "BEGIN IMMEDIATE", cancellationToken);
                await DropTriggersAsync(connection, $"tbl_name = '{table}'", cancellationToken);
                // Rows that are written once are few, and the other file has them; nobody else may take this moment to change one.
                rows += await ForTenantAsync(connection, $"DELETE FROM \"{table}\" WHERE tenant_id = $tenant RETURNING 1", tenant, cancellationToken);
                foreach (var sql in triggers)
                    await ExecuteAsync(connection, sql, cancellationToken);
                await ExecuteAsync(connection, "COMMIT", cancellationToken);
                continue;
            }
            long slice;
            do
            {
                slice = await ForTenantAsync(connection, $"DELETE FROM \"{table}\" WHERE rowid IN (SELECT rowid FROM \"{table}\" WHERE tenant_id = $tenant LIMIT {batch}) RETURNING 1", tenant, cancellationToken);
                rows += slice;
            }
            while (slice > 0);
        }
        await ExecuteAsync(connection, "PRAGMA wal_checkpoint(TRUNCATE)", cancellationToken);
        return rows;
    }

    /// <summary>Tables and indexes as the shared file has them, and which migrations made them.</summary>
    private static async Task MakeTablesAsync(SqliteConnection connection, CancellationToken cancellationToken)
    {
        var made = await NamesAsync(connection, "SELECT name FROM main.sqlite_master", cancellationToken);
        await ExecuteAsync(connection, "BEGIN IMMEDIATE", cancellationToken);
        foreach (var sql in await NamesAsync(connection, "SELECT sql FROM home.sqlite_master WHERE type <> 'trigger' AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT IN (SELECT name FROM main.sqlite_master) ORDER BY type DESC", cancellationToken))
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

    private static async Task<bool> DiffersAsync(SqliteConnection connection, string table, TenantId tenant, CancellationToken cancellationToken)
    {
        var there = $"SELECT * FROM home.\"{table}\" WHERE tenant_id = $tenant";
        return await ForTenantAsync(
            connection, $"SELECT (SELECT count(*) FROM ({there} EXCEPT SELECT * FROM main.\"{table}\")) + (SELECT count(*) FROM (SELECT * FROM main.\"{table}\" EXCEPT {there}))", tenant, cancellationToken) > 0;
    }

    /// <summary>The number that a query gives, or of rows that a statement returns or changes.</summary>
    private static async Task<long> ForTenantAsync(SqliteConnection connection, string sql, TenantId tenant, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of our own tables; the tenant is a parameter.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Parameters.AddWithValue("$tenant", tenant.Value);
        if (sql.StartsWith("INSERT", StringComparison.Ordinal))
            return await command.ExecuteNonQueryAsync(cancellationToken);
        long rows = 0, value = 0;
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            (rows, value) = (rows + 1, reader.GetInt64(0));
        return sql.StartsWith("DELETE", StringComparison.Ordinal) ? rows : value;
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
        new SqliteConnectionStringBuilder { DataSource = path, ForeignKeys = true, DefaultTimeout = 10, Pooling = true }.ToString();
}
