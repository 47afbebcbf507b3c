using System.Text;

namespace Strata.Mqtt.Tests.Connections;

public sealed class PublishTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [Spec("MQTT-4.3.2-4")]
    public async Task QoS_1_is_acknowledged_with_its_packet_id_and_QoS_0_is_not(byte version)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", version);
        await client.SendAsync(
            Packets.Publish("a", "0", qos: 0, version: version), Packets.Publish("a", "1", 65535, version: version), Packets.Publish("a/b", "", 1, version: version));
        Assert.Equal(65535, (await client.ReadAsync(4)).PacketId);
        Assert.Equal(1, (await client.ReadAsync(4)).PacketId);
        await client.PingAsync();
    }

    [Fact]
    public async Task The_host_sees_everything_a_publish_carries()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        var properties = Packets.Properties(
            [0x03, .. Packets.Text("application/json")], Packets.User("strata-batch", "s/1"), [0x23, 0, 1], Packets.User("é", "2"), [0x08, .. Packets.Text("answers")]);
        await client.SendAsync(Packets.Publish("devices/a/telemetry", "{}", 3, properties: properties, duplicate: true));
        var seen = await server.Host.NextPublish();
        Assert.Equal(("devices/a/telemetry", "{}", (ushort)3, 1, true), (seen.Topic, Encoding.UTF8.GetString(seen.Payload), seen.PacketId, seen.QoS, seen.Duplicate));
        Assert.Equal("application/json", seen.ContentType);
        Assert.Equal([("strata-batch", "s/1"), ("é", "2")], seen.User);
        Assert.Equal(
            [0x03, .. Packets.Text("application/json"), .. Packets.User("strata-batch", "s/1"), .. Packets.User("é", "2"), 0x08, .. Packets.Text("answers")],
            seen.Properties);
    }

    [Fact]
    [Spec("MQTT-3.2.2-11")]
    public async Task A_QoS_that_is_not_offered_is_refused_with_9B_and_MQTT_311_is_closed()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxQoS = 1);
        using var modern = await server.ConnectAsync("a");
        await modern.SendAsync(Packets.Publish("a", "b", 1), Packets.Publish("a", "b", 2, qos: 2));
        Assert.Equal(1, (await modern.ReadAsync(4)).PacketId);
        await modern.AssertDisconnectedAsync(MqttReasonCode.QoSNotSupported);
        using var old = await server.ConnectAsync("b", 4);
        await old.SendAsync(Packets.Publish("a", "b", 2, qos: 2, version: 4));
        await old.AssertClosedAsync();
    }

    [Fact]
    [Spec("MQTT-3.2.2-14")]
    public async Task RETAIN_that_is_not_offered_is_refused_for_MQTT_5_and_not_retained_for_311()
    {
        await using var server = await TestServer.StartAsync(static o => o.RetainAvailable = false);
        using var modern = await server.ConnectAsync("a");
        await modern.SendAsync(Packets.Publish("a", "b", 1, retain: true));
        await modern.AssertDisconnectedAsync(MqttReasonCode.RetainNotSupported);
        using var old = await server.ConnectAsync("b", 4);
        await old.SendAsync(Packets.Publish("a", "b", 2, version: 4, retain: true));
        Assert.Equal(2, (await old.ReadAsync(4)).PacketId);
    }

    [Theory]
    [InlineData("36070001610001006263", MqttReasonCode.MalformedPacket)]
    [InlineData("3805000161006263", MqttReasonCode.MalformedPacket)]
    [InlineData("3206000161000000", MqttReasonCode.ProtocolError)]
    [InlineData("30050001230062", MqttReasonCode.TopicNameInvalid)]
    [InlineData("3004000000 62", MqttReasonCode.MalformedPacket)]
    [InlineData("3005000300 61 00", MqttReasonCode.MalformedPacket)]
    [InlineData("30050002C08000", MqttReasonCode.MalformedPacket)]
    [InlineData("30060003EDA08000", MqttReasonCode.MalformedPacket)]
    [InlineData("3003FFFF61", MqttReasonCode.MalformedPacket)]
    [InlineData("30FFFFFFFF01", MqttReasonCode.MalformedPacket)]
    [InlineData("30FFFFFF7F", MqttReasonCode.PacketTooLarge)]
    [InlineData("30850000016100 62", MqttReasonCode.MalformedPacket)]
    [InlineData("300600016102 0105", MqttReasonCode.ProtocolError)]
    [InlineData("300700016103 230000", MqttReasonCode.TopicAliasInvalid)]
    [InlineData("3006000003230001", MqttReasonCode.ProtocolError)]
    public async Task A_malformed_PUBLISH_is_answered_with_its_reason(string hex, MqttReasonCode reasonCode)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        await client.AssertDisconnectedAsync(reasonCode);
    }

    [Fact]
    public async Task A_topic_that_is_too_long_or_too_deep_is_refused()
    {
        await using var server = await TestServer.StartAsync(static o => (o.MaxTopicBytes, o.MaxTopicLevels) = (50, 5));
        foreach (var topic in (string[])[new('a', 51), "1/2/3/4/5/6"])
        {
            using var client = await server.ConnectAsync();
            await client.SendAsync(Packets.Publish(topic, "", 1));
            await client.AssertDisconnectedAsync(MqttReasonCode.TopicNameInvalid);
        }

        using var fine = await server.ConnectAsync();
        await fine.SendAsync(Packets.Publish("1/2/3/4/5", "", 1), Packets.Publish(new string('a', 50), "", 2));
        await fine.ReadAsync(4);
        await fine.ReadAsync(4);
    }

    [Fact]
    public async Task A_large_publish_in_small_pieces_arrives_whole()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        var packet = Packets.Publish("a", new string('x', 300_000), 1);
        for (var at = 0; at < packet.Length; at += 7001)
            await client.SendAsync(packet[at..Math.Min(packet.Length, at + 7001)]);
        await client.ReadAsync(4);
        Assert.Equal(300_000, (await server.Host.NextPublish()).Payload.Length);
    }
}
