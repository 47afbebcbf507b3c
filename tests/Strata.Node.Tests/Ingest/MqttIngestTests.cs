using System.Text;
using MQTTnet;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Tests.Support;

namespace Strata.Node.Tests.Ingest;

public sealed class MqttIngestTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_acknowledgement_follows_the_commit(bool v5)
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"), v5);
        node.Store.Hold();

        var published = device.PublishAsync("devices/t-1/telemetry", """{"temperature":22.4}""");
        await node.Store.Entered;
        var early = published.IsCompleted;
        var stored = node.Store.Readings.Count;
        node.Store.Release();
        var result = await published.WaitAsync(TestNode.Patience);

        Assert.False(early, "acknowledged before the commit had ended");
        Assert.Equal(0, stored);
        Assert.True(result.IsSuccess);
        Assert.Equal("22.4", Assert.Single(node.Store.Readings).Value.ToString());
    }

    [Fact]
    public async Task Nothing_is_acknowledged_when_the_store_fails_and_the_connection_ends_with_0x97()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));
        node.Store.Failing = true;

        var published = device.PublishAsync("devices/t-1/telemetry", """{"temperature":22.4}""");
        var end = await device.Disconnected;

        Assert.Equal(MqttClientDisconnectReason.QuotaExceeded, end.Reason);
        await Assert.ThrowsAnyAsync<Exception>(() => published.WaitAsync(TestNode.Patience));
    }

    [Fact]
    public async Task A_3_1_1_client_is_closed_without_acknowledgement_when_the_store_fails()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"), v5: false);
        node.Store.Failing = true;

        var published = device.PublishAsync("devices/t-1/telemetry", """{"temperature":22.4}""");
        await device.Disconnected;

        await Assert.ThrowsAnyAsync<Exception>(() => published.WaitAsync(TestNode.Patience));
        Assert.Empty(node.Store.Readings);
    }

    [Fact]
    public async Task A_bad_payload_is_refused_with_its_byte_and_noted_and_the_next_is_stored()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));

        var bad = await device.PublishAsync("devices/t-1/telemetry", """{"temperature":null}""");
        var good = await device.PublishAsync("devices/t-1/telemetry", """{"temperature":1}""");

        Assert.Equal(MqttClientPublishReasonCode.PayloadFormatInvalid, bad.ReasonCode);
        Assert.StartsWith("byte 15:", bad.ReasonString, StringComparison.Ordinal);
        Assert.True(good.IsSuccess);
        var entry = Assert.Single(node.Rejected());
        Assert.Equal((RejectionKind.Payload, "t-1"), (entry.Kind, entry.Subject));
        Assert.StartsWith("byte 15:", entry.Reason, StringComparison.Ordinal);
        Assert.Single(node.Store.Readings);
    }

    [Fact]
    public async Task A_3_1_1_client_gets_a_plain_acknowledgement_for_a_bad_payload_and_an_entry_in_the_rejections()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"), v5: false);

        var bad = await device.PublishAsync("devices/t-1/telemetry", "{");

        Assert.True(bad.IsSuccess);
        Assert.Equal(RejectionKind.Payload, Assert.Single(node.Rejected()).Kind);
        Assert.Empty(node.Store.Readings);
    }

    [Fact]
    public async Task A_payload_longer_than_the_limit_is_refused()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));

        var result = await device.PublishAsync("devices/t-1/telemetry", $$"""{"text":"{{new string('x', 300 * 1024)}}"}""");

        Assert.Equal(MqttClientPublishReasonCode.PayloadFormatInvalid, result.ReasonCode);
        Assert.Empty(node.Store.Readings);
    }

    [Fact]
    public async Task Another_devices_topic_is_refused()
    {
        await using var node = await TestNode.StartAsync();
        node.AddDevice("t-2");
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));

        var result = await device.PublishAsync("devices/t-2/telemetry", """{"temperature":1}""");

        Assert.Equal(MqttClientPublishReasonCode.NotAuthorized, result.ReasonCode);
        Assert.Equal(RejectionKind.Permission, Assert.Single(node.Rejected()).Kind);
        Assert.Empty(node.Store.Readings);
    }

    [Fact]
    public async Task An_unknown_topic_below_telemetry_is_refused_rather_than_acknowledged_unstored()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));

        var result = await device.PublishAsync("devices/t-1/telemetry/protobuf", "x");

        Assert.Equal(MqttClientPublishReasonCode.TopicNameInvalid, result.ReasonCode);
    }

    [Fact]
    public async Task A_numbered_batch_sent_again_changes_nothing()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));

        var first = await device.PublishAsync("devices/t-1/telemetry", """{"n":1}""", properties: ("strata-batch", "abc/1"));
        var again = await device.PublishAsync("devices/t-1/telemetry", """{"n":1}""", properties: ("strata-batch", "abc/1"));
        var next = await device.PublishAsync("devices/t-1/telemetry", """{"n":2}""", properties: ("strata-batch", "abc/2"));
        var bad = await device.PublishAsync("devices/t-1/telemetry", """{"n":3}""", properties: ("strata-batch", "a b/3"));

        Assert.True(first.IsSuccess && again.IsSuccess && next.IsSuccess);
        Assert.Equal(MqttClientPublishReasonCode.PayloadFormatInvalid, bad.ReasonCode);
        Assert.Equal(["1", "2"], node.Store.Readings.Select(r => r.Value.ToString()));
        Assert.Equal(1, node.Get<IngestCounters>().Duplicates);
        Assert.Equal(2, node.Get<IngestCounters>().Readings);
    }

    [Fact]
    public async Task What_the_store_refuses_for_good_is_refused_to_the_device()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));
        node.Store.Refusing = true;

        var result = await device.PublishAsync("devices/t-1/telemetry", """{"n":1}""");

        Assert.Equal(MqttClientPublishReasonCode.PayloadFormatInvalid, result.ReasonCode);
        // It is told first and noted then, before the next commit.
        node.Store.Refusing = false;
        Assert.Equal(MqttClientPublishReasonCode.Success, (await device.PublishAsync("devices/t-1/telemetry", """{"n":1}""")).ReasonCode);
        Assert.Single(node.Rejected());
    }

    [Fact]
    public async Task Senml_comes_by_topic_or_content_type_and_health_as_metrics_of_its_own()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));

        await device.PublishAsync("devices/t-1/telemetry/senml", """[{"n":"a","v":1}]""");
        await device.PublishAsync("devices/t-1/telemetry", """[{"n":"b","v":2}]""", contentType: "application/senml+json");
        await device.PublishAsync("devices/t-1/health", """{"readingsIn":5}""");

        Assert.Equal(["a", "b", "health.readingsIn"], node.Store.Readings.Select(r => r.Metric.Value));
        Assert.Equal(2, node.Get<IngestCounters>().Readings);
    }

    [Fact]
    public async Task Qos_0_is_stored_too()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));

        await device.PublishAsync("devices/t-1/telemetry", """{"n":1}""", qos: 0);
        await device.PublishAsync("devices/t-1/telemetry", """{"n":2}""", qos: 1);

        Assert.Equal(["1", "2"], node.Store.Readings.Select(r => r.Value.ToString()));
    }

    [Fact]
    public async Task What_the_source_said_is_kept_as_a_hop_and_immediate_latency_is_measured()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));
        var sampled = DateTimeOffset.UnixEpoch.AddMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 2000);

        await device.PublishAsync(
            "devices/t-1/telemetry", """{"alarm":true}""", 1, null,
            ("strata-sampled", sampled.ToUnixTimeMilliseconds().ToString()), ("strata-suppressed", "12"), ("strata-immediate", "1"));

        var counters = node.Get<IngestCounters>();
        Assert.True(node.Get<HopLog>().TryGet(TenantId.Main, DeviceId.Parse("t-1"), MetricName.Parse("alarm"), out var hop));
        Assert.Equal((sampled, 12L, true), (hop.Sampled, hop.Suppressed, hop.Immediate));
        Assert.True(hop.Committed >= hop.Received);
        Assert.Equal(1, counters.ImmediateLatency.Snapshot().Count);
        Assert.InRange(counters.ImmediateLatency.Snapshot().P50!.Value, 1900, 22_000);
    }

    [Fact]
    public async Task Live_subscribers_get_telemetry_after_the_commit_with_payload_and_properties()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));
        await using var app = await MqttTestClient.ConnectAsync(node, "app", node.Admin.Value);
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, await app.SubscribeAsync("devices/+/telemetry"));

        var stored = -1;
        var next = app.NextAsync();
        await device.PublishAsync("devices/t-1/telemetry", "{}x");
        await device.PublishAsync("devices/t-1/telemetry", """{"n":1}""", properties: ("strata-sampled", "5"));
        var message = await next;
        stored = node.Store.Readings.Count;

        Assert.Equal(1, stored);
        Assert.Equal("devices/t-1/telemetry", message.Topic);
        Assert.Equal("""{"n":1}""", message.ConvertPayloadToString());
        Assert.Equal("strata-sampled", Assert.Single(message.UserProperties).Name);
    }

    [Fact]
    public async Task Topics_without_telemetry_are_routed_to_applications()
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"));
        await using var app = await MqttTestClient.ConnectAsync(node, "app", node.Admin.Value);
        await app.SubscribeAsync("devices/#");

        var result = await device.PublishAsync("devices/t-1/jobs/progress", "42");

        Assert.True(result.IsSuccess);
        Assert.Equal("42", Encoding.UTF8.GetString((await app.NextAsync()).Payload.FirstSpan));
        Assert.Empty(node.Store.Readings);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task QoS_2_is_received_after_the_commit_and_stored_once(bool v5)
    {
        await using var node = await TestNode.StartAsync();
        await using var device = await MqttTestClient.ConnectAsync(node, "t-1", node.AddDevice("t-1"), v5);
        node.Store.Hold();
        var published = device.PublishAsync("devices/t-1/telemetry", """{"temperature":22.4}""", qos: 2);
        await node.Store.Entered;
        var early = published.IsCompleted;
        node.Store.Release();
        Assert.True((await published.WaitAsync(TestNode.Patience)).IsSuccess);
        Assert.False(early, "received before the commit had ended");
        Assert.Equal("22.4", Assert.Single(node.Store.Readings).Value.ToString());
    }

    [Fact]
    public async Task A_will_with_a_delay_is_stored_when_the_device_stays_away()
    {
        await using var node = await TestNode.StartAsync();
        var secret = node.AddDevice("t-1");
        await using var application = await MqttTestClient.ConnectAsync(node, "app", node.Admin.Value);
        await application.SubscribeAsync("devices/+/telemetry");
        using (var device = new MqttClientFactory().CreateMqttClient())
        {
            await device.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", node.MqttPort).WithClientId("t-1").WithCredentials("t-1", secret)
                .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).WithSessionExpiryInterval(60).WithWillTopic("devices/t-1/telemetry")
                .WithWillPayload("""{"online":false}""").WithWillDelayInterval(1).Build());
            await device.DisconnectAsync(new MqttClientDisconnectOptionsBuilder()
                .WithReason(MqttClientDisconnectOptionsReason.DisconnectWithWillMessage).WithSessionExpiryInterval(60).Build());
        }
        Assert.Equal("devices/t-1/telemetry", (await application.NextAsync()).Topic);
        Assert.Equal("false", Assert.Single(node.Store.Readings).Value.ToString());
    }
}
