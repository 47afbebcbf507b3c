using Npgsql;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Access;

/// <summary>
/// As the node's database role, without any code of ours: every table of the database, those of the models and of the telemetry store, as the catalogue has them, is attacked in a
/// transaction bound to one tenant and in one bound to none. Nothing of the other tenant is seen, changed or added, no policy and no role is changed.
/// </summary>
public sealed class DatabaseMatrixTests(PostgresServer server)
{
    private const string Acme = TwoTenantsDatabase.Acme;
    private const string Rival = TwoTenantsDatabase.Rival;

    /// <summary>What a refusal may be: no right, the policy or the leaf's constraint, what the server does not do with policies at all, a policy that a leaf does not have.</summary>
    private static readonly string[] Refusals =
        [PostgresErrorCodes.InsufficientPrivilege, PostgresErrorCodes.CheckViolation, PostgresErrorCodes.FeatureNotSupported, PostgresErrorCodes.UndefinedObject];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_another_tenant_nothing_is_seen_changed_or_added_in_any_table()
    {
        await using var attacked = await TwoTenantsDatabase.CreateAsync(server);
        var tables = attacked.Tables.Where(t => t.HasTenant).ToList();
        Assert.Equal(CloudDatabase.Schema.Parts.SelectMany(p => p.Tables).Where(t => t.WithoutTenant is null).Select(t => t.Name).Distinct().Order(), tables.Where(t => !t.IsLeaf).Select(t => t.Name).Order());
        var before = await attacked.DigestsAsync();
        Assert.All(tables, t => Assert.StartsWith(t.Name == "tenants" ? "3 rows" : "2 rows", before[t.Name], StringComparison.Ordinal)); // The first tenant is there from the beginning.
        await using var node = await TestDatabase.OpenAsync(attacked.Database.Node);
        var (tried, leaks) = (0, new List<string>());
        foreach (var bound in (string[])[Acme, ""])
        {
            foreach (var table in tables)
            {
                foreach (var read in Reads(table))
                {
                    tried++;
                    var seen = await SeeAsync(node, bound, read);
                    if (seen.Contains(Rival, StringComparison.Ordinal) || (bound.Length == 0 && seen.Contains(Acme, StringComparison.Ordinal)))
                        leaks.Add($"bound to '{bound}': {read} shows {seen}");
                }
                foreach (var write in Writes(table).Concat(Definitions(table)))
                {
                    tried++;
                    if (await ChangeAsync(node, bound, write) is > 0 and var changed)
                        leaks.Add($"bound to '{bound}': {write} changed {changed} rows");
                }
            }
        }
        Assert.True(leaks.Count == 0, $"{leaks.Count} leaks in {tried} attacks:\n{string.Join('\n', leaks.Take(40))}");
        Assert.True(tried > 1_000, $"Only {tried} attacks were tried.");
        TestContext.Current.TestOutputHelper?.WriteLine($"{tried} attacks on {tables.Count} tables: 0 leaks");
        var after = await attacked.DigestsAsync();
        Assert.All(before, b => Assert.Equal((b.Key, b.Value), (b.Key, after[b.Key])));
        Assert.DoesNotContain(await CloudDatabase.Schema.VerifyAsync(node, Cancel), f => f.IsFault);
    }

    [Fact]
    public async Task What_is_one_s_own_is_seen_and_changed_so_that_the_attacks_do_reach_the_rows()
    {
        await using var attacked = await TwoTenantsDatabase.CreateAsync(server);
        await using var node = await TestDatabase.OpenAsync(attacked.Database.Node);
        foreach (var table in attacked.Tables.Where(t => t.HasTenant && !t.IsLeaf))
            Assert.Equal(Acme, await SeeAsync(node, Acme, $"SELECT tenant_id FROM {table.Name}"));
        Assert.Equal(1, await ChangeAsync(node, Acme, $"DELETE FROM devices WHERE tenant_id = '{Acme}'"));
        Assert.Equal(1, await ChangeAsync(node, Rival, $"UPDATE tokens SET name = 'x' WHERE tenant_id = '{Rival}'"));
        // The same attacks by a role that policies do not bind do harm: they are attacks.
        await using var admin = await TestDatabase.OpenAsync(attacked.Database.Admin);
        var tokens = attacked.Tables.Single(t => t.Name == "tokens");
        foreach (var read in Reads(tokens).Where(r => !r.Contains("::integer", StringComparison.Ordinal))) // That one says of the first row only.
            Assert.Contains(Rival, await SeeAsync(admin, Acme, read), StringComparison.Ordinal);
        var harmful = 0;
        foreach (var write in Writes(tokens))
            harmful += await ChangeAsync(admin, Acme, write, PostgresErrorCodes.UniqueViolation) is > 0 ? 1 : 0; // It is there already, and it is said: that is a leak too.
        Assert.True(harmful >= 6, $"Only {harmful} of the writes do anything without policies.");
    }

    [Fact]
    public async Task Psql_as_the_node_sees_no_row_unbound_and_its_own_when_bound_in_any_table()
    {
        await using var attacked = await TwoTenantsDatabase.CreateAsync(server);
        var all = string.Join(" UNION ALL ", attacked.Tables.Where(t => t.HasTenant && !t.IsLeaf).Select(t => $"SELECT tenant_id FROM {t.Name}"));
        var (code, said) = await server.RunAsync(
            "psql", attacked.Database.Node, "-v", "ON_ERROR_STOP=1", "-Atqc", $"SELECT count(*) FROM ({all}) t", "-c", "BEGIN", "-c", TenantBinding.Statement(TenantId.Parse(Acme)),
            "-c", $"SELECT tenant_id, count(*) FROM ({all}) t GROUP BY 1", "-c", "COMMIT", "-c", $"SELECT count(*) FROM ({all}) t");
        Assert.Equal((0, $"0\n{Acme}\n{Acme}|{attacked.Tables.Count(t => t.HasTenant && !t.IsLeaf)}\n0\n"), (code, said));
        foreach (var attack in (string[])["ALTER TABLE devices DISABLE ROW LEVEL SECURITY", "DROP POLICY tenant_isolation ON tokens", "SET ROLE strata_owner", "\\copy telemetry_readings_20260301 TO stdout", "ALTER ROLE strata_node BYPASSRLS"])
        {
            (code, said) = await server.RunAsync("psql", attacked.Database.Node, "-v", "ON_ERROR_STOP=1", "-Atqc", attack);
            Assert.True(code != 0 && !said.Contains(Rival, StringComparison.Ordinal), $"{attack}: {said}");
        }
    }

    [Fact]
    public async Task A_tenant_set_for_a_role_or_database_binds_nobody_of_ours_and_is_found()
    {
        // A server of its own: roles belong to all databases.
        await using var own = PostgresServer.Own();
        await using var attacked = await TwoTenantsDatabase.CreateAsync(own);
        await using var node = await TestDatabase.OpenAsync(attacked.Database.Node);
        foreach (var attack in (string[])["ALTER ROLE strata_node SET strata.tenant = 'rival'", "ALTER ROLE ALL SET strata.tenant = 'rival'", "ALTER ROLE strata_owner SET row_security = off"])
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => node.RunAsync(attack, Cancel))).SqlState);
        await using var admin = await TestDatabase.OpenAsync(attacked.Database.Admin);
        var name = (await admin.ListAsync("SELECT current_database()", r => r.GetString(0), Cancel))[0];
        foreach (var (set, reset) in ((string, string)[])
        [
            ("ALTER ROLE strata_node SET strata.tenant = 'rival'", "ALTER ROLE strata_node RESET strata.tenant"), ("ALTER ROLE strata_node SET row_security = off", "ALTER ROLE strata_node RESET row_security"),
            ($"ALTER DATABASE {name} SET strata.tenant = 'rival'", $"ALTER DATABASE {name} RESET strata.tenant"),
        ])
        {
            await admin.RunAsync(set, Cancel);
            var fault = Assert.Single(await CloudDatabase.Schema.VerifyAsync(node, Cancel), f => f.IsFault);
            Assert.Equal("role strata_node", fault.Subject);
            Assert.Contains("strata.tenant", fault.Detail, StringComparison.Ordinal);
            await Assert.ThrowsAsync<DatabaseException>(() => CloudDatabase.Schema.CheckAsync(DatabaseAddress.Parse(attacked.Database.Node), Cancel));
            await using (var poisoned = await TestDatabase.OpenAsync(attacked.Database.Node))
                Assert.DoesNotContain(Rival, await SeeAsync(poisoned, Acme, "SELECT tenant_id FROM devices"), StringComparison.Ordinal);
            await admin.RunAsync(reset, Cancel);
            await CloudDatabase.Schema.CheckAsync(DatabaseAddress.Parse(attacked.Database.Node), Cancel);
        }
    }

    /// <summary>Each prints what it sees.</summary>
    private static IEnumerable<string> Reads(CatalogueTable table)
    {
        var t = table.Name;
        yield return $"SELECT DISTINCT tenant_id FROM {t}";
        yield return $"SELECT t::text FROM {t} t WHERE tenant_id = '{Rival}' OR true";
        yield return $"SELECT a.tenant_id FROM {t} a CROSS JOIN {t} b WHERE a.tenant_id <> '{Acme}' OR b.tenant_id <> '{Acme}'";
        yield return $"SELECT string_agg(tenant_id, ',') FROM (SELECT tenant_id FROM {t} UNION ALL SELECT tenant_id FROM {t}) u";
        yield return $"WITH seen AS MATERIALIZED (SELECT * FROM {t}) SELECT max(tenant_id) FROM seen";
        yield return $"SELECT tenant_id FROM {t} WHERE ctid IN ('(0,1)', '(0,2)')";
        yield return $"SELECT tenant_id FROM {t} TABLESAMPLE SYSTEM (100)";
        yield return $"SELECT query_to_xml('SELECT * FROM {t}', true, false, '')::text";
        yield return $"SELECT to_jsonb(t)::text FROM {t} t";
        // What a failing expression says of a row that it should not have met.
        yield return $"SELECT tenant_id FROM {t} WHERE tenant_id::integer > 0";
        yield return $"SELECT tenant_id FROM {t} ORDER BY tenant_id DESC LIMIT 1";
        yield return $"SET LOCAL row_security = off; SELECT tenant_id FROM {t}";
        yield return $"SELECT concat_ws(',', most_common_vals::text, histogram_bounds::text) FROM pg_stats WHERE tablename = '{t}' AND attname = 'tenant_id'";
        yield return $"SELECT tenant_id FROM {t} FOR SHARE";
    }

    private static IEnumerable<string> Writes(CatalogueTable table)
    {
        var t = table.Name;
        var row = TwoTenantsDatabase.Insert(table, Rival);
        yield return $"UPDATE {t} SET tenant_id = tenant_id WHERE tenant_id = '{Rival}'";
        yield return $"UPDATE {t} SET tenant_id = '{Rival}'";
        yield return $"UPDATE {t} SET tenant_id = '{Acme}' WHERE tenant_id = '{Rival}'";
        yield return $"DELETE FROM {t} WHERE tenant_id = '{Rival}'";
        yield return $"DELETE FROM {t} USING tenants x WHERE {t}.tenant_id <> '{Acme}'";
        yield return $"WITH gone AS (DELETE FROM {t} WHERE tenant_id <> '{Acme}' RETURNING 1) SELECT count(*) FROM gone";
        yield return row;
        yield return $"{row} ON CONFLICT DO NOTHING";
        if (table.Key.Length > 0)
            yield return $"{row} ON CONFLICT ({string.Join(", ", table.Key)}) DO UPDATE SET tenant_id = excluded.tenant_id";
        yield return $"MERGE INTO {t} USING (VALUES ('{Rival}')) v(tenant) ON {t}.tenant_id = v.tenant WHEN MATCHED THEN DELETE";
        yield return $"TRUNCATE {t}";
        var needed = table.Columns.Where(c => c.Needed).ToList();
        yield return $"COPY {t}({string.Join(", ", needed.Select(c => $"\"{c.Name}\""))}) FROM STDIN|{string.Join('\t', needed.Select(c => c.Type is "text" ? Rival : c.Type is "date" ? "2026-03-01" : "1"))}";
    }

    private static IEnumerable<string> Definitions(CatalogueTable table)
    {
        var t = table.Name;
        foreach (var definition in (string[])
        [
            "ALTER TABLE {0} DISABLE ROW LEVEL SECURITY", "ALTER TABLE {0} NO FORCE ROW LEVEL SECURITY", "DROP POLICY tenant_isolation ON {0}", "ALTER POLICY tenant_isolation ON {0} USING (true)",
            "ALTER POLICY tenant_isolation ON {0} TO strata_owner", "CREATE POLICY open ON {0} USING (true)", "ALTER TABLE {0} OWNER TO strata_node", "DROP TABLE {0}", "ALTER TABLE {0} ADD COLUMN x integer",
            "ALTER TABLE {0} ALTER COLUMN tenant_id DROP NOT NULL", "ALTER TABLE {0} RENAME TO stolen", "CREATE TRIGGER t BEFORE INSERT ON {0} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "CREATE RULE r AS ON INSERT TO {0} DO INSTEAD NOTHING", "CREATE INDEX ON {0}(tenant_id)", "CREATE VIEW v AS SELECT * FROM {0}", "CREATE TABLE stolen AS SELECT * FROM {0}",
            "CREATE TABLE child(x integer) INHERITS ({0})", "CREATE STATISTICS s ON tenant_id, ctid FROM {0}", "COMMENT ON TABLE {0} IS 'x'", "REVOKE ALL ON {0} FROM strata_owner",
        ])
            yield return string.Format(System.Globalization.CultureInfo.InvariantCulture, definition, t);
    }

    private static async Task<string> SeeAsync(NpgsqlConnection connection, string bound, string read)
    {
        try
        {
            return string.Join(',', await BoundAsync(connection, bound, () => connection.ListAsync(read, r => r.IsDBNull(0) ? "" : r.GetString(0), Cancel)));
        }
        catch (PostgresException refused)
        {
            return $"{refused.MessageText} {refused.Detail} {refused.Where}";
        }
    }

    /// <returns>Rows that were changed; 0 when it was refused.</returns>
    private static async Task<long> ChangeAsync(NpgsqlConnection connection, string bound, string write, string alsoRefused = "")
    {
        try
        {
            return await BoundAsync(connection, bound, async () =>
            {
                if (write.StartsWith("COPY", StringComparison.Ordinal))
                {
                    await using (var copy = await connection.BeginTextImportAsync(write.Split('|')[0], Cancel))
                        await copy.WriteAsync(write.Split('|')[1] + "\n");
                    return 1;
                }
                if (write.StartsWith("WITH", StringComparison.Ordinal))
                    return (await connection.ListAsync(write, r => r.GetInt64(0), Cancel))[0];
                var changed = await connection.RunAsync(write, Cancel);
                // A definition that was done says -1.
                return write.StartsWith("REVOKE", StringComparison.Ordinal) ? 0 : Math.Abs(changed);
            });
        }
        catch (PostgresException refused)
        {
            Assert.True(Refusals.Contains(refused.SqlState) || refused.SqlState == alsoRefused, $"{write}: {refused.SqlState} {refused.MessageText}");
            return 0;
        }
    }

    /// <summary>In a transaction that is bound to a tenant, or to none, and rolled back.</summary>
    private static async Task<T> BoundAsync<T>(NpgsqlConnection connection, string tenant, Func<Task<T>> attack)
    {
        await using var transaction = await connection.BeginTransactionAsync(Cancel);
        if (tenant.Length > 0)
            await connection.RunAsync(TenantBinding.Statement(TenantId.Parse(tenant)), Cancel);
        return await attack();
    }
}
