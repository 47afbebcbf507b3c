using Npgsql;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Access;

/// <summary>A table as the catalogue has it.</summary>
internal sealed record CatalogueTable(string Name, bool HasTenant, bool IsLeaf, string[] Key, IReadOnlyList<(string Name, string Type, bool Needed)> Columns);

/// <summary>
/// The whole schema with rows of two tenants in every table that has one. The rows are made from the catalogue, so that a new table has some without anybody thinking of it.
/// </summary>
internal sealed class TwoTenantsDatabase : IAsyncDisposable
{
    public const string Acme = "acme";

    public const string Rival = "rival";

    private readonly TestDatabase database;

    private TwoTenantsDatabase(TestDatabase database, IReadOnlyList<CatalogueTable> tables) => (this.database, Tables) = (database, tables);

    public TestDatabase Database => database;

    /// <summary>Every table of the database, leaves too.</summary>
    public IReadOnlyList<CatalogueTable> Tables { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<TwoTenantsDatabase> CreateAsync(PostgresServer server)
    {
        var made = await server.CreateAsync();
        await CloudDatabase.Schema.MigrateAsync(DatabaseAddress.Parse(made.Owner), null, Cancel);
        await made.ExecuteAsOwnerAsync("SELECT strata_create_leaves(DATE '2026-03-01', 1)");
        await using var admin = await TestDatabase.OpenAsync(made.Admin);
        var database = new TwoTenantsDatabase(made, await ListAsync(admin));
        foreach (var tenant in (string[])[Acme, Rival])
        {
            await using var transaction = await admin.BeginTransactionAsync(Cancel);
            await admin.RunAsync(TenantBinding.Statement(TenantId.Parse(tenant)), Cancel); // A leaf takes rows of the bound tenant only, whoever brings them.
            await admin.RunAsync("SET LOCAL session_replication_role = replica", Cancel); // No foreign keys: the tables are filled in no order.
            foreach (var table in database.Tables.Where(t => t.HasTenant && !t.IsLeaf))
                await admin.RunAsync(Insert(table, tenant), Cancel);
            await transaction.CommitAsync(Cancel);
        }
        await admin.RunAsync("ANALYZE", Cancel);
        return database;
    }

    /// <summary>A row with a value in every column, and the tenant's name in every text.</summary>
    public static string Insert(CatalogueTable table, string tenant)
    {
        var columns = table.Columns.Where(c => c.Needed || c.Type.StartsWith("text", StringComparison.Ordinal) || c.Type.StartsWith("character", StringComparison.Ordinal)).ToList();
        return $"INSERT INTO {table.Name}({string.Join(", ", columns.Select(c => $"\"{c.Name}\""))}) VALUES ({string.Join(", ", columns.Select(c => c.Name == "tenant_id" ? $"'{tenant}'" : Value(c.Type, tenant)))})";
    }

    /// <summary>A digest of every table's rows, by a role that sees all of them.</summary>
    public async Task<IReadOnlyDictionary<string, string>> DigestsAsync()
    {
        await using var admin = await TestDatabase.OpenAsync(database.Admin);
        var digests = new Dictionary<string, string>();
        foreach (var table in Tables)
            digests[table.Name] = (await admin.ListAsync($"SELECT count(*) || ' rows ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table.Name} t", r => r.GetString(0), Cancel))[0];
        digests["the server's roles"] = string.Join('|', await admin.ListAsync("SELECT r::text FROM pg_roles r WHERE rolname LIKE 'strata%' ORDER BY 1", r => r.GetString(0), Cancel));
        digests["the server's settings"] = string.Join('|', await admin.ListAsync("SELECT s::text FROM pg_db_role_setting s ORDER BY 1", r => r.GetString(0), Cancel));
        return digests;
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private static async Task<List<CatalogueTable>> ListAsync(NpgsqlConnection admin)
    {
        var columns = await admin.ListAsync(
            """
            SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', c.relispartition
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum
            """, r => (Table: r.GetString(0), Column: r.GetString(1), Type: r.GetString(2), Needed: r.GetBoolean(3), Leaf: r.GetBoolean(4)), Cancel);
        var keys = await admin.ListAsync(
            """
            SELECT i.indrelid::regclass::text, a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
            WHERE i.indisprimary ORDER BY array_position(i.indkey::smallint[], a.attnum)
            """, r => (Table: r.GetString(0), Column: r.GetString(1)), Cancel);
        return
        [
            .. columns.GroupBy(c => c.Table).Select(t => new CatalogueTable(
                t.Key, t.Any(c => c.Column == "tenant_id"), t.First().Leaf, [.. keys.Where(k => k.Table.Trim('"') == t.Key).Select(k => $"\"{k.Column}\"")], [.. t.Select(c => (c.Column, c.Type, c.Needed))])),
        ];
    }

    private static string Value(string type, string tenant)
    {
        var brackets = type.IndexOf('(', StringComparison.Ordinal);
        return (brackets < 0 ? type : type[..brackets]) switch
        {
            "text" => $"'{tenant} of the test'",
            "character varying" or "character" => $"'{(int.TryParse(type[(brackets + 1)..^1], out var length) && length < tenant.Length + 9 ? tenant[..Math.Min(length, tenant.Length)] : $"{tenant} of the test"[..Math.Min(length, tenant.Length + 9)])}'",
            "smallint" or "integer" or "bigint" or "numeric" or "double precision" or "real" => "1",
            "boolean" => "true",
            "bytea" => $"'{tenant}'::bytea",
            "date" => "DATE '2026-03-01'",
            "interval" => "INTERVAL '1 day'",
            "timestamp with time zone" or "timestamp without time zone" => "TIMESTAMP '2026-03-01 12:00'",
            "uuid" => "gen_random_uuid()",
            "json" or "jsonb" => $"'{{\"of\": \"{tenant}\"}}'",
            _ when type.EndsWith("[]", StringComparison.Ordinal) => "'{}'",
            _ => throw new InvalidOperationException($"Say here what a value of the type {type} is."),
        };
    }
}
