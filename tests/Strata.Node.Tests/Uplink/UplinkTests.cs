using System.Net;
using System.Net.Http.Json;
using System.Text;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Tests.Support;
using Strata.Node.Uplink;

namespace Strata.Node.Tests.Uplink;

public sealed class UplinkTests
{
    private const long T0 = 1_673_924_800_000;

    [Fact]
    public async Task The_answer_follows_the_commit_and_acknowledges_the_numbers()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);
        node.Store.Hold();

        var posted = PostAsync(gateway, 1, Readings(1), Readings(2), Readings(4));
        await node.Store.Entered;
        var early = posted.IsCompleted;
        node.Store.Release();
        var answer = await posted;

        Assert.False(early, "answered before the commit had ended");
        Assert.Equal([[1, 2], [4, 4]], answer.Acknowledged);
        Assert.Empty(answer.Rejected);
        Assert.Equal([1.0, 2, 4], node.Store.Readings.Select(r => r.Value.Number));
        Assert.All(node.Store.Origins, o => Assert.Equal("gw", o.Gateway?.Value));
        Assert.Contains(("t-1", "gw", true), node.Activity.HeardFrom);
    }

    [Fact]
    public async Task Entries_sent_again_are_acknowledged_and_stored_once()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);

        await PostAsync(gateway, 1, Readings(1), Window(2, site: true), Event(3));
        var again = await PostAsync(gateway, 1, Readings(1), Window(2, site: true), Event(3), Readings(4));

        Assert.Equal([[1, 4]], again.Acknowledged);
        Assert.Equal(2, node.Store.Readings.Count);
        Assert.Single(node.Store.Windows);
        Assert.Single(node.Store.Events);
        Assert.Equal(2, node.Get<IngestCounters>().Duplicates);
        Assert.Equal((2L, 3L), (node.Get<IngestCounters>().Readings, node.Get<IngestCounters>().Records));
    }

    [Fact]
    public async Task A_failed_store_takes_nothing_and_the_same_entries_are_stored_when_it_is_back()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);
        node.Store.Failing = true;

        using var failed = await SendAsync(gateway, 1, Readings(1));
        node.Store.Failing = false;
        var deadline = TimeProvider.System.GetTimestamp();
        HttpStatusCode status;
        do
        {
            using var retried = await SendAsync(gateway, 1, Readings(1));
            status = retried.StatusCode;
        }
        while (status == HttpStatusCode.ServiceUnavailable && TimeProvider.System.GetElapsedTime(deadline) < TestNode.Patience);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.StatusCode);
        Assert.NotNull(failed.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Single(node.Store.Readings);
    }

    [Fact]
    public async Task Bad_entries_are_rejected_singly_acknowledged_and_noted_once()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);
        string[] lines = [Readings(1), """[2,"r",{"d":"t-1","t":1,"v":{"a":null}}]""", Readings(3, device: "t-404"), Readings(4, time: 5), Readings(5)];

        var answer = await PostAsync(gateway, 1, lines);
        await PostAsync(gateway, 1, lines);

        Assert.Equal([[1, 5]], answer.Acknowledged);
        Assert.Equal([2, 3, 4], answer.Rejected.Select(r => r.Number));
        Assert.Equal("unknown device t-404", answer.Rejected[1].Reason);
        Assert.Equal([1.0, 5], node.Store.Readings.Select(r => r.Value.Number));
        Assert.Equal(3, node.Rejected().Count);
        Assert.All(node.Rejected(), e => Assert.Equal((RejectionKind.Entry, "gw", 1L), (e.Kind, e.Subject, e.Count)));
    }

    [Fact]
    public async Task Numbers_below_the_lowest_that_never_came_become_a_gap_once()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);

        await PostAsync(gateway, 1, Readings(1), Readings(3));
        await PostAsync(gateway, 6, Readings(6), Gap(7, 4, 4));
        await PostAsync(gateway, 8, Readings(8));
        await PostAsync(gateway, 8, Readings(9));

        var missing = node.Store.Gaps.Where(g => g.Reason == "missing").Select(g => (g.Source, g.Stream, g.First, g.Last));
        Assert.Equal([("gw", "s1", 2L, 2L), ("gw", "s1", 5L, 5L)], missing);
        Assert.Equal(4, node.Store.Gaps.Single(g => g.Reason == "buffer-full").First);
    }

    [Fact]
    public async Task A_node_that_restarted_knows_from_its_store_what_it_has_and_what_is_lost()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);
        await PostAsync(gateway, 5, Readings(5));
        var receiver = node.Get<UplinkReceiver>();
        receiver.Forget(TenantId.Main, GatewayId.Parse("gw"));

        await PostAsync(gateway, 6, Readings(6));

        Assert.Equal([(1L, 4L)], node.Store.Gaps.Select(g => (g.First, g.Last)));
    }

    [Fact]
    public async Task A_failed_commit_of_a_gap_is_tried_with_the_next_request()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);
        node.Store.Failing = true;
        using var failed = await SendAsync(gateway, 3, Readings(3));
        node.Store.Failing = false;
        var deadline = TimeProvider.System.GetTimestamp();
        while (!node.Get<Strata.Telemetry.Ingest.IngestWriter>().CanCommit && TimeProvider.System.GetElapsedTime(deadline) < TestNode.Patience)
            await Task.Yield();

        await PostAsync(gateway, 3, Readings(3));

        Assert.Equal([(1L, 2L)], node.Store.Gaps.Select(g => (g.First, g.Last)));
    }

    [Fact]
    public async Task Live_and_backlog_at_once_are_each_stored_once_and_no_gap_is_invented()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => PostAsync(gateway, 1, [.. Enumerable.Range(1 + (i * 10), 15).Select(n => Readings(n))])));

        Assert.Equal(205, node.Store.Readings.Count);
        Assert.Empty(node.Store.Gaps);
    }

    [Fact]
    public async Task A_windows_place_is_known_from_before_or_from_the_configuration_else_it_is_rejected()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);

        var lost = await PostAsync(gateway, 1, Window(1, site: false));
        node.Configurations.Set(new GatewayConfiguration(1, "gw", "main", "hq", new Dictionary<string, string>(), [], [new GatewayGroup("floor-1", "hq/from-configuration", [], 300_000)]));
        await PostAsync(gateway, 1, Window(2, site: false));
        await PostAsync(gateway, 1, Window(3, site: true));
        await PostAsync(gateway, 1, Window(4, site: false));

        Assert.Equal(1, Assert.Single(lost.Rejected).Number);
        Assert.Equal(["hq/from-configuration", "hq/floor-1", "hq/floor-1"], node.Store.Windows.Select(w => w.Site.Value));
        Assert.All(node.Store.Windows, w => Assert.Equal("gw", w.Gateway.Value));
    }

    [Fact]
    public async Task What_comes_from_further_down_the_chain_keeps_its_gateway()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);

        await PostAsync(
            gateway, 1, Readings(1), Readings(2, gateway: "gw-b"), Readings(3),
            $$"""[4,"e",{"t":{{T0}},"k":"device.silent","d":"t-1","x":"quiet","g":"gw-b"}]""",
            """[5,"g",{"s":"gw-b","q":"b1","f":1,"l":9,"n":3,"x":"buffer-full"}]""",
            $$"""[6,"x",{"t":{{T0}},"d":"t-99","x":"unknown device","n":5,"g":"gw-b"}]""");

        Assert.Equal([(1.0, "gw"), (3.0, "gw"), (2.0, "gw-b")], node.Store.Origins.OrderBy(o => o.Gateway!.Value.Value).Select(o => (o.Reading.Value.Number, o.Gateway!.Value.Value)));
        Assert.Equal("gw-b", Assert.Single(node.Store.Events).Gateway?.Value);
        Assert.Equal(("gw-b", "b1"), (node.Store.Gaps.Single().Source, node.Store.Gaps.Single().Stream));
        var refused = Assert.Single(node.Rejected());
        Assert.Equal(("t-99", "gw-b", 5L), (refused.Subject, refused.Gateway?.Value, refused.Count));
        Assert.True(node.Get<HopLog>().TryGet(TenantId.Main, DeviceId.Parse("t-1"), MetricName.Parse("n"), out var hop));
        Assert.Equal("gw", hop.Gateway?.Value);
    }

    [Fact]
    public async Task The_latency_of_immediate_readings_is_measured_once()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);
        var sampled = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 1000;
        var line = $$"""[1,"r",{"d":"t-1","t":{{T0}},"i":{{sampled}},"v":{"alarm":true} }]""";

        await PostAsync(gateway, 1, line);
        await PostAsync(gateway, 1, line);

        var latency = node.Get<IngestCounters>().ImmediateLatency.Snapshot();
        Assert.Equal(1, latency.Count);
        Assert.InRange(latency.P50!.Value, 900, 21_000);
        Assert.True(node.Get<HopLog>().TryGet(TenantId.Main, DeviceId.Parse("t-1"), MetricName.Parse("alarm"), out var hop));
        Assert.Equal((true, 1L), (hop.Immediate, hop.Stamp!.Value.Number));
    }

    [Theory]
    [InlineData("gw-2", "/api/v1/gateways/gw/uplink?stream=s1&lowest=1", HttpStatusCode.Forbidden)]
    [InlineData("gw", "/api/v1/gateways/gw/uplink?stream=s%201&lowest=1", HttpStatusCode.BadRequest)]
    [InlineData("gw", "/api/v1/gateways/gw/uplink?stream=s1&lowest=0", HttpStatusCode.BadRequest)]
    [InlineData("t-1", "/api/v1/gateways/gw/uplink?stream=s1&lowest=1", HttpStatusCode.Forbidden)]
    public async Task Others_and_malformed_requests_are_refused(string caller, string path, HttpStatusCode expected)
    {
        await using var node = await TestNode.StartAsync();
        var secrets = new Dictionary<string, string> { ["gw"] = node.AddGateway("gw"), ["gw-2"] = node.AddGateway("gw-2"), ["t-1"] = node.AddDevice("t-1") };
        using var client = node.Client(caller, secrets[caller]);

        using var answer = await client.PostAsync(path, Lines(Readings(1)));

        Assert.Equal(expected, answer.StatusCode);
        Assert.Empty(node.Store.Readings);
    }

    [Fact]
    public async Task Limits_on_body_lines_and_entries_hold_and_nothing_is_stored_beyond_them()
    {
        await using var node = await TestNode.StartAsync(uplink: o => (o.MaxRequestBytes, o.MaxLineBytes, o.MaxEntries) = (65_536, 1024, 5));
        using var gateway = Gateway(node);

        using var many = await SendAsync(gateway, 1, [.. Enumerable.Range(1, 6).Select(n => Readings(n))]);
        using var wide = await SendAsync(gateway, 1, $$"""[1,"r",{"d":"t-1","t":{{T0}},"v":{"a":"{{new string('x', 1100)}}"} }]""");
        using var broken = await SendAsync(gateway, 1, Readings(1), "nonsense");
        using var long1 = await SendAsync(gateway, 1, new string(' ', 70_000));

        Assert.Equal(
            (HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.RequestEntityTooLarge),
            (many.StatusCode, wide.StatusCode, broken.StatusCode, long1.StatusCode));
        Assert.Contains("line 2", await broken.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(node.Store.Readings);
    }

    [Fact]
    public async Task A_gateways_status_is_kept()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);
        var books = new ProcessBooks("fog", "gw", new FlowInfo(1, 2, 3, 4, 5, 6), 0, 0, 0, 7, 0, 0, 0, true, 8, 9, DateTimeOffset.UnixEpoch);
        var status = new GatewayStatus(books, [], null, "0.1.0", new LatencyInfo(null, null, null, 0));

        using var answer = await gateway.PostAsJsonAsync("/api/v1/gateways/gw/status", status, ContractsJson.Default.GatewayStatus);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.True(node.Get<GatewayStatusBoard>().TryGet(TenantId.Main, GatewayId.Parse("gw"), out var report));
        Assert.Equal(books, report.Status.Books);
    }

    [Fact]
    public async Task Live_subscribers_get_readings_and_windows_that_a_gateway_handed_over_once()
    {
        await using var node = await TestNode.StartAsync();
        using var gateway = Gateway(node);
        await using var app = await MqttTestClient.ConnectAsync(node, "app", node.Admin.Value);
        await app.SubscribeAsync("devices/#");
        await app.SubscribeAsync("sites/#");

        await PostAsync(gateway, 1, Readings(1), Window(2, site: true));
        await PostAsync(gateway, 1, Readings(1), Window(2, site: true), Readings(3));
        var topics = new[] { (await app.NextAsync()).Topic, (await app.NextAsync()).Topic, (await app.NextAsync()).Topic };

        Assert.Equal(["devices/t-1/telemetry", "devices/t-1/telemetry", "sites/hq/floor-1/windows"], topics.Order());
    }

    /// <summary>The real store, and the whole node restarted between the requests.</summary>
    [Fact]
    public async Task Entries_and_gaps_are_stored_once_over_a_restart()
    {
        var database = Directory.CreateTempSubdirectory("strata-uplink-").FullName;
        for (var start = 0; start < 2; start++)
        {
            await using var node = await TestNode.StartAsync(database: database);
            using var gateway = Gateway(node);
            await PostAsync(gateway, 3, Readings(3), Window(4, site: true), Event(5));
            await PostAsync(gateway, 3, Readings(3), Window(4, site: true), Event(5));
            var store = node.Get<Strata.Telemetry.ITelemetryStore>();

            Assert.Equal(1, await store.CountAsync(TenantId.Main, null, CancellationToken.None));
            Assert.Single(await store.WindowsAsync(TenantId.Main, new(null, null, long.MinValue, long.MaxValue, null, 10), CancellationToken.None));
            Assert.Single(await store.EventsAsync(TenantId.Main, new(null, null, null, 10), CancellationToken.None));
            var gap = Assert.Single(await store.GapsAsync(TenantId.Main, null, null, 10, CancellationToken.None)).Gap;
            Assert.Equal((1L, 2L, "missing"), (gap.First, gap.Last, gap.Reason));
            Assert.Equal(start == 0 ? 2 : 4, node.Get<IngestCounters>().Duplicates); // Of readings and windows.
        }
        Directory.Delete(database, recursive: true);
    }

    private static HttpClient Gateway(TestNode node)
    {
        node.AddDevice("t-1");
        return node.Client("gw", node.AddGateway("gw"));
    }

    private static string Readings(long number, string device = "t-1", long time = T0, string? gateway = null) =>
        $$$"""[{{{number}}},"r",{"d":"{{{device}}}","t":{{{time + number}}},"v":{"n":{{{number}}}}{{{(gateway is null ? "" : $",\"g\":\"{gateway}\"")}}}}]""";

    private static string Window(long number, bool site) =>
        $$"""[{{number}},"w",{"g":"floor-1"{{(site ? ",\"s\":\"hq/floor-1\"" : "")}},"t":{{T0 + (number * 300_000)}},"n":[300000,0,1,1],"m":{"n":[1,2,2,2,0,2]} }]""";

    private static string Event(long number) => $$"""[{{number}},"e",{"t":{{T0}},"k":"device.silent","d":"t-1","x":"quiet"}]""";

    private static string Gap(long number, long first, long last) => $$"""[{{number}},"g",{"f":{{first}},"l":{{last}},"n":2,"x":"buffer-full"}]""";

    private static StringContent Lines(params string[] lines) => new(string.Join('\n', lines), Encoding.UTF8, "application/x-ndjson");

    private static Task<HttpResponseMessage> SendAsync(HttpClient gateway, long lowest, params string[] lines) =>
        gateway.PostAsync($"/api/v1/gateways/gw/uplink?stream=s1&lowest={lowest}&live=1", Lines(lines));

    private static async Task<UplinkAnswer> PostAsync(HttpClient gateway, long lowest, params string[] lines)
    {
        using var answer = await SendAsync(gateway, lowest, lines);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.UplinkAnswer))!;
    }
}
