using Microsoft.Extensions.Logging.Abstractions;
using Strata.Telemetry.Postgres;
using Strata.Testing.Postgres;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Strata.Telemetry.Tests;

/// <summary>The kit on PostgreSQL, as the node's role, and what only the shared store has.</summary>
public sealed class PostgresTelemetryStoreTests(PostgresServer server) : TelemetryStoreTests
{
    private TestDatabase? database;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (database is not null)
            await database.DisposeAsync();
    }

    protected override async Task<ITelemetryStore> OpenAsync()
    {
        if (database is null)
        {
            database = await server.CreateAsync();
            await database.MigrateAsync(new TelemetrySchema());
        }
        var options = new PostgresTelemetryOptions { Database = database.Node, MaxMetricsPerDevice = 50, MaxStreamsPerSource = 3, MaxIntervalsPerStream = 4 };
        var store = new PostgresTelemetryStore(options, Time, NullLogger<PostgresTelemetryStore>.Instance, Models);
        await store.OpenAsync(Cancel);
        return store;
    }

    /// <summary>The files of the leaves and their indexes, as the server has them on its disk after a checkpoint.</summary>
    protected override async Task<byte[]> FilesAsync()
    {
        await using var admin = await TestDatabase.OpenAsync(database!.Admin);
        await Strata.Postgres.Sql.RunAsync(admin, "CHECKPOINT", Cancel);
        return [.. (await Strata.Postgres.Sql.ListAsync(
            admin, "SELECT pg_read_binary_file(pg_relation_filepath(c.oid)) FROM pg_class c WHERE c.relname LIKE 'telemetry%' AND c.relkind IN ('r', 'i') AND pg_relation_size(c.oid) > 0",
            r => r.GetFieldValue<byte[]>(0), Cancel)).SelectMany(b => b)];
    }

    [Fact]
    public async Task Arrival_s_day_decides_the_leaf_and_leaves_are_made_ahead()
    {
        await Commit(Writes.Of(Writes.Number(1, 0), Writes.Number(2, -86_400 * 400)));
        await using var admin = await TestDatabase.OpenAsync(database!.Admin);
        Assert.Equal(2L, (await Strata.Postgres.Sql.ListAsync(admin, "SELECT count(*) FROM telemetry_readings_20260301", r => r.GetInt64(0), Cancel))[0]);
        var leaves = await Strata.Postgres.Sql.ListAsync(admin, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'telemetry_readings'::regclass ORDER BY 1", r => r.GetString(0), Cancel);
        Assert.Equal(["telemetry_readings_20260301", "telemetry_readings_20260302", "telemetry_readings_20260303", "telemetry_readings_20260304"], leaves);
        Time.Advance(TimeSpan.FromDays(10));
        await Commit(Writes.Of(Writes.Number(3, 5)));
        Assert.Equal(3, await Store.CountAsync(Strata.Core.Tenancy.TenantId.Main, null, Cancel));
    }

    [Fact]
    public async Task Only_one_node_writes_to_a_database()
    {
        await Commit(Writes.Of(Writes.Number(1, 0)));
        var second = new PostgresTelemetryStore(new PostgresTelemetryOptions { Database = database!.Node }, Time, NullLogger<PostgresTelemetryStore>.Instance);
        await using (second)
        {
            var refused = await Assert.ThrowsAsync<TelemetryStoreException>(() => second.OpenAsync(Cancel));
            Assert.Contains("Another node writes", refused.Message, StringComparison.Ordinal);
        }
        await Commit(Writes.Of(Writes.Number(2, 1)));
    }
}
