using Microsoft.Extensions.Time.Testing;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

/// <summary>The test kit that every telemetry store passes; a store derives from it and says how it is opened.</summary>
public abstract partial class TelemetryStoreTests : IAsyncLifetime
{
    private ITelemetryStore? store;

    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    protected ITelemetryStore Store => store!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        // Null when opening it was skipped.
        if (store is not null)
            await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the store of this test, the same one each time.</summary>
    protected abstract Task<ITelemetryStore> OpenAsync();

    protected async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        store = await OpenAsync();
    }

    protected async Task<CommitReport> Commit(params TelemetryWrite[] writes) => await Store.CommitAsync(writes, Cancel);

    protected async Task<IReadOnlyList<Reading>> Read(ReadingRange? range = null) => await Store.ReadAsync(TenantId.Main, range ?? new ReadingRange(), Cancel);

    [Fact]
    public async Task Values_of_every_kind_come_back_as_they_went()
    {
        var values = new[]
        {
            ReadingValue.OfNumber(22.4), ReadingValue.OfNumber(-0.0), ReadingValue.OfNumber(double.MaxValue), ReadingValue.OfNumber(5e-324),
            ReadingValue.OfBoolean(true), ReadingValue.OfBoolean(false), ReadingValue.OfText(""), ReadingValue.OfText("on"),
            ReadingValue.OfText("größer als zwölf Zeichen \u2603 \U0001F600"), ReadingValue.OfText(new string('x', 5_000)), ReadingValue.OfText("zero\0inside"),
        };
        var readings = values.Select((v, i) => new Reading(Room, Temperature, At(i), v)).ToArray();
        var report = await Commit(Of(readings));
        Assert.Equal((values.Length, 0, 0), (report.Stored, report.Repeated, report.Refused));
        Assert.Equal(readings, await Read());
        await ReopenAsync();
        Assert.Equal(readings, await Read());
    }

    [Fact]
    public async Task A_large_commit_is_read_back_whole()
    {
        var readings = Enumerable.Range(0, 10_000).Select(i => new Reading(Room, Temperature, At(i), i % 7 == 0 ? ReadingValue.OfText($"text {i}") : ReadingValue.OfNumber(i)));
        await Commit(Of(readings));
        Assert.Equal(readings, await Read(new ReadingRange { Limit = 20_000 }));
        Assert.Equal(10_000, await Store.CountAsync(TenantId.Main, null, Cancel));
    }

    [Fact]
    public async Task A_message_whose_number_was_seen_changes_nothing()
    {
        var first = await Commit(Of(Stamp(1), Number(1, 0)));
        var write = Of(Stamp(1), Number(2, 0), Number(3, 1));
        var second = await Commit(write);
        Assert.Equal((1, 0), (first.Stored, first.Repeated));
        Assert.Equal((0, 1), (second.Stored, second.Repeated));
        Assert.Equal(MessageOutcome.Repeated, write.Readings!.Messages[0].Outcome);
        Assert.Equal(first.Commit, second.Commit);
        Assert.Equal([Number(1, 0)], await Read());
    }

    [Fact]
    public async Task A_number_is_known_after_reopening_and_within_its_own_commit()
    {
        var again = Of(Stamp(2), Number(9, 1));
        await Commit(Of(Stamp(1), Number(1, 0)), Of(Stamp(2), Number(2, 1)), again);
        Assert.Equal(MessageOutcome.Repeated, again.Readings!.Messages[0].Outcome);
        await ReopenAsync();
        Assert.Equal(2, (await Commit(Of(Stamp(1), Number(9, 0)), Of(Stamp(2), Number(9, 1)))).Repeated);
        Assert.Equal([Number(1, 0), Number(2, 1)], await Read());
        var progress = Assert.Single(await Store.ProgressAsync(TenantId.Main, null, Cancel));
        Assert.Equal(("gw-hq", "a"), (progress.Source, progress.Stream));
        Assert.Equal([(1, 2)], progress.Seen);
    }

    [Fact]
    public async Task Streams_sources_and_tenants_number_apart()
    {
        var other = TenantId.Parse("other");
        var report = await Commit(
            Of(Stamp(1), Number(1, 0)), Of(Stamp(1, stream: "b"), Number(1, 1)), Of(Stamp(1, source: "gw-2"), Number(1, 2)), Of(other, Stamp(1), [Number(1, 3)]));
        Assert.Equal((4, 0), (report.Stored, report.Repeated));
        Assert.Equal(3, (await Store.ProgressAsync(TenantId.Main, null, Cancel)).Count);
        Assert.Equal(2, (await Store.ProgressAsync(TenantId.Main, "gw-hq", Cancel)).Count);
        Assert.Single(await Store.ProgressAsync(other, null, Cancel));
    }

    [Fact]
    public async Task Numbers_that_carried_nothing_count_as_seen()
    {
        var write = new TelemetryWrite { Tenant = TenantId.Main, Seen = [Stamp(1), Stamp(2), Stamp(4)] };
        await Commit(write);
        Assert.Equal(1, (await Commit(Of(Stamp(4), Number(1, 0)))).Repeated);
        Assert.Equal(1, (await Commit(Of(Stamp(3), Number(1, 0)))).Stored);
        Assert.Equal([(1, 4)], Assert.Single(await Store.ProgressAsync(TenantId.Main, "gw-hq", Cancel)).Seen);
    }

    [Fact]
    public async Task A_reading_sent_again_is_read_once_and_the_last_value_stands()
    {
        await Commit(Of(Number(1, 0), Number(2, 1), Number(3, 2)));
        await Commit(Of(Number(20, 1)));
        await Commit(Of(Number(21, 1), Number(22, 1)));
        Assert.Equal([Number(1, 0), Number(22, 1), Number(3, 2)], await Read());
        Assert.Equal(3, await Store.CountAsync(TenantId.Main, null, Cancel));
        Assert.Equal(3, await Store.CountAsync(TenantId.Main, Room, Cancel));
        await ReopenAsync();
        await Commit(Of(Number(23, 1)));
        Assert.Equal(Number(23, 1), (await Read())[1]);
        Assert.Equal(3, (await Store.TotalsAsync(TenantId.Main, Cancel)).Readings);
    }

    [Fact]
    public async Task Rows_in_any_order_count_and_read_as_a_naive_store_does()
    {
        var random = new Random(42);
        var naive = new SortedDictionary<(long Time, string Device, string Metric), Reading>();
        for (var commit = 0; commit < 40; commit++)
        {
            var readings = Enumerable.Range(0, random.Next(1, 50)).Select(_ => Number(
                random.Next(1000), random.Next(commit, commit + 40), random.Next(2) == 0 ? Room : Hall, random.Next(2) == 0 ? Temperature : Humidity)).ToArray();
            foreach (var r in readings)
                naive[(r.Time, r.Device.Value, r.Metric.Value)] = r;
            await Commit(Of(readings));
        }
        Assert.Equal(naive.Values, await Read(new ReadingRange { Limit = 10_000 }));
        Assert.Equal(naive.Count, await Store.CountAsync(TenantId.Main, null, Cancel));
        Assert.Equal(naive.Values.Count(r => r.Device == Room), await Store.CountAsync(TenantId.Main, Room, Cancel));
        var latest = naive.Values.GroupBy(r => (r.Device.Value, r.Metric.Value)).OrderBy(g => g.Key).Select(g => g.Last());
        Assert.Equal(latest, await Store.LatestAsync(TenantId.Main, [], Cancel));
    }

    [Fact]
    public async Task Readings_without_a_time_get_strictly_increasing_arrival_times_per_device()
    {
        var write = Of(Enumerable.Range(0, 5).Select(i => Untimed(i)));
        await Commit(write, Of(Untimed(5), Untimed(6, Hall)));
        var times = write.Readings!.Times.ToArray();
        Assert.Equal([At(0), At(0) + 1, At(0) + 2, At(0) + 3, At(0) + 4], times);
        Assert.Equal(6, (await Read(new ReadingRange { Devices = [Room] })).Count);
        Assert.Equal(At(0), Assert.Single(await Read(new ReadingRange { Devices = [Hall] })).Time);
    }

    [Fact]
    public async Task Arrival_times_increase_across_a_restart_and_a_clock_that_went_back()
    {
        await Commit(Of(Untimed(1), Untimed(2)));
        await ReopenAsync();
        Time.AdjustTime(Time.GetUtcNow() - TimeSpan.FromHours(1));
        await Commit(Of(Untimed(3)));
        Assert.Equal([1.0, 2, 3], (await Read()).Select(r => r.Value.Number));
    }

    [Fact]
    public async Task A_tenant_never_sees_another()
    {
        var other = TenantId.Parse("other");
        await Commit(Of(Number(1, 0)), Of(other, null, [Number(2, 0), Number(3, 1)]), new TelemetryWrite
        {
            Tenant = other,
            Windows = [new(Window(0, 0, 5), null)],
            Events = [new(new Strata.Core.Dataflow.FleetEvent(At(0), "device.silent", Room, null, "quiet"), null)],
            Gaps = [new(new Strata.Core.Dataflow.GapRecord("gw", "a", 1, 2, 3, null, null, "missing"), null)],
        });
        Assert.Equal([Number(1, 0)], await Read());
        Assert.Equal([Number(1, 0)], await Store.LatestAsync(TenantId.Main, [], Cancel));
        Assert.Equal(new StoreTotals(1, 0, 0, 0, 0), await Store.TotalsAsync(TenantId.Main, Cancel));
        Assert.Equal(new StoreTotals(2, 6, 1, 1, 3), await Store.TotalsAsync(other, Cancel));
        Assert.Empty(await Store.WindowsAsync(TenantId.Main, new WindowRange(null, null, long.MinValue, long.MaxValue, null, 10), Cancel));
        Assert.Empty(await Store.EventsAsync(TenantId.Main, new EventRange(null, null, null, 10), Cancel));
        Assert.Empty(await Store.GapsAsync(TenantId.Main, null, null, 10, Cancel));
        Assert.Single((await Store.CommittedAfterAsync(TenantId.Main, 0, 100, Cancel)).Readings);
        Assert.Equal(0, await Store.CountAsync(TenantId.Parse("nobody"), null, Cancel));
    }

    [Fact]
    public async Task A_malformed_write_is_refused_before_anything_is_stored()
    {
        var bad = Of(new Reading(default, Temperature, At(0), ReadingValue.OfNumber(1)));
        await Assert.ThrowsAsync<ArgumentException>(() => Commit(Of(Number(1, 0)), bad));
        Assert.Empty(await Read());
        Assert.True(Store.Health.CanCommit);
        Assert.Equal(1, (await Commit(Of(Number(1, 0)))).Stored);
    }

    [Fact]
    public async Task A_commit_of_nothing_is_a_probe()
    {
        await Commit();
        Assert.True(Store.Health.CanCommit, Store.Health.Detail);
        Assert.Empty(await Read());
    }
}
