using Npgsql;
using Strata.Postgres;
using Strata.Postgres.Schema;
using Strata.Testing.Postgres;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Strata.Cloud.Tests;

/// <summary><c>strata database migrate|status|verify</c> on the whole schema, and what a node makes of it.</summary>
public sealed class DatabaseTests(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase? database;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private TestDatabase Database => database!;

    private static DatabaseSchema Schema => CloudDatabase.Schema;

    public async ValueTask InitializeAsync() => database = await server.CreateAsync();

    public async ValueTask DisposeAsync()
    {
        if (database is not null)
            await database.DisposeAsync();
    }

    [Fact]
    public async Task A_new_database_is_made_by_its_owner_and_nothing_in_it_is_at_fault()
    {
        Assert.All(await StatusAsync(Database.Owner), v => Assert.Equal(SchemaState.Missing, v.State));
        var refused = await Assert.ThrowsAsync<DatabaseException>(() => CheckAsync());
        Assert.Contains("strata database migrate", refused.Message, StringComparison.Ordinal);
        await MigrateAsync();
        Assert.All(await StatusAsync(Database.Node), v => Assert.Equal(SchemaState.Current, v.State));
        var findings = await VerifyAsync();
        Assert.DoesNotContain(findings, f => f.IsFault);
        foreach (var table in (string[])["devices", "tenants", "audit", "telemetry_readings", "telemetry_series"])
            Assert.Contains(findings, f => f.Subject == table && f.Detail.Contains("enabled and forced", StringComparison.Ordinal));
        await CheckAsync();
        await MigrateAsync();
        Assert.DoesNotContain(await VerifyAsync(), f => f.IsFault);
    }

    [Theory]
    [InlineData("CREATE TABLE notes(tenant_id text, note text)", "notes", "not enabled")]
    [InlineData("CREATE TABLE notes(note text)", "notes", "without tenant_id that is not one of the named ones")]
    [InlineData("CREATE VIEW notes AS SELECT * FROM devices", "notes", "a view")]
    [InlineData("CREATE MATERIALIZED VIEW notes AS SELECT * FROM devices", "notes", "a view")]
    [InlineData("ALTER TABLE devices DISABLE ROW LEVEL SECURITY", "devices", "not enabled")]
    [InlineData("ALTER TABLE devices NO FORCE ROW LEVEL SECURITY", "devices", "not forced")]
    [InlineData("ALTER POLICY tenant_isolation ON devices USING (true)", "devices", "another one")]
    [InlineData("ALTER POLICY tenant_isolation ON devices WITH CHECK (true)", "devices", "another one")]
    [InlineData("DROP POLICY tenant_isolation ON telemetry_events", "telemetry_events", "is missing")]
    [InlineData("CREATE POLICY open ON devices FOR SELECT USING (true)", "devices", "a further policy")]
    [InlineData("ALTER POLICY platform_list ON tenants TO PUBLIC", "tenants", "is missing or another one")]
    [InlineData("GRANT TRUNCATE ON devices TO strata_node", "devices", "may TRUNCATE")]
    [InlineData("GRANT SELECT ON devices TO PUBLIC", "devices", "PUBLIC")]
    [InlineData("GRANT UPDATE ON statements TO strata_node", "statements", "may UPDATE")]
    [InlineData("GRANT DELETE ON credit_notes TO strata_node", "credit_notes", "may DELETE")]
    [InlineData("GRANT INSERT ON devices TO strata_backup", "devices", "strata_backup may INSERT")]
    [InlineData("REVOKE INSERT ON devices FROM strata_node", "devices", "may not INSERT")]
    [InlineData("GRANT UPDATE ON telemetry_schema TO strata_node", "telemetry_schema", "may UPDATE")]
    [InlineData("DROP TABLE join_tokens", "join_tokens", "missing")]
    [InlineData("GRANT SELECT ON telemetry_readings_20260301 TO strata_node", "telemetry_readings_20260301", "may SELECT")]
    [InlineData("GRANT SELECT (tenant_id) ON telemetry_readings_20260301 TO strata_node", "telemetry_readings_20260301", "read or change its columns")]
    [InlineData("ALTER TABLE telemetry_readings_20260301 DROP CONSTRAINT tenant_is_bound", "telemetry_readings_20260301", "constraint")]
    [InlineData("ALTER TABLE telemetry_readings_20260301 DROP CONSTRAINT tenant_is_bound; ALTER TABLE telemetry_readings_20260301 ADD CONSTRAINT tenant_is_bound CHECK (tenant_id <> '')", "telemetry_readings_20260301", "constraint")]
    [InlineData("CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM devices'", "function peek()", "not one of the known ones")]
    [InlineData("ALTER FUNCTION strata_drop_leaf(date) RESET ALL", "function strata_drop_leaf(date)", "search path is not fixed")]
    [InlineData("GRANT EXECUTE ON FUNCTION strata_drop_leaf(date) TO PUBLIC", "function strata_drop_leaf(date)", "every role may call it")]
    public async Task What_is_not_as_it_should_be_is_found_and_stops_a_node(string change, string subject, string detail)
    {
        await MigrateAsync();
        await Database.ExecuteAsOwnerAsync("SELECT strata_create_leaves(DATE '2026-03-01', 1)");
        Assert.DoesNotContain(await VerifyAsync(), f => f.IsFault);
        await Database.ExecuteAsOwnerAsync(change);
        var fault = Assert.Single(await VerifyAsync(), f => f.IsFault);
        Assert.Equal(subject, fault.Subject);
        Assert.Contains(detail, fault.Detail, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<DatabaseException>(() => CheckAsync());
        Assert.Contains(subject, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ALTER TABLE devices DISABLE ROW LEVEL SECURITY")]
    [InlineData("ALTER TABLE devices NO FORCE ROW LEVEL SECURITY")]
    [InlineData("ALTER POLICY tenant_isolation ON devices USING (true)")]
    [InlineData("GRANT ALL ON devices TO PUBLIC")]
    [InlineData("REVOKE INSERT ON devices FROM strata_node")]
    public async Task Migrating_again_mends_policies_and_rights(string change)
    {
        await MigrateAsync();
        await Database.ExecuteAsOwnerAsync(change);
        Assert.Contains(await VerifyAsync(), f => f.IsFault);
        await MigrateAsync();
        Assert.DoesNotContain(await VerifyAsync(), f => f.IsFault);
    }

    [Theory]
    [InlineData("UPDATE telemetry_schema SET version = 0", "telemetry", "run 'strata database migrate")]
    [InlineData("INSERT INTO telemetry_schema VALUES (1000)", "telemetry", "newer")]
    [InlineData("INSERT INTO devices_migrations VALUES ('20990101000000_Future', '10.0')", "registry", "newer")]
    [InlineData("DELETE FROM devices_migrations; INSERT INTO devices_migrations VALUES ('20200101000000_Past', '10.0')", "registry", "run 'strata database migrate")]
    public async Task A_schema_of_another_version_stops_a_node(string change, string part, string advice)
    {
        await MigrateAsync();
        await Database.ExecuteAsOwnerAsync(change);
        var refused = await RefusedAsync(Database.Node);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        Assert.Contains(advice, refused.Message, StringComparison.Ordinal);
        if (advice == "newer")
            Assert.Contains("newer", (await Assert.ThrowsAsync<DatabaseException>(MigrateAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_stops_a_node_with_one_sentence()
    {
        await MigrateAsync();
        var away = new NpgsqlConnectionStringBuilder(Database.Node) { Host = "/nonexistent" }.ConnectionString;
        var refused = await RefusedAsync(away);
        Assert.Contains("does not answer", refused.Message, StringComparison.Ordinal);
        refused = await RefusedAsync("Host=x");
        Assert.Contains("Username", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_password_of_the_node_s_role_is_kept_as_its_verifier_and_lets_it_in()
    {
        // A cluster of its own: roles belong to all databases of a server.
        await using var own = PostgresServer.Own();
        await using var made = await own.CreateAsync();
        await Schema.MigrateAsync(DatabaseAddress.Parse(made.Owner), "correct horse", Cancel);
        await using var admin = await TestDatabase.OpenAsync(made.Admin);
        var kept = (await admin.ListAsync("SELECT rolpassword FROM pg_authid WHERE rolname = 'strata_node'", r => r.GetString(0), Cancel))[0];
        Assert.StartsWith("SCRAM-SHA-256$4096:", kept, StringComparison.Ordinal);
        await Assert.ThrowsAsync<DatabaseException>(() => Schema.MigrateAsync(DatabaseAddress.Parse(made.Owner), "sch\u00f6n", Cancel));
        await own.StopAsync();
        await File.WriteAllTextAsync(Path.Combine(own.Folder!, "data", "pg_hba.conf"), "local all strata_node scram-sha-256\nlocal all all trust\n", Cancel);
        await own.StartAgainAsync();
        foreach (var wrong in (string?[])[null, "correct horsf"])
        {
            var refused = await Assert.ThrowsAsync<DatabaseException>(() => CheckAsync(new NpgsqlConnectionStringBuilder(made.Node) { Password = wrong }.ConnectionString));
            Assert.DoesNotContain("horsf", refused.Message, StringComparison.Ordinal);
        }
        await CheckAsync(new NpgsqlConnectionStringBuilder(made.Node) { Password = "correct horse" }.ConnectionString);
        await File.WriteAllTextAsync(Path.Combine(own.Folder!, "data", "pg_hba.conf"), "local all all trust\n", Cancel);
        await own.StopAsync();
        await own.StartAgainAsync();
        await made.ExecuteAsAdminAsync("ALTER ROLE strata_node CREATEROLE");
        await using var node = await TestDatabase.OpenAsync(made.Node);
        Assert.Contains("may make roles", Assert.Single(await Schema.VerifyAsync(node, Cancel), f => f.IsFault).Detail, StringComparison.Ordinal);
    }

    private Task MigrateAsync() => Schema.MigrateAsync(DatabaseAddress.Parse(Database.Owner), null, Cancel);

    private Task CheckAsync(string? given = null) => Schema.CheckAsync(DatabaseAddress.Parse(given ?? Database.Node), Cancel);

    private static async Task<IReadOnlyList<SchemaVersion>> StatusAsync(string connectionString)
    {
        await using var connection = await TestDatabase.OpenAsync(connectionString);
        return await Schema.StatusAsync(connection, Cancel);
    }

    /// <summary>As the node's role: what it may read of the catalogue is enough.</summary>
    private async Task<IReadOnlyList<SchemaFinding>> VerifyAsync()
    {
        await using var connection = await TestDatabase.OpenAsync(Database.Node);
        return await Schema.VerifyAsync(connection, Cancel);
    }

    /// <summary>Starts a node that must not start.</summary>
    private static async Task<CloudConfigurationException> RefusedAsync(string given)
    {
        var folder = Directory.CreateTempSubdirectory("strata-cloud-").FullName;
        try
        {
            var options = new CloudOptions { DataFolder = folder, Http = new(System.Net.IPAddress.Loopback, 0), Mqtt = new(System.Net.IPAddress.Loopback, 0), Database = given };
            return await Assert.ThrowsAsync<CloudConfigurationException>(() => CloudNode.StartAsync(options, null, Cancel));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
