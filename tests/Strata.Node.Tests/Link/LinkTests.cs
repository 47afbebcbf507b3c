using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Tests.Support;

namespace Strata.Node.Tests.Link;

public sealed class LinkTests
{
    [Fact]
    public async Task The_configuration_comes_first_then_each_change_as_one_and_what_cannot_be_said_so_as_a_whole()
    {
        await using var node = await TestNode.StartAsync();
        node.Configurations.Set(Configuration(1));
        await using var link = await OpenedLink.OpenAsync(node, "gw", node.AddGateway("gw"));

        var first = await link.NextAsync();
        node.Configurations.Set(Configuration(2), new GatewayChange(1, 2, [new GatewayDevice("t-2", "hq", "aGFzaA==", 300_000, true)], ["t-1"], null, null));
        var second = await link.NextAsync();
        node.Configurations.Set(Configuration(5));
        var third = await link.NextAsync();

        Assert.Equal(("configuration", 1L), (first.Name, JsonSerializer.Deserialize(first.Data, ContractsJson.Default.GatewayConfiguration)!.Version));
        Assert.Equal("change", second.Name);
        Assert.Equal(["t-1"], JsonSerializer.Deserialize(second.Data, ContractsJson.Default.GatewayChange)!.Removed);
        Assert.Equal(("configuration", 5L), (third.Name, JsonSerializer.Deserialize(third.Data, ContractsJson.Default.GatewayConfiguration)!.Version));
    }

    [Fact]
    public async Task A_gateway_that_has_the_current_version_gets_no_configuration()
    {
        await using var node = await TestNode.StartAsync();
        node.Configurations.Set(Configuration(7));
        await using var link = await OpenedLink.OpenAsync(node, "gw", node.AddGateway("gw"), version: 7);

        Assert.Equal("ping", (await link.NextAsync()).Name);
    }

    [Fact]
    public async Task Pings_come_in_their_interval()
    {
        await using var node = await TestNode.StartAsync(link: o => o.PingInterval = TimeSpan.FromSeconds(1));
        node.Configurations.Set(Configuration(7));
        await using var link = await OpenedLink.OpenAsync(node, "gw", node.AddGateway("gw"), version: 7);
        await link.NextAsync();

        var names = new[] { (await link.NextAsync()).Name, (await link.NextAsync()).Name };

        Assert.Contains("ping", names);
    }

    [Fact]
    public async Task A_request_reaches_the_gateway_and_its_answer_the_asker()
    {
        await using var node = await TestNode.StartAsync();
        node.Configurations.Set(Configuration(1));
        await using var link = await OpenedLink.OpenAsync(node, "gw", node.AddGateway("gw"));
        await link.NextAsync();

        var asked = node.Hub.AskAsync(TenantId.Main, GatewayId.Parse("gw"), "/api/v1/latest?device=t-1", CancellationToken.None).AsTask();
        var path = await link.AnswerAsync(404, """{"detail":"no"}""");
        var reply = await asked;

        Assert.Equal("/api/v1/latest?device=t-1", path);
        Assert.True(reply.IsOk);
        Assert.Equal((404, """{"detail":"no"}"""), (reply.Value.Status, Encoding.UTF8.GetString(reply.Value.Body.Span)));
        Assert.NotNull(node.Hub.StateOf(TenantId.Main, GatewayId.Parse("gw"))!.RoundTrip);
    }

    [Fact]
    public async Task Who_does_not_answer_in_time_is_offline_or_unknown_is_a_problem()
    {
        await using var node = await TestNode.StartAsync(link: o => o.AnswerTimeout = TimeSpan.FromMilliseconds(100));
        node.Configurations.Set(Configuration(1));
        await using var link = await OpenedLink.OpenAsync(node, "gw", node.AddGateway("gw"));
        node.AddGateway("away");

        var silent = await AskAsync(node, "gw", "/api/v1/latest");
        var offline = await AskAsync(node, "away", "/api/v1/latest");
        var unknown = await AskAsync(node, "nobody", "/api/v1/latest");
        var outside = await AskAsync(node, "gw", "/login");

        Assert.Equal(
            (ProblemKind.Unavailable, ProblemKind.Unavailable, ProblemKind.NotFound, ProblemKind.Invalid),
            (silent.Problem!.Kind, offline.Problem!.Kind, unknown.Problem!.Kind, outside.Problem!.Kind));
        Assert.Contains("did not answer", silent.Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outstanding_requests_are_bounded_and_fail_when_the_link_ends()
    {
        await using var node = await TestNode.StartAsync(link: o => o.MaxOutstanding = 2);
        node.Configurations.Set(Configuration(1));
        var link = await OpenedLink.OpenAsync(node, "gw", node.AddGateway("gw"));
        await link.NextAsync();

        var (one, two) = (AskAsync(node, "gw", "/api/v1/a"), AskAsync(node, "gw", "/api/v1/b"));
        var third = await AskAsync(node, "gw", "/api/v1/c");
        await link.DisposeAsync();

        Assert.Equal(ProblemKind.TooMuch, third.Problem!.Kind);
        Assert.Equal((ProblemKind.Unavailable, ProblemKind.Unavailable), ((await one).Problem!.Kind, (await two).Problem!.Kind));
    }

    [Fact]
    public async Task Up_and_down_are_told_and_a_newer_link_of_the_same_gateway_is_no_outage()
    {
        await using var node = await TestNode.StartAsync();
        node.Configurations.Set(Configuration(1));
        var secret = node.AddGateway("gw");
        var first = await OpenedLink.OpenAsync(node, "gw", secret);
        Assert.Equal("gw up", await node.Links.NextAsync());
        await first.NextAsync();
        var second = await OpenedLink.OpenAsync(node, "gw", secret);
        await second.NextAsync();

        Assert.True(await first.EndedAsync());
        Assert.True(node.Links.Nothing);
        await second.DisposeAsync();
        Assert.StartsWith("gw down", await node.Links.NextAsync(), StringComparison.Ordinal);
        Assert.False(node.Hub.IsUp(TenantId.Main, GatewayId.Parse("gw")));
        await first.DisposeAsync();
    }

    [Fact]
    public async Task A_gateway_from_which_nothing_comes_is_taken_for_dead()
    {
        await using var node = await TestNode.StartAsync(
            link: o => (o.PingInterval, o.ProbeInterval, o.DeadAfter) = (TimeSpan.FromMilliseconds(1000), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)));
        node.Configurations.Set(Configuration(1));
        await using var link = await OpenedLink.OpenAsync(node, "gw", node.AddGateway("gw"));
        Assert.Equal("gw up", await node.Links.NextAsync());

        Assert.StartsWith("gw down: nothing came", await node.Links.NextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_gateways_link_ends()
    {
        await using var node = await TestNode.StartAsync();
        node.Configurations.Set(Configuration(1));
        await using var link = await OpenedLink.OpenAsync(node, "gw", node.AddGateway("gw"));
        await link.NextAsync();

        node.AddGateway("gw");

        Assert.True(await link.EndedAsync());
    }

    [Fact]
    public async Task Another_gateways_link_and_answers_are_refused()
    {
        await using var node = await TestNode.StartAsync();
        node.AddGateway("gw");
        using var other = node.Client("gw-2", node.AddGateway("gw-2"));

        using var link = await other.GetAsync("/api/v1/gateways/gw/link");
        using var answer = await other.PostAsync("/api/v1/gateways/gw/link/responses/r1", null);

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (link.StatusCode, answer.StatusCode));
    }

    /// <summary>Two real nodes: the cloud asks <c>gw-b</c> through <c>gw-a</c>, of which it knows only from an uplink.</summary>
    [Fact]
    public async Task A_gateway_below_another_is_asked_down_the_chain()
    {
        await using var cloud = await TestNode.StartAsync();
        await using var fog = await TestNode.StartAsync();
        cloud.Configurations.Set(Configuration(1, "gw-a"));
        fog.Configurations.Set(Configuration(1, "gw-b"));
        var secret = cloud.AddGateway("gw-a");
        cloud.AddGateway("gw-b");
        cloud.AddDevice("t-1");
        await using var upper = await OpenedLink.OpenAsync(cloud, "gw-a", secret);
        await using var lower = await OpenedLink.OpenAsync(fog, "gw-b", fog.AddGateway("gw-b"));
        await upper.NextAsync();
        await lower.NextAsync();
        using var sender = cloud.Client("gw-a", secret);
        using var line = new StringContent("""[1,"r",{"d":"t-1","t":1673924800000,"g":"gw-b","v":{"n":1}}]""", Encoding.UTF8, "application/x-ndjson");
        using var sent = await sender.PostAsync("/api/v1/gateways/gw-a/uplink?stream=s&lowest=1", line);
        using var admin = cloud.Client(token: cloud.Admin.Value);
        using var own = fog.Client(token: fog.Admin.Value);

        var asked = admin.GetAsync("/api/v1/gateways/gw-b/api/v1/latest?device=t-1");
        var passing = upper.RelayAsync(own);
        var path = await lower.AnswerAsync(200, """{"items":[]}""");
        await passing;
        using var reply = await asked;

        Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        Assert.Equal("/api/v1/latest?device=t-1", path);
        Assert.Equal("""{"items":[]}""", await reply.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Links_do_not_hold_the_stop()
    {
        var node = await TestNode.StartAsync();
        node.Configurations.Set(Configuration(1));
        await using var link = await OpenedLink.OpenAsync(node, "gw", node.AddGateway("gw"));
        await link.NextAsync();

        await node.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(4));
    }

    private static Task<Outcome<Strata.Node.Reads.GatewayReply>> AskAsync(TestNode node, string gateway, string path) =>
        node.Hub.AskAsync(TenantId.Main, GatewayId.Parse(gateway), path, CancellationToken.None).AsTask();

    private static GatewayConfiguration Configuration(long version, string gateway = "gw") =>
        new(version, gateway, "main", "hq", new Dictionary<string, string> { ["*"] = "raw" }, [], []);

    /// <summary>The gateway's end of a link.</summary>
    private sealed class OpenedLink : IAsyncDisposable
    {
        private readonly HttpClient client;
        private readonly string gateway;
        private readonly HttpResponseMessage response;
        private readonly IAsyncEnumerator<SseItem<string>> events;

        private OpenedLink(HttpClient client, string gateway, HttpResponseMessage response, Stream stream)
        {
            (this.client, this.gateway, this.response) = (client, gateway, response);
            events = SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator();
        }

        public static async Task<OpenedLink> OpenAsync(TestNode node, string gateway, string secret, long? version = null)
        {
            var client = node.Client(gateway, secret);
            var response = await client.GetAsync($"/api/v1/gateways/{gateway}/link?version={version}", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            return new OpenedLink(client, gateway, response, await response.Content.ReadAsStreamAsync());
        }

        public async Task<(string Name, string Data)> NextAsync()
        {
            Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(TestNode.Patience), "the link ended");
            return (events.Current.EventType, events.Current.Data);
        }

        /// <summary>Answers the next request; returns its path.</summary>
        public async Task<string> AnswerAsync(int status, string body)
        {
            var request = await RequestAsync();
            await RespondAsync(request.Id, status, body);
            return request.Path;
        }

        /// <summary>Answers the next request with what the node's own API says.</summary>
        public async Task RelayAsync(HttpClient own)
        {
            var request = await RequestAsync();
            using var answer = await own.GetAsync(request.Path);
            await RespondAsync(request.Id, (int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }

        /// <summary>True when the parent ends the link.</summary>
        public async Task<bool> EndedAsync()
        {
            try
            {
                while (await events.MoveNextAsync().AsTask().WaitAsync(TestNode.Patience))
                    ;
                return true;
            }
            catch (Exception broken) when (broken is IOException or HttpRequestException)
            {
                return true;
            }
        }

        public ValueTask DisposeAsync()
        {
            response.Dispose();
            client.Dispose();
            return ValueTask.CompletedTask;
        }

        private async Task<LinkRequest> RequestAsync()
        {
            while (true)
            {
                var (name, data) = await NextAsync();
                if (name == "request" && JsonSerializer.Deserialize(data, ContractsJson.Default.LinkRequest) is { } request && request.Path != "/api/v1/health")
                    return request;
            }
        }

        private async Task RespondAsync(string id, int status, string body)
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/gateways/{gateway}/link/responses/{id}") { Content = new StringContent(body) };
            message.Headers.Add("X-Status", status.ToString());
            using var taken = await client.SendAsync(message);
            Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
        }
    }
}
