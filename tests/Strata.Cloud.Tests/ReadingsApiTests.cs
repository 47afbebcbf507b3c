using System.Net;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Cloud.Tests;

/// <summary>The read API over HTTP, with the real store.</summary>
public abstract class ReadingsApiTests(RunningCloud cloud)
{
    private const long Start = 1_700_000_000_000_000;
    private const long Second = 1_000_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Readings_come_back_as_they_were_stored_page_by_page()
    {
        await cloud.CommitAsync("pages", [.. Enumerable.Range(0, 25).Select(i => ("temperature", Start + (i * Second), ReadingValue.OfNumber(i)))]);
        var query = new ReadingsQuery { Devices = ["pages"], Limit = 10 };
        var values = new List<double>();
        var pages = 0;
        do
        {
            var page = await cloud.Client.ListReadingsAsync(query, Cancelled);
            values.AddRange(page.Items.Select(r => r.Value.GetDouble()));
            query = query with { Cursor = page.Next };
            if (++pages == 1)
                await cloud.CommitAsync("pages", ("temperature", Start - Second, ReadingValue.OfNumber(-1))); // Before the cursor: pages stay as they are.
        }
        while (query.Cursor is not null && pages < 10);
        Assert.Equal(3, pages);
        Assert.Equal(Enumerable.Range(0, 25).Select(i => (double)i), values);
        Assert.Equal(26, (await cloud.Client.CountReadingsAsync("pages", Cancelled)).Count);
    }

    [Fact]
    public async Task Values_keep_their_kind_and_times_their_microseconds()
    {
        await cloud.CommitAsync("kinds", ("a", Start + 1, ReadingValue.OfNumber(-0.5)), ("b", Start + 2, ReadingValue.OfBoolean(true)), ("c", Start + 3, ReadingValue.OfText("ok,\"go\"")));
        var page = await cloud.Client.ListReadingsAsync(new ReadingsQuery { Devices = ["kinds"] }, Cancelled);
        Assert.Equal(["-0.5", "true", "\"ok,\\u0022go\\u0022\""], page.Items.Select(i => JsonSerializer.Serialize(i.Value)));
        Assert.Equal([Start + 1, Start + 2, Start + 3], page.Items.Select(i => EventTime.From(i.Time)));
        var (csv, next) = await cloud.Client.ListReadingsCsvAsync(new ReadingsQuery { Devices = ["kinds"] }, Cancelled);
        Assert.Equal(
            "time,device,metric,value\n2023-11-14T22:13:20.000001Z,kinds,a,-0.5\n2023-11-14T22:13:20.000002Z,kinds,b,true\n2023-11-14T22:13:20.000003Z,kinds,c,\"ok,\"\"go\"\"\"\n",
            csv);
        Assert.Null(next);
    }

    [Fact]
    public async Task Buckets_have_the_functions_in_the_order_asked()
    {
        long minute = 60 * Second, start = Start / minute * minute;
        await cloud.CommitAsync("buckets", ("t", start, ReadingValue.OfNumber(1)), ("t", start + Second, ReadingValue.OfNumber(3)), ("t", start + minute, ReadingValue.OfNumber(7)));
        var query = new ReadingsQuery { Devices = ["buckets"], Every = "1m", Aggregate = "max,avg,count,last" };
        var page = await cloud.Client.AggregateReadingsAsync(query, Cancelled);
        Assert.Equal([[3, 2, 2, 3], [7, 7, 1, 7]], page.Items.Select(i => i.Values));
        Assert.Equal([start, start + minute], page.Items.Select(i => EventTime.From(i.Time)));
        var (csv, _) = await cloud.Client.ListReadingsCsvAsync(query with { Limit = 1 }, Cancelled);
        Assert.Equal("time,device,metric,max,avg,count,last\n2023-11-14T22:13:00Z,buckets,t,3,2,2,3\n", csv);
        var first = await cloud.Client.AggregateReadingsAsync(query with { Limit = 1 }, Cancelled);
        var second = await cloud.Client.AggregateReadingsAsync(query with { Cursor = first.Next }, Cancelled);
        Assert.Equal([7, 7, 1, 7], Assert.Single(second.Items).Values);
    }

    [Theory]
    [InlineData("/api/v1/readings?from=yesterday", "from", "ISO 8601")]
    [InlineData("/api/v1/readings?limit=0", "limit", "1 to 10000")]
    [InlineData("/api/v1/readings?every=soon&aggregate=avg", "every", "30s, 5m, 1h, 1d")]
    [InlineData("/api/v1/readings?every=5m&aggregate=median", "aggregate", "avg, min, max")]
    [InlineData("/api/v1/readings?cursor=abc", "cursor", "next")]
    [InlineData("/api/v1/readings?metrics=temperature", "metrics", "accepted are device, metric")]
    [InlineData("/api/v1/readings/count?device=%20", "device", "device ids")]
    [InlineData("/api/v1/windows?site=a//b", "site", "path")]
    [InlineData("/api/v1/latest?limit=x", "limit", "whole number")]
    [InlineData("/api/v1/events?cursor=%21", "cursor", "next")]
    [InlineData("/api/v1/gaps?gateway=%21", "gateway", "id")]
    [InlineData("/api/v1/live?site=%21", "site", "path")]
    [InlineData("/api/v1/traces/%21/m", "device", "device ids")]
    public async Task A_wrong_parameter_is_named_with_what_is_accepted(string path, string field, string accepted)
    {
        using var response = await cloud.Http.GetAsync(path, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(field, problem.RootElement.GetProperty("field").GetString());
        Assert.Contains(accepted, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/readings")]
    [InlineData("/api/v1/live")]
    [InlineData("/api/v1/statistics")]
    [InlineData("/api/v1/health")]
    public async Task Without_a_token_nothing_is_told(string path)
    {
        using var stranger = cloud.NewClient();
        using var response = await stranger.GetAsync(path, Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Latest_values_come_from_memory_with_their_age()
    {
        cloud.Know("fresh", "hq/latest");
        var now = EventTime.From(TimeProvider.System.GetUtcNow());
        await cloud.CommitAsync("fresh", ("t", now - (2 * Second), ReadingValue.OfNumber(1)), ("t", now - Second, ReadingValue.OfNumber(2)));
        await cloud.Client.ListLatestAsync("fresh", cancellationToken: Cancelled); // Fetches what is older from the store.
        var item = Assert.Single((await cloud.Client.ListLatestAsync(site: "hq/latest", cancellationToken: Cancelled)).Items);
        Assert.Equal(("fresh", "t", 2.0, "memory"), (item.Device, item.Metric, item.Value.GetDouble(), item.Via));
        Assert.InRange(item.AgeMs, 1000, 60_000);
    }

    [Fact]
    public async Task Windows_of_a_place_include_those_below_and_stand_at_their_highest_revision()
    {
        await cloud.CommitAsync(new TelemetryWrite
        {
            Tenant = TenantId.Main,
            Windows = [Window("g-east", "w/floor/east", 0, 20), Window("g-east", "w/floor/east", 1, 21), Window("g-other", "w/other", 0, 5)],
        });
        var page = await cloud.Client.ListWindowsAsync(site: "w/floor", cancellationToken: Cancelled);
        var window = Assert.Single(page.Items);
        Assert.Equal(("g-east", 1, 21.0), (window.Group, window.Revision, window.Metrics["temperature"].Mean));
        Assert.Equal(2, (await cloud.Client.ListWindowsAsync(site: "w", cancellationToken: Cancelled)).Items.Count);
    }

    [Fact]
    public async Task Events_and_gaps_are_listed_newest_first()
    {
        var device = DeviceId.Parse("eventful");
        await cloud.CommitAsync(new TelemetryWrite
        {
            Tenant = TenantId.Main,
            Events = [.. Enumerable.Range(0, 3).Select(i => new Stamped<FleetEvent>(new FleetEvent(Start + i, FleetEventKinds.DeviceSilent, device, null, $"{i}"), null))],
            Gaps = [new Stamped<GapRecord>(new GapRecord("gw-gap", "s", 5, 9, 40, Start, Start + 1, "buffer-full"), null)],
        });
        var first = await cloud.Client.ListEventsAsync("eventful", limit: 2, cancellationToken: Cancelled);
        var rest = await cloud.Client.ListEventsAsync("eventful", cursor: first.Next, cancellationToken: Cancelled);
        Assert.Equal(["2", "1", "0"], first.Items.Concat(rest.Items).Select(e => e.Detail));
        var gap = Assert.Single((await cloud.Client.ListGapsAsync("gw-gap", cancellationToken: Cancelled)).Items);
        Assert.Equal((5L, 9L, 40L, "buffer-full"), (gap.First, gap.Last, gap.Readings, gap.Reason));
    }

    [Fact]
    public async Task A_live_client_sees_a_reading_when_it_is_committed()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        deadline.CancelAfter(TimeSpan.FromSeconds(10));
        await using var live = cloud.Client.LiveAsync("live-1", cancellationToken: deadline.Token).GetAsyncEnumerator(deadline.Token);
        var next = live.MoveNextAsync();
        // The first item shows that the subscription stands; until then what is committed may come before it.
        for (var i = 0; !next.IsCompleted; i++)
        {
            await cloud.CommitAsync("live-1", ("t", Start + i, ReadingValue.OfNumber(i)));
            await cloud.CommitAsync("live-2", ("t", Start + i, ReadingValue.OfNumber(i)));
        }
        Assert.True(await next, "the live feed ended");
        Assert.Equal(("reading", "live-1"), (live.Current.Type, live.Current.Reading?.Device));
    }

    private static Stamped<WindowRecord> Window(string group, string site, int revision, double mean) => new(
        new WindowRecord(
            group, SiteId.Parse(site), GatewayId.Parse("gw"), Start, 300 * Second, revision, 1, 1,
            [new WindowMetric(MetricName.Parse("temperature"), 5, mean, 18, 24, 0.5, 22)]), null);
}
