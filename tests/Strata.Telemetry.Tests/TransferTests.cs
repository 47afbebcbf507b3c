using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Strata.Core.Dataflow;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry.DuckDb;
using Strata.Telemetry.Postgres;
using Strata.Telemetry.Transfer;
using Strata.Testing.Postgres;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

/// <summary>A tenant goes from each kind of store to each: what every question answers is the same before and after.</summary>
public sealed class TransferTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TenantId Acme = TenantId.Parse("acme");
    private static readonly TenantId Other = TenantId.Parse("other");
    private static readonly ReadingRange Everything = new() { Limit = 100_000 };
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly List<IAsyncDisposable> toClose = [];
    private readonly List<TemporaryFolder> folders = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var one in Enumerable.Reverse(toClose))
            await one.DisposeAsync();
        folders.ForEach(f => f.Dispose());
    }

    [Theory]
    [InlineData("files", "files")]
    [InlineData("files", "postgres")]
    [InlineData("postgres", "files")]
    [InlineData("postgres", "postgres")]
    public async Task Every_question_is_answered_as_before(string from, string to)
    {
        var (source, target) = (await OpenAsync(from), await OpenAsync(to));
        await FillAsync(source, Acme);
        await FillAsync(source, Other);
        await FillAsync(target, Other);
        var (before, others) = (await AnswersAsync(source, Acme), await AnswersAsync(target, Other));
        var transfer = new TenantTransfer(source, target, Acme, "c1");
        long copied = 0;
        await transfer.CatchUpAsync(rows => copied = rows, Cancel);
        // Beside it both go on; what comes meanwhile is taken along.
        await source.CommitAsync([Of(Acme, Stamp(99), [Number(7, 9_000), Number(8, 1)])], Cancel);
        await target.CommitAsync([Of(Other, Stamp(99), [Number(7, 9_000)])], Cancel);
        await transfer.FinishAsync(Cancel);
        transfer.End();

        Assert.Equal(await AnswersAsync(source, Acme), await AnswersAsync(target, Acme));
        Assert.NotEqual(before, await AnswersAsync(target, Acme));
        Assert.NotEqual(others, await AnswersAsync(target, Other));
        // What was seen there is seen here, and is metered once.
        var again = await target.CommitAsync([Of(Acme, Stamp(99), [Number(7, 9_000)])], Cancel);
        Assert.Equal((0, 1), (again.Stored, again.Repeated));
        var known = await AnswersAsync(target, Acme);
        await target.CommitAsync([Of(Acme, null, [Number(7, 9_000)])], Cancel);
        Assert.Equal((await target.CountAsync(Acme, null, Cancel)), (await source.CountAsync(Acme, null, Cancel)));
        Assert.NotNull(known);

        var left = await AnswersAsync(source, Other);
        Assert.True(await source.RemoveAsync(Acme, Cancel) > 0);
        Assert.Equal((0, 0), (await source.CountAsync(Acme, null, Cancel), (await source.UsageAsync(Acme, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1), Cancel)).Count));
        Assert.Empty(await source.ReadAsync(Acme, Everything, Cancel));
        Assert.Equal(left, await AnswersAsync(source, Other));
    }

    [Theory]
    [InlineData("files", "postgres")]
    [InlineData("postgres", "files")]
    public async Task A_transfer_goes_on_where_it_ended_and_a_difference_is_found(string from, string to)
    {
        var (source, target) = (await OpenAsync(from), await OpenAsync(to));
        await FillAsync(source, Acme);
        await new TenantTransfer(source, target, Acme, "c1").CatchUpAsync(_ => { }, Cancel);
        var count = await target.CountAsync(Acme, null, Cancel);
        long copied = -1;
        var second = new TenantTransfer(source, target, Acme, "c1");
        await second.CatchUpAsync(rows => copied = rows, Cancel);
        Assert.Equal((0, count), (copied, await target.CountAsync(Acme, null, Cancel)));

        await target.CommitAsync([Of(Acme, null, [Number(1, 777)])], Cancel);
        var differs = await Assert.ThrowsAsync<TelemetryStoreException>(() => second.FinishAsync(Cancel));
        Assert.Contains("readings of 2026-03-01", differs.Message, StringComparison.Ordinal);
        Assert.Equal(0, await target.CountAsync(Acme, null, Cancel));
    }

    [Theory]
    [InlineData("files")]
    [InlineData("postgres")]
    public async Task Copying_ends_although_the_tenant_writes_at_every_step(string from)
    {
        var (source, target) = (await OpenAsync(from), await OpenAsync("files"));
        await FillAsync(source, Acme);
        var busy = BusyStore.Around(source, async n =>
        {
            Assert.True(n < 50, "The copy does not end.");
            await source.CommitAsync([Of(Acme, null, [Number(n, 60_000 + n)])], Cancel);
        });
        var transfer = new TenantTransfer(busy, target, Acme, "c1");
        await transfer.CatchUpAsync(_ => { }, Cancel);
        await new TenantTransfer(source, target, Acme, "c1").FinishAsync(Cancel);
        transfer.End();
        Assert.Equal(await AnswersAsync(source, Acme), await AnswersAsync(target, Acme));
    }

    [Fact]
    public async Task Ages_go_along_into_a_store_of_its_own_and_into_leaves()
    {
        var (source, files, postgres) = (await OpenAsync("files"), await OpenAsync("files"), await OpenAsync("postgres"));
        await source.CommitAsync([Of(Acme, null, [Number(1, 0)])], Cancel);
        time.Advance(TimeSpan.FromDays(20));
        await source.CommitAsync([Of(Acme, null, [Number(2, 86_400 * 20)])], Cancel);
        foreach (var target in (ITransferStore[])[files, postgres])
        {
            var transfer = new TenantTransfer(source, target, Acme, "c1");
            await transfer.CatchUpAsync(_ => { }, Cancel);
            await transfer.FinishAsync(Cancel);
            transfer.End();
        }
        await files.CommitAsync([Of(Acme, null, [Number(3, 86_400 * 20 + 1)])], Cancel);
        time.Advance(TimeSpan.FromDays(11));
        var policy = new RetentionPolicy(TimeSpan.FromDays(30), TimeSpan.FromDays(700), null);
        await files.RetainAsync(policy, Cancel);
        await postgres.RetainAsync(policy, Cancel);
        Assert.Equal([2, 3], (await files.ReadAsync(Acme, Everything, Cancel)).Select(r => r.Value.Number));
        Assert.Equal([2], (await postgres.ReadAsync(Acme, Everything, Cancel)).Select(r => r.Value.Number));
        Assert.Equal(3, (await files.TotalsAsync(Acme, Cancel)).Readings);
    }

    /// <summary>Readings in order, late ones, repeats and later values of a key, text, records of each kind with stamps, usage, and a part that retention has dropped.</summary>
    private async Task FillAsync(ITransferStore store, TenantId tenant)
    {
        await store.CommitAsync([Of(tenant, Stamp(1), [Number(1, -86_400 * 40), Number(2, -86_400 * 40 + 1)]), new TelemetryWrite { Tenant = tenant, Windows = [new(Window(-86_400 * 900, 1, 5), Stamp(2))] }], Cancel);
        time.Advance(TimeSpan.FromDays(40));
        await store.RetainAsync(new RetentionPolicy(TimeSpan.FromDays(30), TimeSpan.FromDays(700), null), Cancel);
        for (var i = 0; i < 30; i++)
        {
            await store.CommitAsync([Of(tenant, Stamp(10 + i, stream: "b"), Enumerable.Range(0, 100).Select(n => Number(n + i, (100 * i) + n, n % 2 == 0 ? Room : Hall)))], Cancel);
            time.Advance(TimeSpan.FromMinutes(10));
        }
        await store.CommitAsync(
        [
            Of(tenant, null, [Number(-5, 3), Number(-6, 3), Number(-7, 2.5), new Reading(Room, Humidity, At(4), ReadingValue.OfText("zero\0inside")), new Reading(Hall, Humidity, At(4), ReadingValue.OfBoolean(true)),
                Number(90, 5, Room, MetricName.Parse("health.battery"))]),
        ], Cancel);
        var batch = new ReadingBatch();
        batch.BeginMessage();
        batch.Add(Number(1, 50_000));
        batch.EndMessage(Stamp(3), new MessageOrigin(true, At(49_999), Gateway), 40);
        await store.CommitAsync(
        [
            new TelemetryWrite
            {
                Tenant = tenant, Readings = batch, Windows = [new(Window(0, 1, 5), Stamp(4)), new(Window(0, 2, 6), Stamp(5)), new(Window(300, 1, 7), null)],
                Events = [new(new FleetEvent(At(1), FleetEventKinds.DeviceConnected, Room, Gateway, "{}"), null)], Gaps = [new(new GapRecord("gw-hq", "a", 50, 60, 11, At(0), null, "full"), Stamp(6))],
                Usage = [new UsageHour(tenant, time.GetUtcNow(), "m") { ApiCalls = 5, MessagesOut = 2, Devices = 3, StorageBytes = 77 }], UsageStamp = Stamp(1, "meter", "m"),
            },
        ], Cancel);
    }

    /// <summary>What the store says to every question about a tenant, as text.</summary>
    private static async Task<string> AnswersAsync(ITelemetryStore store, TenantId tenant)
    {
        var usage = await store.UsageAsync(tenant, DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue.AddYears(-1), Cancel);
        var lines = new List<string>();
        lines.AddRange((await store.ReadAsync(tenant, Everything, Cancel)).Select(r => $"{r}"));
        lines.AddRange((await store.LatestAsync(tenant, [], Cancel)).OrderBy(r => $"{r.Device} {r.Metric}", StringComparer.Ordinal).Select(r => $"latest {r}"));
        lines.AddRange((await store.WindowsAsync(tenant, new WindowRange(null, null, long.MinValue, long.MaxValue, null, 1_000), Cancel)).Select(w => $"{w.Group} {w.Start} {w.Revision} {string.Join(' ', w.Metrics)}"));
        lines.AddRange((await store.EventsAsync(tenant, new EventRange(null, null, null, 1_000), Cancel)).Select(e => $"{e.Event}"));
        lines.AddRange((await store.GapsAsync(tenant, null, null, 1_000, Cancel)).Select(g => $"{g.Gap}"));
        lines.AddRange((await store.ProgressAsync(tenant, null, Cancel)).OrderBy(p => $"{p.Source} {p.Stream}", StringComparer.Ordinal).Select(p => $"{p.Source} {p.Stream} {string.Join(' ', p.Seen)}"));
        lines.AddRange(usage.OrderBy(u => u.Hour).ThenBy(u => u.DeviceClass, StringComparer.Ordinal).Select(u => $"{u}"));
        lines.Add($"{await store.TotalsAsync(tenant, Cancel)} {await store.CountAsync(tenant, null, Cancel)} {await store.CountAsync(tenant, Room, Cancel)}");
        return string.Join('\n', lines);
    }

    private async Task<ITransferStore> OpenAsync(string kind)
    {
        if (kind == "files")
        {
            var folder = new TemporaryFolder();
            folders.Add(folder);
            var files = new DuckDbTelemetryStore(new TelemetryStoreOptions { Folder = Path.Combine(folder.Path, "telemetry") }, time, NullLogger<DuckDbTelemetryStore>.Instance);
            toClose.Add(files);
            await files.OpenAsync(Cancel);
            return files;
        }
        var database = await server.CreateAsync();
        toClose.Add(database);
        await database.MigrateAsync(new TelemetrySchema());
        var store = new PostgresTelemetryStore(new PostgresTelemetryOptions { Database = database.Node }, time, NullLogger<PostgresTelemetryStore>.Instance);
        toClose.Add(store);
        await store.OpenAsync(Cancel);
        return store;
    }
}
