namespace Strata.Mqtt.Tests.Connections;

public sealed class SubscribeTests
{
    [Fact]
    [Spec("MQTT-3.8.4-6")]
    [Spec("MQTT-3.9.3-1")]
    [Spec("MQTT-3.2.2-10")]
    public async Task Each_filter_gets_its_code_in_order_and_QoS_beyond_the_highest_is_granted_as_that()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxQoS = 1);
        server.Host.Subscribe = static (_, filter) => filter != "forbidden";
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Subscribe(9, 5, ("a", 0), ("b/+", 1), ("c/#", 2), ("forbidden", 0), ("x#", 0), ("$share/g/t", 0)));
        var subAck = await client.ReadAsync(9);
        Assert.Equal([0, 9, 0, 0, 1, 1, 0x87, 0x8F, 0], subAck.Body);
        using var old = await server.ConnectAsync("old", 4);
        await old.SendAsync(Packets.Subscribe(10, 4, ("a", 0), ("c/#", 2), ("forbidden", 0), ("x#", 0)));
        Assert.Equal([0, 10, 0, 1, 0x80, 0x80], (await old.ReadAsync(9)).Body);
    }

    [Fact]
    [Spec("MQTT-3.10.4-1")]
    [Spec("MQTT-3.11.3-1")]
    [Spec("MQTT-3.10.4-4")]
    public async Task UNSUBSCRIBE_ends_delivery_and_answers_each_filter()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("a/+");
        await client.SubscribeAsync("b");
        await client.SendAsync(Packets.Unsubscribe(4, 5, "a/+", "never"));
        Assert.Equal([0, 4, 0, 0, 0x11], (await client.ReadAsync(11)).Body);
        Assert.Equal(0, server.Broker.Publish("tests", "a/b"u8, "x"u8));
        Assert.Equal(1, server.Broker.Publish("tests", "b"u8, "y"u8));
        Assert.Equal("y", (await client.ReadPublishAsync()).Payload);
        using var old = await server.ConnectAsync("old", 4);
        await old.SendAsync(Packets.Unsubscribe(5, 4, "never"));
        Assert.Equal([0, 5], (await old.ReadAsync(11)).Body);
    }

    [Fact]
    [Spec("MQTT-3.8.4-3")]
    public async Task The_same_filter_again_replaces_the_subscription()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("a", 1);
        await client.SubscribeAsync("a", 0);
        Assert.Equal(1, server.Broker.Publish("tests", "a"u8, "x"u8, qos: 1));
        Assert.Equal(0, (await client.ReadPublishAsync()).PacketId);
        await client.PingAsync();
    }

    [Theory]
    [InlineData("8203000100", MqttReasonCode.ProtocolError)]
    [InlineData("82070000000001610 0", MqttReasonCode.ProtocolError)]
    [InlineData("820700010000016103", MqttReasonCode.MalformedPacket)]
    [InlineData("820700010000016140", MqttReasonCode.MalformedPacket)]
    [InlineData("820700010000016130", MqttReasonCode.ProtocolError)]
    [InlineData("820600010000 0000", MqttReasonCode.MalformedPacket)]
    [InlineData("8209000102 0B00 00016100", MqttReasonCode.ProtocolError)]
    [InlineData("800700010000016100", MqttReasonCode.MalformedPacket)]
    [InlineData("A203000100", MqttReasonCode.ProtocolError)]
    [InlineData("8210000100000A 2473686172652F672F74 04", MqttReasonCode.ProtocolError)]
    [Spec("MQTT-3.8.1-1")]
    [Spec("MQTT-3.8.3-2")]
    [Spec("MQTT-3.8.3-4")]
    [Spec("MQTT-3.8.3-5")]
    [Spec("MQTT-3.10.3-2")]
    public async Task A_wrong_one_ends_the_connection(string hex, MqttReasonCode reasonCode)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        await client.AssertDisconnectedAsync(reasonCode);
    }

    [Fact]
    public async Task Subscriptions_are_limited_per_client_and_together_and_given_back()
    {
        await using var server = await TestServer.StartAsync(static o => (o.MaxSubscriptionsPerClient, o.MaxSubscriptions) = (2, 3));
        using (var first = await server.ConnectAsync("a"))
        {
            await first.SendAsync(Packets.Subscribe(1, 5, ("1", 0), ("2", 0), ("3", 0), ("2", 1)));
            Assert.Equal([0, 1, 0, 0, 0, 0x97, 1], (await first.ReadAsync(9)).Body);
            using var second = await server.ConnectAsync("b");
            await second.SendAsync(Packets.Subscribe(1, 5, ("1", 0), ("2", 0)));
            Assert.Equal([0, 1, 0, 0, 0x97], (await second.ReadAsync(9)).Body);
        }

        await server.Host.NextGone();
        await server.Host.NextGone();
        using var third = await server.ConnectAsync("c");
        await third.SubscribeAsync("1");
        await third.SubscribeAsync("2");
    }

    [Fact]
    public async Task A_filter_of_65535_levels_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Subscribe(1, 5, (new string('/', 65_534), 0)));
        Assert.Equal(0x8F, (await client.ReadAsync(9)).Body[^1]);
        await client.PingAsync();
    }
}
