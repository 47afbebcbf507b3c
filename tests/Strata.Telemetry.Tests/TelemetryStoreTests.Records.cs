using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using static Strata.Telemetry.Tests.Writes;

namespace Strata.Telemetry.Tests;

/// <summary>Windows, events, gaps, the feed, retention.</summary>
public abstract partial class TelemetryStoreTests
{
    private static readonly WindowRange AllWindows = new(null, null, long.MinValue, long.MaxValue, null, 100);

    [Fact]
    public async Task Totals_tell_health_figures_apart()
    {
        var report = MetricName.Parse("health.readingsIn");
        await Commit(Of(Number(1, 0), Number(100, 0, Room, report), Number(200, 1, Room, report)));
        await Commit(Of(Number(201, 1, Room, report)));
        Assert.Equal(new StoreTotals(3, 0, 0, 0, 0, Health: 2), await Store.TotalsAsync(TenantId.Main, Cancel));
    }

    [Fact]
    public async Task The_highest_revision_of_a_window_stands_whatever_the_order()
    {
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Windows = [new(Window(0, 1, 12), Stamp(2)), new(Window(300, 0, 4), Stamp(3))] });
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Windows = [new(Window(0, 0, 10), Stamp(1))] });
        var windows = await Store.WindowsAsync(TenantId.Main, AllWindows, Cancel);
        Assert.Equal([(At(0), 1), (At(300), 0)], windows.Select(w => (w.Start, w.Revision)));
        Assert.Equivalent(Window(0, 1, 12), windows[0], strict: true);
        Assert.Equal(Window(0, 1, 12).Metrics, windows[0].Metrics);
        Assert.Equal(new StoreTotals(0, 13 + 5, 2, 0, 0), await Store.TotalsAsync(TenantId.Main, Cancel));
    }

    [Fact]
    public async Task Windows_are_found_by_site_group_and_time_and_paged()
    {
        var windows = Enumerable.Range(0, 6).SelectMany(i => new[] { Window(i * 300, 0, 1), Window(i * 300, 0, 1, "floor-2", "hq/floor-2"), Window(i * 300, 0, 1, "annex", "hq2") });
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Windows = [.. windows.Select(w => new Stamped<WindowRecord>(w, null))] });
        Assert.Equal(12, (await Store.WindowsAsync(TenantId.Main, AllWindows with { Site = SiteId.Parse("hq") }, Cancel)).Count);
        Assert.Equal(6, (await Store.WindowsAsync(TenantId.Main, AllWindows with { Site = SiteId.Parse("hq"), Group = "floor-2" }, Cancel)).Count);
        Assert.Equal(3, (await Store.WindowsAsync(TenantId.Main, AllWindows with { From = At(300), To = At(600) }, Cancel)).Count);
        var paged = new List<(long, string)>();
        var range = AllWindows with { Limit = 4 };
        while (await Store.WindowsAsync(TenantId.Main, range, Cancel) is { Count: > 0 } page)
        {
            paged.AddRange(page.Select(w => (w.Start, w.Group)));
            range = range with { After = (page[^1].Start, page[^1].Group) };
        }
        Assert.Equal(windows.Select(w => (w.Start, w.Group)).Order(), paged);
    }

    [Fact]
    public async Task A_record_whose_number_was_seen_is_told_and_not_stored()
    {
        var window = Window(0, 0, 1);
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Windows = [new(window, Stamp(1))] });
        var again = Window(0, 0, 1);
        var report = await Commit(new TelemetryWrite { Tenant = TenantId.Main, Windows = [new(again, Stamp(1)), new(window, Stamp(2))] });
        Assert.Equal((1, 1), (report.Stored, report.Repeated));
        Assert.True(report.IsRepeated(again));
        Assert.False(report.IsRepeated(window));
    }

    [Fact]
    public async Task Events_come_newest_first_by_device_and_gateway()
    {
        var events = Enumerable.Range(0, 5).Select(i => new FleetEvent(At(i), FleetEventKinds.DeviceSilent, i % 2 == 0 ? Room : Hall, i < 3 ? Gateway : null, $"event {i}")).ToArray();
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Events = [.. events.Select(e => new Stamped<FleetEvent>(e, null))] });
        var page = await Store.EventsAsync(TenantId.Main, new EventRange(null, null, null, 2), Cancel);
        Assert.Equal([events[4], events[3]], page.Select(e => e.Event));
        page = await Store.EventsAsync(TenantId.Main, new EventRange(null, null, page[^1].Position, 10), Cancel);
        Assert.Equal([events[2], events[1], events[0]], page.Select(e => e.Event));
        Assert.Equal([events[4], events[2], events[0]], (await Store.EventsAsync(TenantId.Main, new EventRange(Room, null, null, 10), Cancel)).Select(e => e.Event));
        Assert.Equal([events[1]], (await Store.EventsAsync(TenantId.Main, new EventRange(Hall, Gateway, null, 10), Cancel)).Select(e => e.Event));
    }

    [Fact]
    public async Task A_gap_closes_its_numbers_and_is_recorded_once()
    {
        var gap = new GapRecord("gw-hq", "a", 5, 9, 40, At(0), null, "missing");
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Gaps = [new(gap, null)] });
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Gaps = [new(gap with { }, null)] });
        var stored = Assert.Single(await Store.GapsAsync(TenantId.Main, "gw-hq", null, 10, Cancel));
        Assert.Equal((gap, Time.GetUtcNow()), (stored.Gap, stored.Recorded));
        Assert.Equal([(5, 9)], Assert.Single(await Store.ProgressAsync(TenantId.Main, null, Cancel)).Seen);
        Assert.Equal(1, (await Commit(Of(Stamp(7), Number(1, 0)))).Repeated);
        Assert.Equal(new StoreTotals(0, 0, 0, 1, 40), await Store.TotalsAsync(TenantId.Main, Cancel));
        Assert.Empty(await Store.GapsAsync(TenantId.Main, "other", null, 10, Cancel));
        Assert.Empty(await Store.GapsAsync(TenantId.Main, null, stored.Position, 10, Cancel));
    }

    [Fact]
    public async Task The_feed_gives_whole_commits_in_order_with_their_origins()
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        batch.Add(Number(1, 0));
        batch.EndMessage();
        batch.BeginMessage();
        batch.Add(Number(2, 1));
        batch.Add(Number(3, 1, Hall));
        batch.EndMessage(null, new MessageOrigin(Immediate: true, Sampled: At(1)));
        var first = await Commit(new TelemetryWrite { Tenant = TenantId.Main, Readings = batch, Windows = [new(Window(0, 0, 1), null)] });
        var second = await Commit(new TelemetryWrite { Tenant = TenantId.Main, Readings = Of(Number(4, 0), Number(5, 2)).Readings, Gateway = Gateway });
        await Commit(new TelemetryWrite { Tenant = TenantId.Main, Events = [new(new FleetEvent(At(0), FleetEventKinds.GatewayGap, null, Gateway, "x"), null)] });

        var feed = await Store.CommittedAfterAsync(TenantId.Main, 0, 2, Cancel);
        Assert.Equal(first.Commit, feed.Last);
        Assert.Equal([1.0, 2, 3], feed.Readings.Select(r => r.Reading.Value.Number));
        Assert.Single(feed.Windows);
        Assert.Equal([1, 2], feed.Origins.Keys.Order());
        Assert.Equal(new MessageOrigin(true, At(1)), feed.Origins[2]);

        feed = await Store.CommittedAfterAsync(TenantId.Main, feed.Last, 100, Cancel);
        Assert.Equal([(second.Commit, 4.0), (second.Commit, 5.0)], feed.Readings.Select(r => (r.Commit, r.Reading.Value.Number)));
        Assert.Equal(Gateway, feed.Origins[1].Gateway);
        Assert.Single(feed.Events);
        Assert.Equal(feed.Last, (await Store.CommittedAfterAsync(TenantId.Main, feed.Last, 100, Cancel)).Last);
        await ReopenAsync();
        Assert.True((await Commit(Of(Number(9, 9)))).Commit > feed.Last);
    }

    [Fact]
    public async Task What_arrived_too_long_ago_goes_and_late_data_stays()
    {
        await Commit(Of(Number(1, 0)), new TelemetryWrite { Tenant = TenantId.Main, Windows = [new(Window(0, 0, 3), null)] });
        Time.Advance(TimeSpan.FromDays(20));
        var last = await Commit(Of(Number(2, -86400)));
        Time.Advance(TimeSpan.FromDays(20));
        var policy = new RetentionPolicy(TimeSpan.FromDays(30), TimeSpan.FromDays(365), null);
        Assert.Equal(1, await Store.RetainAsync(policy, Cancel));
        Assert.Equal([Number(2, -86400)], await Read());
        Assert.Single(await Store.WindowsAsync(TenantId.Main, AllWindows, Cancel));
        Time.Advance(TimeSpan.FromDays(400));
        Assert.Equal(2, await Store.RetainAsync(policy, Cancel));
        Assert.Equal(0, await Store.CountAsync(TenantId.Main, null, Cancel));
        Assert.Equal(new StoreTotals(2, 4, 1, 0, 0), await Store.TotalsAsync(TenantId.Main, Cancel));
        await ReopenAsync();
        Assert.True((await Commit(Of(Number(3, 5)))).Commit > last.Commit);
        Assert.Equal([Number(3, 5)], await Store.LatestAsync(TenantId.Main, [], Cancel));
    }

    [Fact]
    public async Task Totals_count_what_retention_dropped_once_and_across_reopening()
    {
        var other = TenantId.Parse("other");
        var report = MetricName.Parse("health.readingsIn");
        var gap = new GapRecord("gw-hq", "a", 5, 9, 40, null, null, "missing");
        await Commit(Of(Number(1, 0), Number(2, 1), Number(3, 1), Number(4, 2), Number(100, 0, Room, report)), Of(other, null, [Number(5, 0)]), new TelemetryWrite
        {
            Tenant = TenantId.Main,
            Windows = [new(Window(0, 0, 3), null), new(Window(0, 1, 5), null), new(Window(86_400 * 90, 0, 7), null)],
            Gaps = [new(gap, null)],
        });
        Time.Advance(TimeSpan.FromDays(20));
        // Written again, and so dropped with this commit, not with the first.
        await Commit(Of(Number(6, 2), Number(7, 3), Number(101, 0, Room, report)));
        var (main, others) = (new StoreTotals(5, 6 + 8, 2, 1, 40, Health: 1), new StoreTotals(1, 0, 0, 0, 0));

        var policy = new RetentionPolicy(TimeSpan.FromDays(30), TimeSpan.FromDays(60), null);
        foreach (var (days, held) in new (int, long)[] { (0, 5), (20, 3), (20, 0), (110, 0) })
        {
            Time.Advance(TimeSpan.FromDays(days));
            await Store.RetainAsync(policy, Cancel);
            Assert.Equal(held, await Store.CountAsync(TenantId.Main, null, Cancel));
            Assert.Equal(main, await Store.TotalsAsync(TenantId.Main, Cancel));
            Assert.Equal(others, await Store.TotalsAsync(other, Cancel));
            await ReopenAsync();
            Assert.Equal(main, await Store.TotalsAsync(TenantId.Main, Cancel));
        }
        Assert.Empty(await Store.WindowsAsync(TenantId.Main, AllWindows, Cancel));
        Assert.Empty(await Store.GapsAsync(TenantId.Main, null, null, 10, Cancel));
        await Commit(Of(Number(8, 86_400)));
        Assert.Equal(main with { Readings = 6 }, await Store.TotalsAsync(TenantId.Main, Cancel));
    }

    [Fact]
    public async Task A_tenant_may_keep_its_readings_for_less_time_than_others_and_the_totals_go_on()
    {
        var (brief, stranger) = (TenantId.Parse("brief"), TenantId.Parse("stranger"));
        await Commit(Of(Number(1, 0), Number(2, 1)), Of(brief, null, [Number(3, 0), Number(4, 1), Number(5, 2)]));
        Time.Advance(TimeSpan.FromDays(5));
        // The last of the first commit's is written again: it is a reading of now.
        await Commit(Of(brief, null, [Number(6, 2), Number(7, 3)]), Of(Number(8, 2)));
        Time.Advance(TimeSpan.FromDays(5));
        var policy = new RetentionPolicy(TimeSpan.FromDays(30), TimeSpan.FromDays(60), null)
        {
            RawOf = new Dictionary<TenantId, TimeSpan> { [brief] = TimeSpan.FromDays(7), [TenantId.Main] = TimeSpan.FromDays(400), [stranger] = TimeSpan.FromDays(1) },
        };
        for (var round = 0; round < 2; round++)
        {
            await Store.RetainAsync(policy, Cancel);
            Assert.Equal([6, 7], (await Store.ReadAsync(brief, new ReadingRange(), Cancel)).Select(r => r.Value.Number));
            Assert.Equal(2, await Store.CountAsync(brief, null, Cancel));
            Assert.Equal(4, (await Store.TotalsAsync(brief, Cancel)).Readings);
            Assert.Equal(3, await Store.CountAsync(TenantId.Main, null, Cancel));
            Assert.Equal(3, (await Read()).Count);
            await ReopenAsync();
        }
        Time.Advance(TimeSpan.FromDays(90));
        await Store.RetainAsync(policy, Cancel);
        Assert.Equal((0L, 0L), (await Store.CountAsync(brief, null, Cancel), await Store.CountAsync(TenantId.Main, null, Cancel)));
        Assert.Equal((4L, 3L), ((await Store.TotalsAsync(brief, Cancel)).Readings, (await Store.TotalsAsync(TenantId.Main, Cancel)).Readings));
    }

    [Fact]
    public async Task Beyond_the_size_the_oldest_readings_go()
    {
        var random = new Random(3);
        for (var commit = 0; commit < 40; commit++)
        {
            var start = commit * 20_000;
            await Commit(Of(Enumerable.Range(start, 20_000).Select(i => Number(random.NextDouble(), i))));
            // A store may drop by whole days.
            Time.Advance(TimeSpan.FromHours(12));
        }
        var all = await Store.CountAsync(TenantId.Main, null, Cancel);
        var dropped = await Store.RetainAsync(new RetentionPolicy(TimeSpan.FromDays(30), TimeSpan.FromDays(30), 4 << 20), Cancel);
        var left = await Read(new ReadingRange { Limit = 1 });
        Assert.InRange(dropped, 1, all - 1);
        Assert.Equal(all - dropped, await Store.CountAsync(TenantId.Main, null, Cancel));
        Assert.Equal(all, (await Store.TotalsAsync(TenantId.Main, Cancel)).Readings);
        Assert.Equal(At(dropped), left[0].Time);
    }
}
