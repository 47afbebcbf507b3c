using MQTTnet;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Tests.Support;

namespace Strata.Node.Tests.Ingest;

public sealed class MqttAccessTests
{
    [Theory]
    [InlineData("t-1", "wrong", "wrong secret")]
    [InlineData("t-9", "any", "unknown device")]
    [InlineData("app", "any", "unknown token")]
    [InlineData("not an id", "any", "unknown device")]
    public async Task Wrong_credentials_are_refused_and_noted(string user, string password, string reason)
    {
        await using var node = await TestNode.StartAsync();
        node.AddDevice("t-1");

        var (client, result) = await MqttTestClient.TryConnectAsync(node, user, password);
        await using var _ = client;

        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, result.ResultCode);
        var entry = Assert.Single(node.Rejected());
        Assert.Equal((RejectionKind.Authentication, user, reason), (entry.Kind, entry.Subject, entry.Reason));
    }

    [Fact]
    public async Task A_device_is_asked_to_come_again_while_the_node_does_not_know_its_devices()
    {
        await using var node = await TestNode.StartAsync();
        node.Devices.Expect(TenantId.Main);
        var (client, result) = await MqttTestClient.TryConnectAsync(node, "t-1", "any");
        await using var _ = client;
        Assert.Equal(MqttClientConnectResultCode.ServerUnavailable, result.ResultCode);
        Assert.Empty(node.Rejected());

        node.Devices.ReplaceAll(TenantId.Main, []);
        var (stranger, refused) = await MqttTestClient.TryConnectAsync(node, "t-1", "any");
        await using var __ = stranger;
        Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, refused.ResultCode);
    }

    [Fact]
    public async Task A_device_that_is_disabled_is_refused()
    {
        await using var node = await TestNode.StartAsync();
        var secret = node.AddDevice("t-1", enabled: false);

        var (client, result) = await MqttTestClient.TryConnectAsync(node, "t-1", secret);
        await using var _ = client;

        Assert.Equal(MqttClientConnectResultCode.NotAuthorized, result.ResultCode);
    }

    [Fact]
    public async Task A_device_listens_to_its_own_topics_only_and_an_application_to_the_tenants()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));
        await using var app = await MqttTestClient.ConnectAsync(node, "app", node.Admin.Value);

        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, await device.SubscribeAsync("devices/t-1/#"));
        Assert.Equal(MqttClientSubscribeResultCode.NotAuthorized, await device.SubscribeAsync("devices/t-2/#"));
        Assert.Equal(MqttClientSubscribeResultCode.NotAuthorized, await device.SubscribeAsync("devices/+/telemetry"));
        Assert.Equal(MqttClientSubscribeResultCode.NotAuthorized, await device.SubscribeAsync("#"));
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, await app.SubscribeAsync("sites/#"));
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, await app.SubscribeAsync("fleet/events"));
        Assert.Equal(MqttClientSubscribeResultCode.NotAuthorized, await app.SubscribeAsync("provision/#"));
        Assert.Equal(MqttClientPublishReasonCode.NotAuthorized, (await app.PublishAsync("devices/t-1/telemetry", "{}")).ReasonCode);
    }

    [Fact]
    public async Task A_part_of_the_node_serves_topics_of_devices_and_they_are_acknowledged_when_it_has_kept_what_they_said()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, await device.SubscribeAsync("devices/t-1/echo/+"));
        Assert.Equal(("devices/t-1/echo/welcome", "echo/+"), Said(await device.NextAsync()));

        Assert.Equal(MqttClientPublishReasonCode.Success, (await device.PublishAsync("devices/t-1/echo/say", "hello")).ReasonCode);
        Assert.Equal(("devices/t-1/echo/answer", "hello"), Said(await device.NextAsync()));
        Assert.Equal(MqttClientPublishReasonCode.TopicNameInvalid, (await device.PublishAsync("devices/t-1/echo/other", "x")).ReasonCode);
        Assert.Equal(MqttClientPublishReasonCode.NotAuthorized, (await device.PublishAsync("devices/t-2/echo/say", "x")).ReasonCode);

        var kept = new TaskCompletionSource();
        node.Get<EchoTopics>().Kept = kept.Task;
        var waiting = device.PublishAsync("devices/t-1/echo/say", "later");
        Assert.Equal(("devices/t-1/echo/answer", "later"), Said(await device.NextAsync()));
        Assert.False(waiting.IsCompleted);
        kept.SetResult();
        Assert.Equal(MqttClientPublishReasonCode.Success, (await waiting).ReasonCode);

        static (string, string) Said(MqttApplicationMessage message) => (message.Topic, message.ConvertPayloadToString());
    }

    [Fact]
    public async Task What_a_part_of_the_node_could_not_keep_is_not_acknowledged_and_holds_nothing_that_comes_after_it()
    {
        await using var node = await TestNode.StartAsync();
        var secret = node.AddDevice("t-1");
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", secret);
        node.Get<EchoTopics>().Kept = Task.FromException(new IOException("the disk is full"));
        var lost = device.PublishAsync("devices/t-1/echo/say", "1");
        Assert.Equal(MqttClientDisconnectReason.ServerBusy, (await device.Disconnected).Reason);
        await Assert.ThrowsAnyAsync<Exception>(() => lost);

        node.Get<EchoTopics>().Kept = Task.CompletedTask;
        await using var again = await MqttTestClient.ConnectAsync(node, "t-1", secret);
        Assert.Equal(MqttClientPublishReasonCode.Success, (await again.PublishAsync("devices/t-1/echo/say", "1")).ReasonCode);
    }

    [Fact]
    public async Task A_device_of_another_tenant_says_its_tenant_and_a_plain_name_is_the_first_tenants()
    {
        await using var node = await TestNode.StartAsync();
        node.Tenants.Set(TenantId.Parse("acme"), active: true);
        var (own, foreign) = (node.AddDevice("t-1"), node.AddDevice("t-1", tenant: "acme"));

        await using var plain = await MqttTestClient.ConnectAsync(node, "t-1", own);
        await using var named = await MqttTestClient.ConnectAsync(node, "main/t-1", own);
        await using var acme = await MqttTestClient.ConnectAsync(node, "acme/t-1", foreign);
        foreach (var (user, secret) in new[] { ("t-1", foreign), ("acme/t-1", own), ("nobody/t-1", own), ("acme/", foreign), ("/t-1", own) })
        {
            var (client, result) = await MqttTestClient.TryConnectAsync(node, user, secret);
            await using var _ = client;
            Assert.Equal(MqttClientConnectResultCode.BadUserNameOrPassword, result.ResultCode);
        }
        Assert.True(node.Get<TelemetryMqttHost>().IsConnected(TenantId.Parse("acme"), DeviceId.Parse("t-1")));
    }

    [Fact]
    public async Task What_a_device_may_do_follows_the_state_of_its_life_on_the_open_connection()
    {
        await using var node = await TestNode.StartAsync();
        var secret = node.AddDevice("t-1");
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", secret);
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, await device.SubscribeAsync("devices/t-1/#"));
        void SetState(DeviceState state)
        {
            Assert.True(node.Devices.TryGet(TenantId.Main, DeviceId.Parse("t-1"), out var entry));
            node.Devices.Set(entry with { Rights = DeviceLifecycle.Rights(state) });
        }
        async Task<string> HeardAsync(string command)
        {
            node.Get<MqttBroker>().Publish("main", System.Text.Encoding.UTF8.GetBytes($"devices/t-1/commands/{command}/1"), "{}"u8, qos: 1);
            node.Get<MqttBroker>().Publish("main", "devices/t-1/note"u8, "{}"u8, qos: 1);
            return (await device.NextAsync()).Topic;
        }

        SetState(DeviceState.Provisioning);
        Assert.Equal("devices/t-1/note", await HeardAsync("early"));
        SetState(DeviceState.Active);
        Assert.Equal("devices/t-1/commands/now/1", await HeardAsync("now"));
        Assert.Equal("devices/t-1/note", (await device.NextAsync()).Topic);
        Assert.Equal(MqttClientPublishReasonCode.Success, (await device.PublishAsync("devices/t-1/telemetry", """{"temperature":1}""")).ReasonCode);
        SetState(DeviceState.Decommissioned);
        Assert.Equal(MqttClientPublishReasonCode.NotAuthorized, (await device.PublishAsync("devices/t-1/telemetry", """{"temperature":2}""")).ReasonCode);
    }

    [Fact]
    public async Task A_disabled_tenants_connections_end_and_nobody_of_it_is_let_in()
    {
        await using var node = await TestNode.StartAsync();
        node.Tenants.Set(TenantId.Parse("acme"), active: true);
        var secret = node.AddDevice("t-1", tenant: "acme");
        await using var device = await MqttTestClient.ConnectAsync(node, "acme/t-1", secret);

        node.Tenants.Set(TenantId.Parse("acme"), active: false);

        await device.Disconnected;
        var (again, result) = await MqttTestClient.TryConnectAsync(node, "acme/t-1", secret);
        await using var _ = again;
        Assert.Equal(MqttClientConnectResultCode.NotAuthorized, result.ResultCode);
    }

    [Fact]
    public async Task An_application_with_a_scope_gets_what_lies_within_whatever_it_subscribed_to()
    {
        await using var node = await TestNode.StartAsync();
        await using var inside = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1", site: "hq/floor-1/east"));
        await using var outside = await MqttTestClient.ConnectAsync(node, "t-2", node.AddDevice("t-2", site: "hq/floor-10"));
        node.Tokens.Add("manager", new Grant(Role.Viewer, AccessScope.Of([SiteId.Parse("hq/floor-1")])));
        await using var app = await MqttTestClient.ConnectAsync(node, "app", "manager");

        Assert.Equal(MqttClientSubscribeResultCode.NotAuthorized, await app.SubscribeAsync("devices/t-2/telemetry"));
        Assert.Equal(MqttClientSubscribeResultCode.NotAuthorized, await app.SubscribeAsync("devices/no-such/telemetry"));
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, await app.SubscribeAsync("devices/#"));
        foreach (var topic in new[] { "telemetry", "note" })
        {
            await outside.PublishAsync($"devices/t-2/{topic}", """{"temperature":2}""");
            await inside.PublishAsync($"devices/t-1/{topic}", """{"temperature":1}""");
        }

        // What is stored is passed on after its commit, by a loop of its own: the two come in either order.
        string[] heard = [(await app.NextAsync()).Topic, (await app.NextAsync()).Topic];
        Assert.Equal(["devices/t-1/note", "devices/t-1/telemetry"], heard.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_application_ends_with_its_token()
    {
        await using var node = await TestNode.StartAsync();
        node.Tokens.Add("reader");
        await using var app = await MqttTestClient.ConnectAsync(node, "app", "reader");

        node.Tokens.End("reader");

        await app.Disconnected;
    }

    [Fact]
    public async Task A_connection_ends_at_once_when_the_devices_secret_changes()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));
        Assert.Equal("t-1 connected", await node.Activity.NextAsync());

        node.AddDevice("t-1");

        Assert.Equal(MqttClientDisconnectReason.NotAuthorized, (await device.Disconnected).Reason);
    }

    [Fact]
    public async Task Coming_and_going_is_told_once_per_device_however_many_connections_it_has()
    {
        await using var node = await TestNode.StartAsync();
        var secret = node.AddDevice("t-1");
        await using var first = await MqttTestClient.ConnectAsync(node, "t-1", secret);
        Assert.Equal("t-1 connected", await node.Activity.NextAsync());
        await using var second = await MqttTestClient.ConnectAsync(node, "t-1", secret);
        await first.PublishAsync("devices/t-1/telemetry", """{"n":1}""");
        await first.CloseAsync();
        await second.PublishAsync("devices/t-1/telemetry", """{"n":2}""");
        await second.CloseAsync();

        Assert.Equal("t-1 disconnected: closed by the device", await node.Activity.NextAsync());
        Assert.Contains(("t-1", null, true), node.Activity.HeardFrom);
        Assert.False(node.Get<Node.Ingest.TelemetryMqttHost>().IsConnected(TenantId.Main, DeviceId.Parse("t-1")));
    }

    [Fact]
    public async Task A_client_id_takes_over_the_connection_of_its_own_device_only()
    {
        await using var node = await TestNode.StartAsync();
        var secret = node.AddDevice("t-1");
        await using var first = await MqttTestClient.ConnectAsync(node, "t-1", secret, clientId: "same");
        await using var other = await MqttTestClient.ConnectAsync(node, "t-2", node.AddDevice("t-2"), clientId: "same");
        await using var app = await MqttTestClient.ConnectAsync(node, "app", node.Admin.Value, clientId: "same");

        Assert.True((await first.PublishAsync("devices/t-1/telemetry", """{"n":1}""")).IsSuccess);

        await using var again = await MqttTestClient.ConnectAsync(node, "t-1", secret, clientId: "same");
        Assert.Equal(MqttClientDisconnectReason.SessionTakenOver, (await first.Disconnected).Reason);
        Assert.True((await again.PublishAsync("devices/t-1/telemetry", """{"n":2}""")).IsSuccess);
        Assert.True((await other.PublishAsync("devices/t-2/telemetry", """{"n":3}""")).IsSuccess);
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, await app.SubscribeAsync("sites/#"));
    }

    [Fact]
    public async Task More_connections_of_one_device_than_allowed_are_refused()
    {
        await using var node = await TestNode.StartAsync();
        var secret = node.AddDevice("t-1");
        var clients = new List<MqttTestClient>();
        for (var i = 0; i < 4; i++)
            clients.Add(await MqttTestClient.ConnectAsync(node, "t-1", secret));

        var (fifth, result) = await MqttTestClient.TryConnectAsync(node, "t-1", secret);
        clients.Add(fifth);

        Assert.Equal(MqttClientConnectResultCode.QuotaExceeded, result.ResultCode);
        foreach (var client in clients)
            await client.DisposeAsync();
    }
}
