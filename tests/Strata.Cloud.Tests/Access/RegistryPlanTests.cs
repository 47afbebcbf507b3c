using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Testing.Postgres;

namespace Strata.Cloud.Tests.Access;

/// <summary>How the server answers what a node asks of its registry, with 200,000 devices of twenty tenants: by an index that begins with the tenant, never by reading a big table from end to end.</summary>
public sealed class RegistryPlanTests(PostgresServer server)
{
    private const int Tenants = 20;
    private const int DevicesEach = 10_000;

    private static readonly string[] Big = ["devices", "device_presence", "device_transitions", "audit", "audit_seals", "rejections", "tokens", "memberships", "groups"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_that_a_node_asks_reads_a_big_table_from_end_to_end()
    {
        await using var cloud = new ListenedCloud(server);
        await cloud.InitializeAsync();
        await cloud.StopAsync();
        await FillAsync(cloud.Server);
        cloud.Asked.Clear();
        await cloud.StartAsync();
        await UseAsync(cloud);
        await cloud.StopAsync();

        await using var node = await TestDatabase.OpenAsync(cloud.Server.Node);
        var indexes = (await node.ListAsync(
            """
            SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid::regclass::text = ANY ($1)
            """, r => (Index: r.GetString(0), Table: r.GetString(1), First: r.GetString(2)), Cancel, (object)Big)).ToDictionary(i => i.Index);
        var explained = 0;
        var met = new HashSet<string>();
        foreach (var (sql, parameters) in cloud.Asked.Values)
        {
            var plan = await ExplainAsync(node, sql, parameters);
            explained++;
            foreach (var table in Big)
                Assert.False(plan.Contains($"Seq Scan on {table} ", StringComparison.Ordinal) || plan.EndsWith($"Seq Scan on {table}", StringComparison.Ordinal), $"{sql}\n{plan}");
            foreach (var index in indexes.Values.Where(i => plan.Contains($" {i.Index} on ", StringComparison.Ordinal) || plan.Contains($"Bitmap Index Scan on {i.Index} ", StringComparison.Ordinal)))
            {
                met.Add(index.Table);
                // A token says by its prefix alone whose it is.
                Assert.True(index.First == "tenant_id" || index is { Table: "tokens", First: "prefix" }, $"{index.Index} begins with {index.First}\n{sql}\n{plan}");
            }
        }
        Assert.True(explained >= 15, $"Only {explained} statements were asked.");
        Assert.Superset(new HashSet<string> { "devices", "audit", "audit_seals", "rejections", "tokens" }, met);
        TestContext.Current.TestOutputHelper?.WriteLine($"{explained} statements of the registry explained with {Tenants * DevicesEach:N0} devices; big tables met: {string.Join(", ", met.Order())}");
    }

    /// <summary>What people and programs ask most, and what the node does by itself.</summary>
    private static async Task UseAsync(ListenedCloud cloud)
    {
        var client = new StrataClient(cloud.Http, null, "t-7");
        Assert.Equal(1_000, (await client.ListDevicesAsync(cancellationToken: Cancel)).Items.Count);
        await client.CreateDeviceAsync(new CreateDevice("new-1"), Cancel);
        foreach (var path in (string[])["devices/new-1/secret", "login-links"])
            using (var answer = await PostAsync(cloud, path))
                Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        var token = await client.CreateTokenAsync(new CreateToken([new GrantInfo("viewer")], "plan"), Cancel);
        await client.RevokeTokenAsync(token.Id, Cancel);
        await client.InviteUserAsync(new InviteUser("plan@example.com", [new GrantInfo("viewer")]), Cancel);
        await client.CreateRoleAsync(new CreateRole("plan", ["readings.read"]), Cancel);
        foreach (var path in (string[])["audit", "audit?id=d-7-5", "audit?limit=10", "audit/verification", "devices/rejected", "devices/rejected?limit=10", "devices/d-7-5", "devices/d-7-5/history"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"api/v1/{path}");
            request.Headers.Add("Strata-Tenant", "t-7");
            using var answer = await cloud.Http.SendAsync(request, Cancel);
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(Cancel)}");
        }
    }

    private static async Task<HttpResponseMessage> PostAsync(ListenedCloud cloud, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/v1/{path}");
        request.Headers.Add("Strata-Tenant", "t-7");
        return await cloud.Http.SendAsync(request, Cancel);
    }

    private static async Task FillAsync(TestDatabase database)
    {
        await database.ExecuteAsAdminAsync(
            $"""
            SET session_replication_role = replica;
            INSERT INTO tenants(tenant_id, name, created, state) SELECT 't-' || t, 'T', 0, 'Active' FROM generate_series(1, {Tenants}) t;
            INSERT INTO sites(tenant_id, path, name, kind) SELECT 't-' || t, 's-' || s, 'x', 'site' FROM generate_series(1, {Tenants}) t, generate_series(1, 50) s;
            """);
        // Rows of the remaining columns as the catalogue has them, so that this does not know every column.
        await using var admin = await TestDatabase.OpenAsync(database.Admin);
        await FillAsync(admin, "devices", DevicesEach, ("id", "'d-' || t || '-' || n"), ("state", "'Active'"), ("site", "'s-' || (n % 50 + 1)"), ("deadband", "'{}'"), ("gateways", "'[]'"), ("tags", "'{}'"), ("groups", "'[]'"));
        await FillAsync(admin, "device_transitions", DevicesEach, ("device", "'d-' || t || '-' || n"), ("from_state", "'Unprovisioned'"), ("to_state", "'Active'"));
        await FillAsync(admin, "device_presence", DevicesEach, ("device", "'d-' || t || '-' || n"));
        await FillAsync(admin, "audit", DevicesEach, ("id", "n"), ("kind", "'device'"), ("subject", "'d-' || t || '-' || n"), ("result", "'done'"));
        await FillAsync(admin, "audit_seals", DevicesEach, ("number", "n"), ("audit_id", "n"), ("hash", "md5(n::text)"));
        await FillAsync(admin, "audit_marks", 1, ("kind", "'head'"), ("number", $"{DevicesEach}"), ("hash", "md5('x') || md5('y')"), ("signature", "md5('z')"));
        await FillAsync(admin, "rejections", 1_000, ("key", "'k-' || n"), ("kind", "'Payload'"), ("last", "n"), ("subject", "'x'"), ("reason", "'y'"));
        await FillAsync(admin, "tokens", 900, ("prefix", "t || 'x' || n"), ("name", "'n'"), ("token_hash", "decode(md5(t || 'x' || n) || md5(n::text), 'hex')"), ("grants", "'[]'"), ("created_by", "'x'"));
        await FillAsync(admin, "memberships", 1_000, ("user_id", "'u-' || n"), ("grants", "'[]'"));
        await FillAsync(admin, "groups", 1_000, ("id", "'g-' || n"), ("sites", "'[]'"));
        await admin.RunAsync("VACUUM ANALYZE", Cancel);
    }

    private static async Task FillAsync(NpgsqlConnection admin, string table, int each, params (string Column, string Value)[] given)
    {
        var columns = await admin.ListAsync(
            "SELECT a.attname::text, format_type(a.atttypid, NULL) FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull", r => (Name: r.GetString(0), Type: r.GetString(1)), Cancel, table);
        var values = columns.ToDictionary(c => c.Name, c => c.Type switch { "text" or "character varying" => "'x'", "boolean" => "true", "bytea" => "'x'::bytea", _ => "1" });
        values["tenant_id"] = "'t-' || t";
        foreach (var (column, value) in given)
            values[column] = value;
        await using var command = new NpgsqlCommand(
            $"SET session_replication_role = replica; INSERT INTO {table}({string.Join(", ", values.Keys.Select(k => $"\"{k}\""))}) SELECT {string.Join(", ", values.Values)} FROM generate_series(1, {Tenants}) t, generate_series(1, {each}) n", admin) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private static async Task<string> ExplainAsync(NpgsqlConnection node, string sql, IReadOnlyList<NpgsqlParameter> parameters)
    {
        await using var transaction = await node.BeginTransactionAsync(Cancel);
        await node.RunAsync(TenantBinding.Statement(TenantId.Parse("t-7")), Cancel);
        await using var command = new NpgsqlCommand($"EXPLAIN {sql}", node);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter.Clone());
        await using var reader = await command.ExecuteReaderAsync(Cancel);
        var plan = new List<string>();
        while (await reader.ReadAsync(Cancel))
            plan.Add(reader.GetString(0));
        return string.Join('\n', plan);
    }

    /// <summary>A node on PostgreSQL whose registry's statements are written down, each text once, with the parameters it came with.</summary>
    private sealed class ListenedCloud(PostgresServer server) : RunningCloudOnPostgres(server)
    {
        private readonly Listener listener = new();

        public ConcurrentDictionary<string, (string Sql, IReadOnlyList<NpgsqlParameter> Parameters)> Asked => listener.Asked;

        protected override void Configure(WebApplicationBuilder builder) =>
            builder.Services.AddSingleton<IRegistryDatabase>(_ => new RegistryServer(DatabaseAddress.Parse(Database!)) { Interceptors = [listener] });
    }

    private sealed class Listener : DbCommandInterceptor
    {
        public ConcurrentDictionary<string, (string Sql, IReadOnlyList<NpgsqlParameter> Parameters)> Asked { get; } = new();

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
        {
            Note(command, eventData);
            return ValueTask.FromResult(result);
        }

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            Note(command, eventData);
            return ValueTask.FromResult(result);
        }

        private void Note(DbCommand command, CommandEventData eventData)
        {
            // Of this tenant only: the others are asked the same; a tenant that has little is answered otherwise.
            if (((StrataDbContext)eventData.Context!).Tenant.Value is not "t-7")
                return;
            foreach (var sql in command.CommandText.Split(";\n").Select(s => s.Trim().TrimEnd(';')).Where(s => s.Length > 0 && !s.StartsWith("SELECT set_config", StringComparison.Ordinal)))
            {
                var parameters = command.Parameters.Cast<NpgsqlParameter>().Where(p => sql.Contains($"@{p.ParameterName.TrimStart('@')}", StringComparison.Ordinal)).Select(p => p.Clone()).ToList();
                Asked.TryAdd(sql, (sql, parameters));
            }
        }
    }
}
