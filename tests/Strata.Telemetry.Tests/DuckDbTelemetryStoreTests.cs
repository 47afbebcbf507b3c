using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Telemetry.DuckDb;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

/// <summary>The kit on DuckDB, and what only the embedded store has.</summary>
public sealed class DuckDbTelemetryStoreTests : TelemetryStoreTests
{
    private readonly TemporaryFolder folder = new();

    private TelemetryStoreOptions Options => new() { Folder = Path.Combine(folder.Path, "telemetry"), MaxMetricsPerDevice = 50, MaxStreamsPerSource = 3, MaxIntervalsPerStream = 4 };

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }

    protected override async Task<ITelemetryStore> OpenAsync()
    {
        var store = new DuckDbTelemetryStore(Options, Time, NullLogger<DuckDbTelemetryStore>.Instance);
        await store.OpenAsync(Cancel);
        return store;
    }

    [Fact]
    public async Task Files_belong_to_their_owner_alone()
    {
        await Commit(Of(Number(1, 0)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Options.Folder));
        Assert.All(Directory.GetFiles(Options.Folder), f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
    }

    [Fact]
    public async Task Reads_go_on_while_the_writer_commits_and_see_whole_commits()
    {
        using var done = new CancellationTokenSource();
        var reading = Task.Run(async () =>
        {
            var reads = 0;
            while (!done.IsCancellationRequested)
            {
                Assert.Equal(0, await Store.CountAsync(TenantId.Main, null, Cancel) % 100);
                reads++;
            }
            return reads;
        }, Cancel);
        for (var commit = 0; commit < 200; commit++)
            await Commit(Of(Enumerable.Range(commit * 100, 100).Select(i => Number(i, i, DeviceId.Parse($"d{i % 10}")))));
        await done.CancelAsync();
        Assert.True(await reading > 0);
        Assert.Equal(20_000, await Store.CountAsync(TenantId.Main, null, Cancel));
    }

    [Fact]
    public async Task A_store_of_a_newer_program_is_not_touched()
    {
        await Store.DisposeAsync();
        using (var connection = DuckDbConnection.Open(DuckDbSession.File(Options), Options))
            connection.Execute("INSERT INTO schema_version VALUES (0, 1000)");
        var e = await Assert.ThrowsAsync<TelemetryStoreException>(OpenAsync);
        Assert.Contains("newer", e.Message, StringComparison.Ordinal);
    }
}
