using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>One gateway process that serves devices of two tenants, who call everything by the same names.</summary>
public sealed class GuestGatewayTests
{
    private static readonly string[] Tenants = ["acme", "rival"];

    private static readonly string[] Fleet =
    [
        "apiVersion: strata/v1", "site: hq", "gateways: [ { id: gw, site: hq, uplink: { \"*\": raw } } ]", "devices: [ { id: d-1, site: hq }, { id: d-2, site: hq }, { id: d-3, site: hq } ]",
    ];

    [Fact]
    public async Task Tenants_at_one_gateway_are_kept_apart_from_device_to_cloud_also_over_kill_9()
    {
        await using var installation = new Installation();
        var secrets = await StartAsync(installation);
        var fog = await StartGatewayAsync(installation, "rival,share=40,site=hq,id=gw");
        var devices = Tenants.Select(t => new LedgerDevice("d-1", secrets[t]["d-1"], () => Installation.Port(fog), t)).ToList();
        devices.ForEach(d => d.Begin());
        await Eventually.IsAsync(() => Task.FromResult(devices.Min(d => d.Acknowledged)), n => n > 30, "acknowledgements of both");
        await fog.KillAsync();
        await fog.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        var before = devices.Select(d => d.Acknowledged).ToList();
        await Eventually.IsAsync(() => Task.FromResult(devices.Zip(before, (d, n) => d.Acknowledged - n).Min()), n => n > 30, "acknowledgements of both by the restarted gateway");
        // Not the same number of both: what one has sent is not what the other has.
        await devices[0].EndAsync();
        await Eventually.IsAsync(() => Task.FromResult(devices[1].Acknowledged), n => n > devices[0].Acknowledged, "more of the second than of the first");
        await devices[1].EndAsync();
        foreach (var (tenant, device) in Tenants.Zip(devices))
        {
            var client = installation.ClientOf(tenant);
            await Eventually.IsAsync(() => client.CountReadingsAsync("d-1"), c => c.Count == device.Acknowledged, $"every reading of {tenant} in its own tenant, once");
            var gateway = await client.GetGatewayAsync("gw");
            Assert.Equal(tenant == "acme" ? 60 : 40, gateway.Share);
            Assert.Equal("gw", (await client.GetDeviceAsync("d-1")).Gateway);
            // What the gateway itself answers its parent: of the asking tenant, and with that tenant's rights only.
            var (latest, figures) = (await AskAsync(installation, tenant, "latest?device=d-1"), await AskAsync(installation, tenant, "mqtt/clients"));
            Assert.Contains($"\"value\":{device.Acknowledged - 1}", latest, StringComparison.Ordinal);
            Assert.Contains("403", figures, StringComparison.Ordinal);
        }
        Assert.Equal(0, (await installation.Client.CountReadingsAsync(null)).Count);
    }

    [Fact]
    public async Task A_device_of_one_tenant_is_a_stranger_to_the_other_and_only_its_own_hears_of_it()
    {
        await using var installation = new Installation();
        var secrets = await StartAsync(installation);
        var fog = await StartGatewayAsync(installation, "rival,share=40,site=hq,id=gw");
        foreach (var tenant in Tenants)
            await Eventually.IsAsync(() => ConnectAsync(fog, tenant, "d-1", secrets[tenant]["d-1"]), r => r == MqttClientConnectResultCode.Success, $"the device of {tenant}");
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, await ConnectAsync(fog, "rival", "d-1", secrets["acme"]["d-1"]));
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, await ConnectAsync(fog, "acme", "d-1", secrets["rival"]["d-1"]));
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, await ConnectAsync(fog, "rival", "stranger", "x"));
        await Eventually.IsAsync(() => installation.ClientOf("rival").ListRejectionsAsync(), r => r.Items.Any(i => i.Subject == "stranger" && i.Gateway == "gw"), "the stranger in the log of whom it named");
        Assert.DoesNotContain((await installation.ClientOf("acme").ListRejectionsAsync()).Items, i => i.Subject == "stranger");
    }

    [Fact]
    public async Task No_tenant_gets_more_than_its_share_of_the_gateway()
    {
        await using var installation = new Installation();
        var secrets = await StartAsync(installation);
        // Of 10 connections and 100 messages a second the guest has 2 and 20.
        var fog = await StartGatewayAsync(installation, "rival,share=20,site=hq,id=gw", "--max-connections", "10", "--max-messages", "100");
        var factory = new MqttClientFactory();
        using var first = factory.CreateMqttClient();
        using var second = factory.CreateMqttClient();
        using var third = factory.CreateMqttClient();
        using var own = factory.CreateMqttClient();
        await Eventually.IsAsync(() => ConnectAsync(first, fog, "rival", "d-1", secrets["rival"]["d-1"]), r => r == MqttClientConnectResultCode.Success, "the guest's first device");
        Assert.Equal(MqttClientConnectResultCode.Success, await ConnectAsync(second, fog, "rival", "d-2", secrets["rival"]["d-2"]));
        Assert.Equal(MqttClientConnectResultCode.QuotaExceeded, await ConnectAsync(third, fog, "rival", "d-3", secrets["rival"]["d-3"]));
        await Eventually.IsAsync(() => ConnectAsync(own, fog, "acme", "d-1", secrets["acme"]["d-1"]), r => r == MqttClientConnectResultCode.Success, "the gateway's own device");
        var flooded = 0;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var flood = FloodAsync(first, 400, () => flooded++, enough.Token);
        var published = 0;
        await FloodAsync(own, 60, () => published++, TestContext.Current.CancellationToken);
        Assert.Equal(60, published);
        Assert.True(flooded < 400, "The guest's 400 messages, 20 seconds of its share, were taken before 60 of the other tenant.");
        await enough.CancelAsync();
        await flood;
    }

    [Fact]
    public async Task A_guest_that_its_cloud_refuses_is_told_in_health_and_holds_nobody_back()
    {
        await using var installation = new Installation();
        var secrets = await StartAsync(installation);
        var fog = await StartGatewayAsync(installation, "rival,share=40,site=hq,join-token=wrong");
        await Eventually.IsAsync(() => ConnectAsync(fog, "acme", "d-1", secrets["acme"]["d-1"]), r => r == MqttClientConnectResultCode.Success, "the gateway's own device");
        var admin = (await File.ReadAllTextAsync(Path.Combine(installation.Folder, "fog", "admin.token"), TestContext.Current.CancellationToken)).Trim();
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = new Uri($"http://{fog.Ready["http"]}/") };
        http.DefaultRequestHeaders.Authorization = new("Bearer", admin);
        await Eventually.IsAsync(() => http.GetStringAsync("api/v1/health"), h => h.Contains("The guest rival is not served. The parent refuses this gateway", StringComparison.Ordinal), "the refused guest in health");
    }

    private static async Task<Dictionary<string, Dictionary<string, string>>> StartAsync(Installation installation)
    {
        await installation.StartCloudAsync();
        var secrets = new Dictionary<string, Dictionary<string, string>>();
        foreach (var tenant in Tenants)
        {
            await installation.Client.CreateTenantAsync(new CreateTenant(tenant));
            var applied = await installation.ClientOf(tenant).ApplyAsync(string.Join('\n', Fleet), dryRun: false, prune: false, "site.yaml");
            secrets[tenant] = applied.Secrets.ToDictionary();
        }
        return secrets;
    }

    private static async Task<StrataProcess> StartGatewayAsync(Installation installation, string guest, params string[] further)
    {
        var token = await installation.ClientOf("acme").CreateJoinTokenAsync(new CreateJoinToken("hq", null, null));
        if (!guest.Contains("join-token", StringComparison.Ordinal))
            guest += $",join-token={(await installation.ClientOf("rival").CreateJoinTokenAsync(new CreateJoinToken("hq", null, null))).Token}";
        var fog = installation.Create("fog",
        [
            "fog", "--data", Path.Combine(installation.Folder, "fog"), "--cloud", installation.CloudHttp, "--join-token", token.Token, "--site", "hq", "--name", "gw",
            "--http", $"127.0.0.1:{FreePort.Draw()}", "--mqtt", $"127.0.0.1:{FreePort.Draw()}", "--guest", guest, .. further,
        ]);
        await fog.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        return fog;
    }

    private static async Task<MqttClientConnectResultCode> ConnectAsync(StrataProcess fog, string tenant, string device, string secret)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        return await ConnectAsync(client, fog, tenant, device, secret);
    }

    private static async Task<MqttClientConnectResultCode> ConnectAsync(IMqttClient client, StrataProcess fog, string tenant, string device, string secret)
    {
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", Installation.Port(fog)).WithClientId($"{tenant}-{device}").WithCredentials($"{tenant}/{device}", secret)
            .WithProtocolVersion(MqttProtocolVersion.V500).Build();
        return (await client.ConnectAsync(options, TestContext.Current.CancellationToken)).ResultCode;
    }

    private static async Task FloodAsync(IMqttClient client, int messages, Action acknowledged, CancellationToken cancellationToken)
    {
        try
        {
            for (var i = 0; i < messages; i++)
            {
                await client.PublishAsync(new MqttApplicationMessageBuilder().WithTopic("devices/d-1/telemetry").WithPayload($$"""{"n":{{i}}}""")
                    .WithQualityOfServiceLevel(MQTTnet.Protocol.MqttQualityOfServiceLevel.AtLeastOnce).Build(), cancellationToken);
                acknowledged();
            }
        }
        catch (Exception e) when (e is MqttCommunicationException or OperationCanceledException or MqttClientNotConnectedException or InvalidOperationException)
        {
            return; // It was disconnected, or the test has seen enough.
        }
    }

    private static async Task<string> AskAsync(Installation installation, string tenant, string path)
    {
        using var http = new HttpClient(new SocketsHttpHandler(), disposeHandler: true) { BaseAddress = new Uri(installation.CloudHttp) };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/gateways/gw/api/v1/{path}");
        request.Headers.Authorization = new("Bearer", installation.Token);
        request.Headers.Add("Strata-Tenant", tenant);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}";
    }
}
