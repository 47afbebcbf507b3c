using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Telemetry;

namespace Strata.Cloud.Tests.Access;

/// <summary>A car park's sensors, read by three applications: enforcement of its own, navigation of another organisation, and analytics.</summary>
public sealed class SharesTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private const long Start = 1_767_225_600_000_000; // 2026-01-01
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_application_reads_its_metrics_of_its_places_and_nothing_else()
    {
        var garage = await FillAsync("garage-1");
        await garage.CreateShareAsync(new CreateShare("navigation", ["occupied"], ["street"]), Cancelled);
        await garage.CreateShareAsync(new CreateShare("enforcement", ["occupied", "paid"]), Cancelled);
        var navigation = With((await garage.CreateShareTokenAsync("navigation", new CreateShareToken("maps"), cancellationToken: Cancelled)).Token);
        var enforcement = With((await garage.CreateShareTokenAsync("enforcement", new CreateShareToken("handhelds"), cancellationToken: Cancelled)).Token);

        Assert.Equal(["s-1 occupied"], await ReadAsync(navigation));
        Assert.Equal(["d-1 occupied", "d-1 paid", "s-1 occupied", "s-1 paid"], await ReadAsync(enforcement));
        Assert.Empty((await navigation.ListReadingsAsync(new ReadingsQuery { Metrics = ["battery"] }, Cancelled)).Items);
        Assert.Empty((await navigation.ListReadingsAsync(new ReadingsQuery { Devices = ["d-1"] }, Cancelled)).Items);
        Assert.Equal((1, 4), ((await navigation.CountReadingsAsync(cancellationToken: Cancelled)).Count, (await enforcement.CountReadingsAsync(cancellationToken: Cancelled)).Count));
        Assert.Equal(["s-1 occupied"], (await navigation.ListLatestAsync(cancellationToken: Cancelled)).Items.Select(l => $"{l.Device} {l.Metric}"));
        Assert.Empty((await navigation.ListLatestAsync("d-1", cancellationToken: Cancelled)).Items);
        var window = Assert.Single((await navigation.ListWindowsAsync(cancellationToken: Cancelled)).Items);
        Assert.Equal(["occupied"], window.Metrics.Keys);
        Assert.Equal(["occupied"], (await navigation.GetOwnShareAsync(Cancelled)).Metrics);
        await RefusedAsync(HttpStatusCode.NotFound, () => garage.GetOwnShareAsync(Cancelled));
    }

    [Fact]
    public async Task A_share_opens_no_route_that_does_not_know_shares()
    {
        var garage = await FillAsync("garage-2");
        await garage.CreateShareAsync(new CreateShare("all", ["occupied"]), Cancelled);
        var token = (await garage.CreateShareTokenAsync("all", new CreateShareToken("maps"), cancellationToken: Cancelled)).Token;
        var served = new List<string>();
        foreach (var endpoint in cloud.Node.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            if (endpoint.Metadata.GetMetadata<AccessDeclaration>()?.Kind != AccessKind.Permission || endpoint.RoutePattern.RawText == "/metrics")
                continue; // Metrics answer the machine itself.
            if (endpoint.Metadata.GetMetadata<SharesServed>() is not null)
            {
                served.Add(endpoint.RoutePattern.RawText!);
                continue;
            }
            var method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0] ?? "GET";
            using var client = cloud.NewClient();
            using var request = new HttpRequestMessage(new HttpMethod(method), "/" + System.Text.RegularExpressions.Regex.Replace(endpoint.RoutePattern.RawText!.Trim('/'), @"\{[^}]*\}", "x"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await client.SendAsync(request, Cancelled);
            Assert.True(response.StatusCode == HttpStatusCode.Forbidden, $"{method} {request.RequestUri}: {response.StatusCode}");
        }
        Assert.Equal(
            ["/api/v1/latest", "/api/v1/live", "/api/v1/readings", "/api/v1/readings/count", "/api/v1/shares/own", "/api/v1/windows"], served.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Live_readings_come_on_the_shares_topics_with_its_metrics_alone()
    {
        var garage = await FillAsync("garage-3");
        await garage.CreateShareAsync(new CreateShare("navigation", ["occupied"], ["street"]), Cancelled);
        await garage.CreateShareAsync(new CreateShare("other", ["paid"]), Cancelled);
        var token = await garage.CreateShareTokenAsync("navigation", new CreateShareToken("maps"), cancellationToken: Cancelled);
        using var client = new MqttClientFactory().CreateMqttClient();
        var heard = System.Threading.Channels.Channel.CreateUnbounded<string>();
        client.ApplicationMessageReceivedAsync += message =>
        {
            heard.Writer.TryWrite($"{message.ApplicationMessage.Topic} {Encoding.UTF8.GetString(message.ApplicationMessage.Payload)}");
            return Task.CompletedTask;
        };
        var disconnected = new TaskCompletionSource();
        client.DisconnectedAsync += _ =>
        {
            disconnected.TrySetResult();
            return Task.CompletedTask;
        };
        await client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500)
                .WithCredentials("app", token.Token).Build(), Cancelled);
        foreach (var filter in new[] { "#", "devices/#", "devices/s-1/telemetry", "sites/#", "fleet/#", "shared/#", "shared/other/#", "shared/+/devices/#" })
            Assert.NotEqual(MqttClientSubscribeResultCode.GrantedQoS1, await SubscribeAsync(client, filter));
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, await SubscribeAsync(client, "shared/navigation/#"));

        await CommitAsync("garage-3", "d-1", ("occupied", 1));
        await CommitAsync("garage-3", "s-1", ("battery", 80));
        await CommitAsync("garage-3", "s-1", ("battery", 80), ("occupied", 0), ("paid", 1));
        var first = await heard.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(Patience, Cancelled);
        Assert.StartsWith("shared/navigation/devices/s-1/telemetry ", first, StringComparison.Ordinal);
        using var payload = JsonDocument.Parse(first[(first.IndexOf(' ') + 1)..]);
        Assert.Equal(["occupied"], payload.RootElement.GetProperty("values").EnumerateObject().Select(v => v.Name));

        await garage.RevokeShareAsync("navigation", Cancelled);
        await disconnected.Task.WaitAsync(Patience, Cancelled);
        await RefusedAsync(HttpStatusCode.Unauthorized, () => With(token.Token).CountReadingsAsync(cancellationToken: Cancelled));
    }

    [Fact]
    public async Task The_live_stream_leaves_out_what_is_not_shared_and_ends_with_the_share()
    {
        var garage = await FillAsync("garage-4");
        await garage.CreateShareAsync(new CreateShare("navigation", ["occupied"], ["street"], ReadingsPerSecond: 1), Cancelled);
        var token = await garage.CreateShareTokenAsync("navigation", new CreateShareToken("maps"), cancellationToken: Cancelled);
        using var http = cloud.NewClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/live");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
        await lines.ReadLineAsync(Cancelled).AsTask().WaitAsync(Patience, Cancelled);
        await CommitAsync("garage-4", "d-1", ("occupied", 1));
        await CommitAsync("garage-4", "s-1", ("paid", 1));
        await CommitAsync("garage-4", "s-1", ("occupied", 1));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => CommitAsync("garage-4", "s-1", ("occupied", 0)))); // Beyond one a second.
        var leftOut = Assert.Single((await garage.ListSharesAsync(Cancelled)).Items).LeftOut;
        Assert.InRange(leftOut, 1, 50);
        await garage.RevokeShareAsync("navigation", Cancelled);
        var all = await lines.ReadToEndAsync(Cancelled).WaitAsync(Patience, Cancelled);
        Assert.Contains("\"device\":\"s-1\",\"metric\":\"occupied\"", all, StringComparison.Ordinal);
        Assert.DoesNotContain("paid", all, StringComparison.Ordinal);
        Assert.DoesNotContain("d-1", all, StringComparison.Ordinal);
        Assert.DoesNotContain("window", all, StringComparison.Ordinal);
        Assert.Equal(51 - leftOut, all.Split("event: reading").Length - 1);
    }

    [Fact]
    public async Task Applications_of_one_share_have_its_calls_together_and_those_of_another_their_own()
    {
        var garage = await FillAsync("garage-5");
        await garage.CreateShareAsync(new CreateShare("few", ["occupied"], CallsPerMinute: 3), Cancelled);
        await garage.CreateShareAsync(new CreateShare("many", ["occupied"]), Cancelled);
        var one = With((await garage.CreateShareTokenAsync("few", new CreateShareToken("one"), cancellationToken: Cancelled)).Token);
        var two = With((await garage.CreateShareTokenAsync("few", new CreateShareToken("two"), cancellationToken: Cancelled)).Token);
        var other = With((await garage.CreateShareTokenAsync("many", new CreateShareToken("other"), cancellationToken: Cancelled)).Token);
        await one.CountReadingsAsync(cancellationToken: Cancelled);
        await two.CountReadingsAsync(cancellationToken: Cancelled);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 5; i++)
            answers.Add(await StatusAsync(i % 2 == 0 ? one : two));
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        for (var i = 0; i < 5; i++)
            await other.CountReadingsAsync(cancellationToken: Cancelled);
    }

    [Fact]
    public async Task Another_tenant_makes_its_applications_tokens_itself_and_the_owner_sees_and_ends_them()
    {
        var garage = await FillAsync("garage-6");
        await cloud.Client.CreateTenantAsync(new CreateTenant("maps-6"), Cancelled);
        var maps = new StrataClient(cloud.Http, null, "maps-6");
        await garage.CreateShareAsync(new CreateShare("navigation", ["occupied"], ["street"], ToTenant: "maps-6"), Cancelled);
        await garage.CreateShareAsync(new CreateShare("own", ["occupied"]), Cancelled);
        Assert.Equal("navigation", Assert.Single((await maps.ListReceivedSharesAsync(Cancelled)).Items).Name);
        Assert.Empty((await garage.ListReceivedSharesAsync(Cancelled)).Items);
        var token = await maps.CreateShareTokenAsync("navigation", new CreateShareToken("route planner"), "garage-6", Cancelled);
        Assert.Equal(["s-1 occupied"], await ReadAsync(With(token.Token)));
        await RefusedAsync(HttpStatusCode.NotFound, () => maps.CreateShareTokenAsync("own", new CreateShareToken("x"), "garage-6", Cancelled));
        await RefusedAsync(HttpStatusCode.NotFound, () => maps.CreateShareTokenAsync("navigation", new CreateShareToken("x"), "nobody", Cancelled));

        var seen = (await garage.ListSharesAsync(Cancelled)).Items.Single(s => s.Name == "navigation");
        Assert.Equal("route planner", Assert.Single(seen.Tokens).Application);
        Assert.StartsWith("maps-6/", seen.Tokens[0].CreatedBy, StringComparison.Ordinal);
        Assert.Contains((await garage.ListAuditAsync(cancellationToken: Cancelled)).Items, a => a.Kind == "share-token" && a.Actor.StartsWith("maps-6/", StringComparison.Ordinal));
        await cloud.Client.ChangeTenantAsync("maps-6", new ChangeTenant(Enabled: false), Cancelled);
        await RefusedAsync(HttpStatusCode.Unauthorized, () => With(token.Token).CountReadingsAsync(cancellationToken: Cancelled));
        await cloud.Client.ChangeTenantAsync("maps-6", new ChangeTenant(Enabled: true), Cancelled);
        await garage.RevokeShareTokenAsync("navigation", token.Id, cancellationToken: Cancelled);
        await RefusedAsync(HttpStatusCode.Unauthorized, () => With(token.Token).CountReadingsAsync(cancellationToken: Cancelled));
    }

    [Fact]
    public async Task Nobody_shares_beyond_its_own_scope()
    {
        var garage = await FillAsync("garage-7");
        var manager = With((await garage.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin", ["street"])]), Cancelled)).Token);
        await RefusedAsync(HttpStatusCode.NotFound, () => manager.CreateShareAsync(new CreateShare("a", ["occupied"]), Cancelled));
        await RefusedAsync(HttpStatusCode.NotFound, () => manager.CreateShareAsync(new CreateShare("a", ["occupied"], ["deck"]), Cancelled));
        await manager.CreateShareAsync(new CreateShare("a", ["occupied"], ["street"]), Cancelled);
        await garage.CreateShareAsync(new CreateShare("b", ["occupied"]), Cancelled);
        Assert.Equal("a", Assert.Single((await manager.ListSharesAsync(Cancelled)).Items).Name);
        await RefusedAsync(HttpStatusCode.NotFound, () => manager.RevokeShareAsync("b", Cancelled));
        await RefusedAsync(HttpStatusCode.NotFound, () => manager.CreateShareTokenAsync("b", new CreateShareToken("x"), cancellationToken: Cancelled));
        foreach (var wrong in new[] { new CreateShare("", ["m"]), new CreateShare("c", []), new CreateShare("c", ["+"]), new CreateShare("c", ["m"], CallsPerMinute: 0), new CreateShare("c", ["m"], ToTenant: "garage-7") })
            await RefusedAsync(HttpStatusCode.BadRequest, () => garage.CreateShareAsync(wrong, Cancelled));
        await RefusedAsync(HttpStatusCode.Conflict, () => garage.CreateShareAsync(new CreateShare("b", ["occupied"]), Cancelled));
    }

    [Fact]
    public async Task Shares_and_their_tokens_outlive_the_node()
    {
        await using var own = new RunningCloud();
        await own.InitializeAsync();
        await own.Client.CreateShareAsync(new CreateShare("kept", ["occupied"]), Cancelled);
        var token = await own.Client.CreateShareTokenAsync("kept", new CreateShareToken("maps"), cancellationToken: Cancelled);
        await own.StopAsync();
        await own.StartAsync();
        using var http = own.NewClient();
        Assert.Equal(["occupied"], (await new StrataClient(http, token.Token).GetOwnShareAsync(Cancelled)).Metrics);
    }

    private async Task<StrataClient> FillAsync(string tenant)
    {
        await cloud.Client.CreateTenantAsync(new CreateTenant(tenant), Cancelled);
        var client = new StrataClient(cloud.Http, null, tenant);
        await client.ApplyAsync(
            """
            apiVersion: strata/v1
            site: street
            devices: [{id: s-1, site: street}]
            groups: [{id: g-street, sites: [street]}]
            ---
            apiVersion: strata/v1
            site: deck
            devices: [{id: d-1, site: deck}]
            """, dryRun: false, prune: false, cancellationToken: Cancelled);
        foreach (var device in new[] { "s-1", "d-1" })
            await CommitAsync(tenant, device, ("battery", 80), ("occupied", 1), ("paid", 0));
        WindowMetric[] metrics = [.. new[] { "battery", "occupied" }.Select(m => new WindowMetric(MetricName.Parse(m), 1, 1, 1, 1, 0, 1))];
        var window = new WindowRecord("g-street", SiteId.Parse("street"), default, Start, 300_000_000, 0, 1, 1, metrics);
        await cloud.CommitAsync(new TelemetryWrite { Tenant = TenantId.Parse(tenant), Windows = [new Stamped<WindowRecord>(window, null)] });
        return client;
    }

    private Task CommitAsync(string tenant, string device, params (string Metric, double Value)[] values)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        foreach (var (metric, value) in values)
            batch.Add(DeviceId.Parse(device), MetricName.Parse(metric), EventTime.Arrival, value);
        batch.EndMessage();
        return cloud.CommitAsync(new TelemetryWrite { Tenant = TenantId.Parse(tenant), Readings = batch });
    }

    private static async Task<string[]> ReadAsync(StrataClient client) =>
        [.. (await client.ListReadingsAsync(new ReadingsQuery(), Cancelled)).Items.Select(r => $"{r.Device} {r.Metric}").Order(StringComparer.Ordinal)];

    private static async Task<MqttClientSubscribeResultCode> SubscribeAsync(IMqttClient client, string filter)
    {
        var result = await client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter(filter, MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancelled);
        return result.Items.Single().ResultCode;
    }

    private static async Task<HttpStatusCode> StatusAsync(StrataClient client)
    {
        try
        {
            await client.CountReadingsAsync(cancellationToken: Cancelled);
            return HttpStatusCode.OK;
        }
        catch (StrataApiException refused)
        {
            return refused.StatusCode;
        }
    }

    private StrataClient With(string token) => new(cloud.NewClient(), token);

    private static async Task RefusedAsync(HttpStatusCode status, Func<Task> act) =>
        Assert.Equal(status, (await Assert.ThrowsAsync<StrataApiException>(act)).StatusCode);
}
