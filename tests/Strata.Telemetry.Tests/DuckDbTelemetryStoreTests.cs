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
        var store = new DuckDbTelemetryStore(Options, Time, NullLogger<DuckDbTelemetryStore>.Instance, Models);
        await store.OpenAsync(Cancel);
        return store;
    }

    protected override Task<byte[]> FilesAsync() =>
        Task.FromResult(Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).SelectMany(ReadShared).ToArray());

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
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
    public async Task A_store_from_before_the_meter_counts_what_it_has_and_meters_from_then_on()
    {
        await Commit(Of(Number(1, 0), Number(2, 1), Number(3, 0, Hall)), Of(Number(4, 1), Number(5, 0.5)), Of(TenantId.Parse("other"), null, [Number(6, 0), Number(6, 0)]));
        await Store.DisposeAsync();
        using (var connection = DuckDbConnection.Open(DuckDbSession.File(Options), Options))
            connection.Execute(
                """
                DROP TABLE usage; DROP TABLE counts; DROP TABLE settled; DROP TABLE heights; DELETE FROM schema_version WHERE version > 2;
                CREATE TABLE heights(tenant_id INTEGER NOT NULL, series INTEGER NOT NULL, time BIGINT NOT NULL, commit BIGINT NOT NULL);
                """);
        await ReopenAsync();
        Assert.Equal(4, await Store.CountAsync(TenantId.Main, null, Cancel));
        await Commit(Of(Number(7, 0.5), Number(8, 0.6)));
        Assert.Equal(1, (await Store.UsageAsync(TenantId.Main, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, Cancel)).Sum(u => u.ReadingsStored));
        Assert.Equal((5, 4), (await Store.CountAsync(TenantId.Main, null, Cancel), await Store.CountAsync(TenantId.Main, Room, Cancel)));
        Assert.Equal(1, await Store.CountAsync(TenantId.Parse("other"), null, Cancel));
    }

    [Fact]
    public async Task The_log_of_usage_is_folded_and_says_the_same_afterwards()
    {
        var hour = Time.GetUtcNow();
        for (var commit = 1; commit <= 12; commit++)
        {
            var used = Enumerable.Range(0, 100).Select(i => new Strata.Core.Metering.UsageHour(default, hour, $"class-{i}") { ApiCalls = i, Devices = commit, StorageBytes = 100 - commit }).ToList();
            await Commit([.. Enumerable.Range(0, 25).Select(t => new TelemetryWrite { Tenant = TenantId.Parse($"tenant-{t}"), Usage = used, UsageStamp = Stamp(commit, "$meter") })]);
        }
        await Store.DisposeAsync();
        using (var connection = DuckDbConnection.Open(DuckDbSession.File(Options), Options))
            Assert.InRange(connection.Scalar("SELECT count(*) FROM usage"), 2_500, 20_000);
        await ReopenAsync();
        var usage = await Store.UsageAsync(TenantId.Parse("tenant-24"), hour, hour.AddHours(1), Cancel);
        Assert.Equal(100, usage.Count);
        Assert.All(usage, u => Assert.Equal((12L * int.Parse(u.DeviceClass.AsSpan(6)), 12, 88), (u.ApiCalls, u.Devices, u.StorageBytes)));
    }

    [Fact]
    public async Task What_is_looked_at_beside_commits_ends_at_the_commit_that_it_ends_at()
    {
        using var done = new CancellationTokenSource();
        var beyond = new List<string>();
        var looking = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                // Counting takes in all there is; the feed says up to which commit it has read.
                await Usage();
                var feed = await Store.CommittedAfterAsync(TenantId.Main, 0, 1_000_000, Cancel);
                if (feed.Readings.Count > 0 && feed.Readings[^1].Commit > feed.Last)
                    beyond.Add($"{feed.Readings[^1].Commit} > {feed.Last}");
            }
        }, Cancel);
        for (var number = 1; number <= 500; number++)
            await Commit(Numbered.Write(number));
        await done.CancelAsync();
        await looking;
        Assert.Empty(beyond);
        Assert.Equal(500 * Numbered.Rows, await Metered());
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
