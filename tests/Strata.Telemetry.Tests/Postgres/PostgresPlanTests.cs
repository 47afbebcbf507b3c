using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Telemetry.Postgres;
using Strata.Testing.Postgres;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests.Postgres;

/// <summary>How the server answers the commonest questions: by an index, never by reading a big table from end to end.</summary>
public sealed class PostgresPlanTests(PostgresServer server) : IAsyncLifetime
{
    private const int Devices = 400;
    private const string NoMetrics = "{}";

    private static readonly string[] Big = ["telemetry_readings", "telemetry_windows", "telemetry_events", "telemetry_gaps", "telemetry_series", "telemetry_progress"];

    private TestDatabase? database;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateAsync();
        await database.MigrateAsync(new TelemetrySchema());
        await database.ExecuteAsOwnerAsync("SELECT strata_create_leaves(DATE '2026-03-01', 3)");
        // Rows as the store writes them: two tenants, 400 devices of two metrics, a reading a minute over three days of arrival.
        await database.ExecuteAsAdminAsync(
            $"""
            DO $do$ BEGIN
                FOR t IN 0..1 LOOP
                    PERFORM set_config('{TenantBinding.Setting}', (ARRAY['main', 'other'])[t + 1], true);
                    INSERT INTO telemetry_tenants SELECT (ARRAY['main', 'other'])[t + 1], 0, 3000, 0, 0;
                    INSERT INTO telemetry_series SELECT (ARRAY['main', 'other'])[t + 1], s, 'd-' || s / 2, CASE s % 2 WHEN 0 THEN 'temperature' ELSE 'humidity' END FROM generate_series(0, {Devices * 2 - 1}) s;
                    INSERT INTO telemetry_readings SELECT m, {At(0)} + m * 600000000::bigint + s, 1, s, s, DATE '2026-03-01' + m / 72, 0, (ARRAY['main', 'other'])[t + 1], NULL
                        FROM generate_series(0, 215) m, generate_series(0, {Devices * 2 - 1}) s;
                    INSERT INTO telemetry_windows SELECT (ARRAY['main', 'other'])[t + 1], m, g, 'g-' || g, 'hq/f-' || g, 'gw', {At(0)} + m * 300000000::bigint, 300000000, 0, 1, 1, 1, '{NoMetrics}'
                        FROM generate_series(0, 400) m, generate_series(0, 39) g;
                    INSERT INTO telemetry_events SELECT (ARRAY['main', 'other'])[t + 1], p, p, 'x', 'd-' || p % 400, 'gw-' || p % 50, 'x', p / 10 FROM generate_series(1, 20000) p;
                    INSERT INTO telemetry_gaps SELECT (ARRAY['main', 'other'])[t + 1], p, p, 'gw-' || p % 100, 'a', p, p, 1, NULL, NULL, 'x', p / 10 FROM generate_series(1, 20000) p;
                    INSERT INTO telemetry_progress SELECT (ARRAY['main', 'other'])[t + 1], 'gw-' || p, 'a', p, '1:' || p FROM generate_series(1, 20000) p;
                END LOOP;
            END $do$;
            """);
        await database.ExecuteAsAdminAsync("VACUUM ANALYZE");
    }

    public async ValueTask DisposeAsync()
    {
        if (database is not null)
            await database.DisposeAsync();
    }

    [Fact]
    public async Task The_commonest_queries_read_no_big_table_from_end_to_end()
    {
        var asked = new List<(string Sql, object[] Values)>();
        await using var store = new PostgresTelemetryStore(new PostgresTelemetryOptions { Database = database!.Node }, TimeProvider.System, NullLogger<PostgresTelemetryStore>.Instance);
        store.Reads.Asked = (sql, values) => asked.Add((sql, values));
        var device = DeviceId.Parse("d-7");
        var day = new ReadingRange { Devices = [device], From = At(0), To = At(86_400) };
        Assert.Equal(288, (await store.ReadAsync(TenantId.Main, day, Cancel)).Count);
        Assert.Equal(144, (await store.ReadAsync(TenantId.Main, day with { Metrics = [Temperature] }, Cancel)).Count);
        var page = await store.ReadAsync(TenantId.Main, day with { Limit = 10 }, Cancel);
        await store.ReadAsync(TenantId.Main, day with { After = (page[^1].Time, page[^1].Device, page[^1].Metric) }, Cancel);
        await store.ReadAsync(TenantId.Main, new ReadingRange { Devices = [device, DeviceId.Parse("d-8")], Limit = 100 }, Cancel);
        Assert.Equal(2, (await store.LatestAsync(TenantId.Main, [device], Cancel)).Count);
        Assert.Equal(24, (await store.AggregateAsync(TenantId.Main, day with { Metrics = [Temperature] }, 3_600_000_000, [AggregateFunction.Avg], Cancel)).Count);
        Assert.Equal(432, await store.CountAsync(TenantId.Main, device, Cancel));
        await store.CountAsync(TenantId.Main, null, Cancel);
        Assert.Equal(50, (await store.WindowsAsync(TenantId.Main, new WindowRange(null, null, At(0), At(3_000), null, 50), Cancel)).Count);
        Assert.Equal(20, (await store.EventsAsync(TenantId.Main, new EventRange(null, null, null, 20), Cancel)).Count);
        Assert.Equal(20, (await store.EventsAsync(TenantId.Main, new EventRange(device, null, null, 20), Cancel)).Count);
        Assert.Equal(20, (await store.GapsAsync(TenantId.Main, null, null, 20, Cancel)).Count);
        Assert.Single(await store.ProgressAsync(TenantId.Main, "gw-77", Cancel));
        Assert.True(asked.Count >= 10);

        await using var node = await TestDatabase.OpenAsync(database.Node);
        foreach (var (sql, values) in asked)
        {
            var plan = await ExplainAsync(node, sql, values);
            foreach (var table in Big)
                Assert.False(plan.Contains($"Seq Scan on {table}", StringComparison.Ordinal), $"{sql}\n{plan}");
        }
    }

    private static async Task<string> ExplainAsync(NpgsqlConnection node, string sql, object[] values)
    {
        await using var transaction = await node.BeginTransactionAsync(Cancel);
        await node.RunAsync(TenantBinding.Statement(TenantId.Main), Cancel);
        return string.Join('\n', await node.ListAsync($"EXPLAIN {sql}", r => r.GetString(0), Cancel, values));
    }
}
