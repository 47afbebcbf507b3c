using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry.Ingest;
using Strata.Telemetry.Postgres;
using Strata.Testing;
using Strata.Testing.Postgres;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests.Postgres;

/// <summary>The server's sessions are ended, and the server itself is stopped, while several sources write through the one writer.</summary>
public sealed class PostgresFaultTests : IAsyncLifetime
{
    private const int Sources = 4;
    private const int RowsPerMessage = 20;

    private readonly PostgresServer server = PostgresServer.Own();
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly long[] acknowledged = new long[Sources];
    private readonly SemaphoreSlim acknowledgements = new(0);
    private readonly SemaphoreSlim failures = new(0);
    private TestDatabase? database;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateAsync();
        await database.MigrateAsync(new TelemetrySchema());
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_acknowledged_is_missing_or_twice_and_the_store_goes_on_by_itself()
    {
        await using var store = new PostgresTelemetryStore(new PostgresTelemetryOptions { Database = database!.Node }, TimeProvider.System, NullLogger<PostgresTelemetryStore>.Instance);
        await store.OpenAsync(Cancel);
        var options = new IngestOptions { ProbeDelay = TimeSpan.FromMilliseconds(10), ProbeMaxDelay = TimeSpan.FromMilliseconds(100) };
        await using var writer = new IngestWriter(
            store, options, [], new IngestMetrics(services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()), TimeProvider.System, NullLogger<IngestWriter>.Instance);
        await writer.StartAsync(Cancel);
        using var stop = new CancellationTokenSource();
        var sources = Enumerable.Range(0, Sources).Select(i => SendAsync(writer, i, stop.Token)).ToArray();
        var random = new Random(5);
        for (var round = 0; round < 12; round++)
        {
            for (var n = random.Next(1, 40); n > 0; n--)
                await Deadline.For(acknowledgements.WaitAsync(Cancel), $"an acknowledgement in round {round}");
            if (round % 6 == 3)
                await StopAndStartAsync(store, writer);
            else
                await TestDatabase.ExecuteAsync(database.Admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'strata-%'");
        }
        while (await acknowledgements.WaitAsync(0, Cancel))
        {
            // Nothing of before counts as recovery.
        }
        // More than can be on their way from before the fault: one of each source.
        for (var n = 0; n < 20; n++)
            await Deadline.For(acknowledgements.WaitAsync(Cancel), "acknowledgements after the last fault");
        await stop.CancelAsync();
        await Deadline.For(Task.WhenAll(sources), "the sources end");
        Assert.True(store.Health.CanCommit, store.Health.Detail);

        long all = 0;
        for (var i = 0; i < Sources; i++)
        {
            var seen = Assert.Single(Assert.Single(await store.ProgressAsync(TenantId.Main, Name(i), Cancel)).Seen);
            Assert.Equal(1, seen.First);
            Assert.InRange(seen.Last, acknowledged[i], acknowledged[i] + 1);
            Assert.Equal(seen.Last * RowsPerMessage, await store.CountAsync(TenantId.Main, DeviceId.Parse(Name(i)), Cancel));
            all += seen.Last * RowsPerMessage;
        }
        Assert.Equal(all, await store.CountAsync(TenantId.Main, null, Cancel));
        await using var admin = await TestDatabase.OpenAsync(database.Admin);
        Assert.Equal(all, (await Strata.Postgres.Sql.ListAsync(admin, "SELECT count(*) FROM telemetry_readings", r => r.GetInt64(0), Cancel))[0]);
    }

    private async Task StopAndStartAsync(PostgresTelemetryStore store, IngestWriter writer)
    {
        await server.StopAsync();
        while (store.Health.CanCommit)
            await Deadline.For(failures.WaitAsync(Cancel), "a write that fails while the server is stopped");
        Assert.False(writer.CanCommit && store.Health.CanCommit);
        Assert.Contains("Nothing is acknowledged until a commit succeeds", store.Health.Detail, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TelemetryStoreException>(async () => await store.CountAsync(TenantId.Main, null, Cancel));
        await server.StartAgainAsync();
    }

    /// <summary>A source that numbers its messages and sends each until it is acknowledged.</summary>
    private async Task SendAsync(IngestWriter writer, int source, CancellationToken stop)
    {
        for (var number = 1L; !stop.IsCancellationRequested;)
        {
            var rows = Enumerable.Range(0, RowsPerMessage).Select(r => new Reading(DeviceId.Parse(Name(source)), Temperature, At(0) + number * RowsPerMessage + r, ReadingValue.OfNumber(number)));
            try
            {
                await writer.CommitAsync(Of(Stamp(number, Name(source)), rows), Cancel);
                acknowledged[source] = number++;
                acknowledgements.Release();
            }
            catch (TelemetryStoreException)
            {
                failures.Release();
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    private static string Name(int source) => $"agent-{source}";
}
