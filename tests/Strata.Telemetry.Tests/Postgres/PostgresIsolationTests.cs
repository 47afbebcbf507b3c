using Npgsql;
using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Postgres.Schema;
using Strata.Telemetry.Postgres;
using Strata.Testing.Postgres;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests.Postgres;

/// <summary>What a program that has the node's role can do beyond its tenant: nothing. Every table of the database is tried, as the catalogue has them.</summary>
public sealed class PostgresIsolationTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TenantId Other = TenantId.Parse("other");

    private TestDatabase? database;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private TestDatabase Database => database!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateAsync();
        await database.MigrateAsync(new TelemetrySchema());
        await using var store = new PostgresTelemetryStore(
            new PostgresTelemetryOptions { Database = database.Node }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<PostgresTelemetryStore>.Instance);
        foreach (var tenant in (TenantId[])[TenantId.Main, Other])
        {
            var batch = Of(tenant, Stamp(1), [Number(1, 0), Number(2, 1)]).Readings!;
            await store.CommitAsync(
            [
                new TelemetryWrite
                {
                    Tenant = tenant, Readings = batch, Gateway = Gateway, Windows = [new(Window(0, 0, 5), null)],
                    Events = [new(new FleetEvent(At(0), "device.silent", Room, null, "quiet"), null)],
                    Gaps = [new(new GapRecord("gw", "a", 1, 2, 3, null, null, "missing"), null)],
                },
            ], Cancel);
        }
        await database.ExecuteAsAdminAsync("INSERT INTO telemetry_dropped VALUES ('main', 0, 0, 0, 0, 0), ('other', 0, 0, 0, 0, 0)");
    }

    public async ValueTask DisposeAsync()
    {
        if (database is not null)
            await database.DisposeAsync();
    }

    [Theory]
    [InlineData("main")]
    [InlineData("")]
    public async Task Of_another_tenant_nothing_is_seen_changed_or_added_in_any_table(string bound)
    {
        var tables = await TablesAsync("c.relkind IN ('r', 'p') AND NOT c.relispartition");
        Assert.Equal(new TelemetrySchema().Tables.Where(t => t.WithoutTenant is null).Select(t => t.Name).Order(), tables.Order());
        foreach (var table in tables)
        {
            Assert.Equal(2L, await CountAsync(Database.Admin, $"SELECT count(DISTINCT tenant_id) FROM {table}"));
            await using var node = await TestDatabase.OpenAsync(Database.Node);
            Assert.Equal(bound.Length == 0 ? [] : [bound], await BoundAsync(node, bound, c => c.ListAsync($"SELECT DISTINCT tenant_id FROM {table}", r => r.GetString(0), Cancel)));
            foreach (var attack in (string[])
                [$"UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = 'other'", $"DELETE FROM {table} WHERE tenant_id = 'other'", $"UPDATE {table} SET tenant_id = 'other'", $"INSERT INTO {table} SELECT (r).* FROM (SELECT jsonb_populate_record(NULL::{table}, '{{\"tenant_id\": \"other\"}}') r) x"])
            {
                var changed = 0;
                try
                {
                    changed = await BoundAsync(node, bound, c => c.RunAsync(attack, Cancel));
                }
                catch (PostgresException e)
                {
                    // No right on the table, or refused by the policy or by the leaf's constraint.
                    Assert.True(e.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.CheckViolation, $"{attack}: {e.Message}");
                }
                Assert.True(changed <= 0, $"bound to '{bound}': {attack} changed {changed} rows");
            }
        }
    }

    [Theory]
    [InlineData("main")]
    [InlineData("")]
    public async Task A_leaf_takes_rows_of_the_bound_tenant_and_gives_none(string bound)
    {
        var leaf = $"telemetry_readings_{TimeProvider.System.GetUtcNow():yyyyMMdd}";
        await using var node = await TestDatabase.OpenAsync(Database.Node);
        foreach (var attack in (string[])[$"SELECT * FROM {leaf}", $"SELECT tenant_id FROM {leaf}", $"SELECT count(*) FROM {leaf}", $"UPDATE {leaf} SET number = 0", $"DELETE FROM {leaf}", $"TRUNCATE {leaf}", $"COPY {leaf} TO STDOUT", $"DROP TABLE {leaf}", $"ALTER TABLE {leaf} DROP CONSTRAINT tenant_is_bound"])
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => BoundAsync(node, bound, c => c.RunAsync(attack, Cancel)));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
        var foreign = await Assert.ThrowsAsync<PostgresException>(() => BoundAsync(node, bound, c => c.RunAsync(
            $"INSERT INTO {leaf}(commit, time, number, series, row, kind, tenant_id) VALUES (1, 1, 1, 0, 0, 0, 'other')", Cancel)));
        Assert.Equal(PostgresErrorCodes.CheckViolation, foreign.SqlState);
        var copied = await Assert.ThrowsAsync<PostgresException>(() => BoundAsync(node, bound, async c =>
        {
            await using var copy = await c.BeginTextImportAsync($"COPY {leaf}(commit, time, number, series, row, kind, tenant_id) FROM STDIN", Cancel);
            await copy.WriteAsync("1\t1\t1\t0\t0\t0\tother\n");
            await copy.DisposeAsync();
            return 0;
        }));
        Assert.Equal(PostgresErrorCodes.CheckViolation, copied.SqlState);
        Assert.Equal(4L, await CountAsync(Database.Admin, "SELECT count(*) FROM telemetry_readings"));
    }

    [Fact]
    public async Task The_node_s_role_cannot_change_policies_tables_or_itself()
    {
        await using var node = await TestDatabase.OpenAsync(Database.Node);
        foreach (var attack in (string[])
        [
            "ALTER TABLE telemetry_readings DISABLE ROW LEVEL SECURITY", "ALTER TABLE telemetry_events NO FORCE ROW LEVEL SECURITY", "DROP POLICY tenant_isolation ON telemetry_events",
            "ALTER POLICY tenant_isolation ON telemetry_events USING (true)", "CREATE POLICY open ON telemetry_events USING (true)", "ALTER TABLE telemetry_events OWNER TO strata_node",
            "DROP TABLE telemetry_events", "TRUNCATE telemetry_events", "ALTER TABLE telemetry_events ADD COLUMN x integer", "CREATE TABLE mine(x integer)", "CREATE SCHEMA mine", "CREATE TEMP TABLE mine(x integer)",
            "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "ALTER ROLE strata_node BYPASSRLS", "ALTER ROLE strata_node SUPERUSER", "CREATE ROLE other_role", "SET ROLE strata_owner",
            "SET ROLE strata_backup", "SET SESSION AUTHORIZATION strata_owner", "GRANT strata_owner TO strata_node",
            "ALTER FUNCTION strata_drop_leaf(date) OWNER TO strata_node", "CREATE OR REPLACE FUNCTION strata_drop_leaf(day date) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "CREATE TRIGGER t BEFORE INSERT ON telemetry_events EXECUTE FUNCTION suppress_redundant_updates_trigger()", "CREATE RULE r AS ON INSERT TO telemetry_events DO INSTEAD NOTHING",
            "SET session_replication_role = replica", "UPDATE telemetry_schema SET version = 99", "DELETE FROM strata_platform_reads", "ALTER DEFAULT PRIVILEGES FOR ROLE strata_owner GRANT ALL ON TABLES TO strata_node",
        ])
        {
            var refused = await Record.ExceptionAsync(() => node.RunAsync(attack, Cancel)) as PostgresException;
            Assert.True(refused is not null, $"{attack} was done");
            Assert.True(refused.SqlState == PostgresErrorCodes.InsufficientPrivilege, $"{attack}: {refused.SqlState} {refused.Message}");
        }
        // Granting what one may not grant is a warning to the server, and does nothing.
        await node.RunAsync("GRANT SELECT, INSERT ON telemetry_readings TO PUBLIC", Cancel);
        // Asking for rows without policies is refused, not answered without them.
        await node.RunAsync("SET row_security = off", Cancel);
        await Assert.ThrowsAsync<PostgresException>(() => node.RunAsync("SELECT * FROM telemetry_events", Cancel));
        Assert.DoesNotContain(await new DatabaseSchema(new TelemetrySchema()).VerifyAsync(node, Cancel), f => f.IsFault);
    }

    [Fact]
    public async Task Psql_as_the_node_sees_nothing_unbound_and_its_own_when_bound()
    {
        var (code, unbound) = await server.RunAsync("psql", Database.Node, "-Atc", "SELECT count(*) FROM telemetry_readings", "-c", "SELECT count(*) FROM telemetry_events");
        Assert.Equal((0, "0\n0\n"), (code, unbound));
        var (_, bound) = await server.RunAsync(
            "psql", Database.Node, "-Atqc", "BEGIN", "-c", TenantBinding.Statement(Other), "-c", "SELECT DISTINCT tenant_id FROM telemetry_readings", "-c", "COMMIT", "-c", "SELECT count(*) FROM telemetry_readings");
        Assert.Equal("other\nother\n0\n", bound);
        var (bad, _) = await server.RunAsync("psql", Database.Node, "-v", "ON_ERROR_STOP=1", "-Atc", "ALTER TABLE telemetry_readings DISABLE ROW LEVEL SECURITY");
        Assert.NotEqual(0, bad);
    }

    [Fact]
    public async Task What_devices_write_into_texts_and_names_changes_no_binding()
    {
        string[] texts = ["'); SELECT set_config('strata.tenant', 'other', true); --", "x' OR tenant_id = 'other", "\\.", "a\tb\nc\\N", "$$; SET strata.tenant = 'other'; $$", "{\"tenant_id\":\"other\"}"];
        await using var store = new PostgresTelemetryStore(
            new PostgresTelemetryOptions { Database = Database.Node }, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<PostgresTelemetryStore>.Instance);
        var readings = texts.Select((t, i) => new Reading(Hall, Temperature, At(i), ReadingValue.OfText(t))).ToList();
        await store.CommitAsync(
        [
            Of(TenantId.Main, new SourceStamp(texts[0], texts[1], 1), readings),
            new TelemetryWrite
            {
                Tenant = TenantId.Main, Events = [.. texts.Select(t => new Stamped<FleetEvent>(new FleetEvent(At(1), t, Hall, null, t), null))],
                Gaps = [.. texts.Select((t, i) => new Stamped<GapRecord>(new GapRecord(t, t, i, i, 1, null, null, t), null))],
                Windows = [.. texts.Select(t => new Stamped<WindowRecord>(Window(1, 0, 1, t), null))],
            },
        ], Cancel);
        Assert.Equal(readings, await store.ReadAsync(TenantId.Main, new ReadingRange { Devices = [Hall] }, Cancel));
        Assert.Equal(texts, (await store.EventsAsync(TenantId.Main, new EventRange(Hall, null, null, 100), Cancel)).Select(e => e.Event.Detail).Reverse());
        foreach (var text in texts)
        {
            Assert.Single(await store.GapsAsync(TenantId.Main, text, null, 10, Cancel));
            Assert.Single(await store.WindowsAsync(TenantId.Main, new WindowRange(null, text, long.MinValue, long.MaxValue, null, 10), Cancel));
            Assert.Empty(await store.ProgressAsync(Other, text, Cancel));
        }
        Assert.Equal(2, await store.CountAsync(Other, null, Cancel));
        Assert.Equal(2, (await store.ReadAsync(Other, new ReadingRange(), Cancel)).Count);
    }

    [Fact]
    public async Task A_backup_by_its_role_holds_all_tenants_and_is_restored()
    {
        var file = Path.Combine(Path.GetTempPath(), $"strata-{Guid.NewGuid():N}.sql");
        var backup = Database.Backup;
        var (code, output) = await server.RunAsync("pg_dump", backup, "-f", file);
        Assert.True(code == 0, output);
        await using var copy = await server.CreateAsync();
        try
        {
            (code, output) = await server.RunAsync("psql", copy.Admin, "-v", "ON_ERROR_STOP=1", "-qf", file);
            Assert.True(code == 0, output);
        }
        finally
        {
            File.Delete(file);
        }
        Assert.Equal(4L, await CountAsync(copy.Admin, "SELECT count(*) FROM telemetry_readings"));
        await using var node = await TestDatabase.OpenAsync(copy.Node);
        Assert.DoesNotContain(await new DatabaseSchema(new TelemetrySchema()).VerifyAsync(node, Cancel), f => f.IsFault);
        await using var role = await TestDatabase.OpenAsync(backup);
        foreach (var attack in (string[])["DELETE FROM telemetry_events", "UPDATE telemetry_tenants SET commit = 0", "SELECT strata_drop_leaf(current_date)"])
            await Assert.ThrowsAsync<PostgresException>(() => role.RunAsync(attack, Cancel));
    }

    private async Task<List<string>> TablesAsync(string where)
    {
        await using var admin = await TestDatabase.OpenAsync(Database.Admin);
        return await admin.ListAsync(
            $"SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' WHERE c.relnamespace = 'public'::regnamespace AND {where}",
            r => r.GetString(0), Cancel);
    }

    private static async Task<long> CountAsync(string connectionString, string sql)
    {
        await using var connection = await TestDatabase.OpenAsync(connectionString);
        return (await connection.ListAsync(sql, r => r.GetInt64(0), Cancel))[0];
    }

    /// <summary>In a transaction that is bound to a tenant, or to none, and rolled back.</summary>
    private static async Task<T> BoundAsync<T>(NpgsqlConnection connection, string tenant, Func<NpgsqlConnection, Task<T>> attack)
    {
        await using var transaction = await connection.BeginTransactionAsync(Cancel);
        if (tenant.Length > 0)
            await connection.RunAsync(TenantBinding.Statement(TenantId.Parse(tenant)), Cancel);
        return await attack(connection);
    }
}
