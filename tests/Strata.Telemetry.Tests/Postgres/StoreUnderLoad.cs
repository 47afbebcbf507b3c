using System.Diagnostics.Metrics;
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

/// <summary>A server of its own to break, a store on it, and sources that number their messages and send each until it is acknowledged, through the one writer.</summary>
internal sealed class StoreUnderLoad : IAsyncDisposable
{
    private const int Sources = 4;

    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CancellationTokenSource stop = new();
    private readonly long[] acknowledged = new long[Sources];
    private readonly SemaphoreSlim acknowledgements = new(0);
    private readonly SemaphoreSlim failures = new(0);
    private readonly int rowsPerMessage;
    private Task[] running = [];

    private StoreUnderLoad(int rowsPerMessage) => this.rowsPerMessage = rowsPerMessage;

    public PostgresServer Server { get; } = PostgresServer.Own();

    public TestDatabase Database { get; private set; } = null!;

    public PostgresTelemetryStore Store { get; private set; } = null!;

    public IngestWriter Writer { get; private set; } = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <param name="prepare">What is done to the database before the store opens.</param>
    public static async Task<StoreUnderLoad> StartAsync(int rowsPerMessage, TimeSpan commitTimeout, Func<StoreUnderLoad, Task>? prepare = null)
    {
        var load = new StoreUnderLoad(rowsPerMessage);
        try
        {
            load.Database = await load.Server.CreateAsync();
            await load.Database.MigrateAsync(new TelemetrySchema());
            if (prepare is not null)
                await prepare(load);
            load.Store = new PostgresTelemetryStore(
                new PostgresTelemetryOptions { Database = load.Database.Node, CommitTimeout = commitTimeout }, TimeProvider.System, NullLogger<PostgresTelemetryStore>.Instance);
            await load.Store.OpenAsync(Cancel);
            var options = new IngestOptions { ProbeDelay = TimeSpan.FromMilliseconds(10), ProbeMaxDelay = TimeSpan.FromMilliseconds(100), SlowCommit = TimeSpan.FromMilliseconds(300) };
            load.Writer = new IngestWriter(
                load.Store, options, [], new IngestMetrics(load.services.GetRequiredService<IMeterFactory>()), TimeProvider.System, NullLogger<IngestWriter>.Instance);
            await load.Writer.StartAsync(Cancel);
            load.running = [.. Enumerable.Range(0, Sources).Select(load.SendAsync)];
            return load;
        }
        catch
        {
            await load.DisposeAsync();
            throw;
        }
    }

    public async Task AcknowledgedAsync(int messages, string awaited)
    {
        for (; messages > 0; messages--)
            await Deadline.For(acknowledgements.WaitAsync(Cancel), awaited);
    }

    /// <summary>More than can be on their way from before: one of each source.</summary>
    public async Task RecoveredAsync()
    {
        while (await acknowledgements.WaitAsync(0, Cancel))
        {
            // Nothing of before counts as recovery.
        }
        await AcknowledgedAsync(20, "acknowledgements after the last fault");
    }

    public Task FailedAsync(string awaited) => Deadline.For(failures.WaitAsync(Cancel), awaited);

    /// <summary>Writes that failed since the last question.</summary>
    public int Failures()
    {
        var count = 0;
        for (; failures.Wait(0, Cancel); count++)
        {
            // Counted.
        }
        return count;
    }

    /// <summary>Ends the sources and looks at every row: what was acknowledged is there, nothing is there twice.</summary>
    public async Task VerifyAsync()
    {
        await stop.CancelAsync();
        await Deadline.For(Task.WhenAll(running), "the sources end");
        Assert.True(Store.Health.CanCommit, Store.Health.Detail);
        long all = 0;
        for (var i = 0; i < Sources; i++)
        {
            var seen = Assert.Single(Assert.Single(await Store.ProgressAsync(TenantId.Main, Name(i), Cancel)).Seen);
            Assert.Equal(1, seen.First);
            Assert.InRange(seen.Last, acknowledged[i], acknowledged[i] + 1);
            Assert.Equal(seen.Last * rowsPerMessage, await Store.CountAsync(TenantId.Main, DeviceId.Parse(Name(i)), Cancel));
            all += seen.Last * rowsPerMessage;
        }
        Assert.Equal(all, await Store.CountAsync(TenantId.Main, null, Cancel));
        await using var admin = await TestDatabase.OpenAsync(Database.Admin);
        Assert.Equal(all, (await Strata.Postgres.Sql.ListAsync(admin, "SELECT count(*) FROM telemetry_readings", r => r.GetInt64(0), Cancel))[0]);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (Writer is not null)
            await Writer.DisposeAsync();
        if (Store is not null)
            await Store.DisposeAsync();
        await services.DisposeAsync();
        await Server.DisposeAsync();
        stop.Dispose();
        acknowledgements.Dispose();
        failures.Dispose();
    }

    private async Task SendAsync(int source)
    {
        for (var number = 1L; !stop.IsCancellationRequested;)
        {
            var rows = Enumerable.Range(0, rowsPerMessage).Select(r => new Reading(DeviceId.Parse(Name(source)), Temperature, At(0) + number * rowsPerMessage + r, ReadingValue.OfNumber(number)));
            try
            {
                await Writer.CommitAsync(Of(Stamp(number, Name(source)), rows), Cancel);
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
