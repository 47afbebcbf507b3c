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
        var store = new PostgresTelemetryStore(options, Time, NullLogger<PostgresTelemetryStore>.Instance);
        await store.OpenAsync(Cancel);
        return store;
    }
}
