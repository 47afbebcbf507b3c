using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
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
    public async Task A_device_with_too_many_metrics_is_refused_and_others_are_not()
    {
        var many = Of(Enumerable.Range(0, 51).Select(i => Number(i, i, Room, MetricName.Parse($"m{i}"))));
        var report = await Commit(many, Of(Number(1, 0, Hall)));
        Assert.Equal((1, 1), (report.Stored, report.Refused));
        Assert.Equal(MessageOutcome.Refused, many.Readings!.Messages[0].Outcome);
        Assert.Equal([Number(1, 0, Hall)], await Read());
    }

    [Fact]
    public async Task Memory_of_numbers_is_bounded_and_forgets_the_lowest_and_the_least_used()
    {
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Seen = [.. Enumerable.Range(1, 10).Select(i => Stamp(i * 2))] });
        Assert.Equal([(14, 14), (16, 16), (18, 18), (20, 20)], Assert.Single(await Store.ProgressAsync(TenantId.Main, null, Cancel)).Seen);
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Seen = [Stamp(1, stream: "b"), Stamp(1, stream: "c"), Stamp(22), Stamp(1, stream: "d")] });
        Assert.Equal(["c", "a", "d"], (await Store.ProgressAsync(TenantId.Main, null, Cancel)).Select(p => p.Stream));
        await ReopenAsync();
        Assert.Equal(1, (await Commit(Of(Stamp(22), Number(1, 0)))).Repeated);
        Assert.Equal(1, (await Commit(Of(Stamp(2), Number(1, 0)))).Stored);
    }

    [Fact]
    public async Task Progress_stays_small_however_many_commits_there_were()
    {
        for (var commit = 0; commit < 60; commit++)
            await Commit(new TelemetryWrite
            {
                Tenant = TenantId.Main,
                Seen = [.. Enumerable.Range(0, 500).Select(i => Stamp(commit + 1, source: $"agent-{i}"))],
            });
        var all = await Store.ProgressAsync(TenantId.Main, null, Cancel);
        Assert.Equal(500, all.Count);
        Assert.All(all, p => Assert.Equal([(1, 60)], p.Seen));
        await ReopenAsync();
        Assert.Equal(500, (await Commit(new TelemetryWrite { Tenant = TenantId.Main, Seen = [.. Enumerable.Range(0, 500).Select(i => Stamp(60, source: $"agent-{i}"))] })).Repeated);
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
