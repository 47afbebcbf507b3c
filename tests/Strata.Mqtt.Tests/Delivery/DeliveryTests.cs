using System.Text;

namespace Strata.Mqtt.Tests.Delivery;

public sealed class DeliveryTests
{
    [Theory]
    [InlineData(4, 4)]
    [InlineData(4, 5)]
    [InlineData(5, 4)]
    [InlineData(5, 5)]
    [Spec("MQTT-3.8.4-8")]
    public async Task A_message_comes_with_the_lower_of_both_QoS(byte from, byte to)
    {
        await using var server = await TestServer.StartAsync();
        using var subscriber = await server.ConnectAsync("s", to);
        await subscriber.SubscribeAsync("zero/#", 0);
        await subscriber.SubscribeAsync("one/+", 1);
        using var publisher = await server.ConnectAsync("p", from);
        await publisher.SendAsync(
            Packets.Publish("zero/x", "a", 1, version: from), Packets.Publish("one/x", "b", 2, version: from), Packets.Publish("one/x", "c", qos: 0, version: from));
        Assert.Equal(("zero/x", 0, "a"), Shown(await subscriber.ReadPublishAsync()));
        var one = await subscriber.ReadPublishAsync();
        Assert.Equal(("one/x", "b"), (one.Topic, one.Payload));
        Assert.NotEqual(0, one.PacketId);
        Assert.Equal(("one/x", 0, "c"), Shown(await subscriber.ReadPublishAsync()));
    }

    [Fact]
    [Spec("MQTT-3.3.2-4")]
    [Spec("MQTT-3.3.2-15")]
    [Spec("MQTT-3.3.2-16")]
    [Spec("MQTT-3.3.2-17")]
    [Spec("MQTT-3.3.2-18")]
    [Spec("MQTT-3.3.2-20")]
    public async Task Properties_are_passed_on_unaltered_and_in_order()
    {
        await using var server = await TestServer.StartAsync();
        using var subscriber = await server.ConnectAsync("s");
        await subscriber.SubscribeAsync("#");
        using var old = await server.ConnectAsync("old", 4);
        await old.SubscribeAsync("#");
        using var publisher = await server.ConnectAsync("p");
        byte[] passed =
        [
            1, 1, .. Packets.User("b", "1"), 3, .. Packets.Text("text/plain"), 8, .. Packets.Text("answer/here"), 9, 0, 3, 1, 2, 3, .. Packets.User("a", "2"),
        ];
        await publisher.SendAsync(Packets.Publish("t", "p", 1, properties: Packets.Properties(passed, [0x23, 0, 1])));
        Assert.Equal(passed, (await subscriber.ReadPublishAsync()).Properties);
        Assert.Equal("p", (await old.ReadPublishAsync()).Payload);
    }

    [Fact]
    [Spec("MQTT-3.8.3-3")]
    public async Task No_local_keeps_a_clients_own_messages_from_it()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("t", 4);
        await client.SendAsync(Packets.Publish("t", "own", 1));
        await client.ReadAsync(4);
        Assert.Equal(1, server.Broker.Publish("tests", "t"u8, "other"u8));
        Assert.Equal("other", (await client.ReadPublishAsync()).Payload);
    }

    [Fact]
    [Spec("MQTT-3.3.4-9")]
    public async Task No_more_than_the_clients_receive_maximum_is_under_way()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", 5, static c => c.Properties = Packets.Properties([0x21, 0, 2]));
        await client.SubscribeAsync("t");
        for (var i = 0; i < 5; i++)
            server.Broker.Publish("tests", "t"u8, Encoding.UTF8.GetBytes($"{i}"), qos: 1);
        var first = await client.ReadPublishAsync();
        var second = await client.ReadPublishAsync();
        await client.PingAsync();
        await client.SendAsync(Packets.PubAck(second.PacketId));
        var third = await client.ReadPublishAsync();
        await client.PingAsync();
        await client.SendAsync(Packets.PubAck(first.PacketId), Packets.PubAck(third.PacketId));
        Assert.Equal(["0", "1", "2"], [first.Payload, second.Payload, third.Payload]);
        Assert.Equal("3", (await client.ReadPublishAsync()).Payload);
        Assert.Equal("4", (await client.ReadPublishAsync()).Payload);
    }

    [Fact]
    [Spec("MQTT-3.1.2-24")]
    [Spec("MQTT-3.1.2-25")]
    public async Task A_message_larger_than_the_client_takes_is_not_sent_to_it()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", 5, static c => c.Properties = Packets.Properties([0x27, 0, 0, 0, 30]));
        await client.SubscribeAsync("t");
        server.Broker.Publish("tests", "t"u8, new byte[100], qos: 1);
        server.Broker.Publish("tests", "t"u8, "small"u8, qos: 1);
        Assert.Equal("small", (await client.ReadPublishAsync()).Payload);
    }

    [Fact]
    public async Task The_host_publishes_and_learns_whether_anyone_listens()
    {
        await using var server = await TestServer.StartAsync();
        Assert.False(server.Broker.HasSubscribers("tests", "a/b"u8));
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("a/+");
        Assert.True(server.Broker.HasSubscribers("tests", "a/b"u8));
        Assert.False(server.Broker.HasSubscribers("other", "a/b"u8));
        Assert.Equal(0, server.Broker.Publish("other", "a/b"u8, "x"u8));
        var properties = new PublishProperties().WithContentType("text/plain").WithUserProperty("k", "v");
        Assert.Equal(1, server.Broker.Publish("tests", "a/b"u8, "x"u8, 0, properties.Encoded));
        Assert.Equal(properties.Encoded.ToArray(), (await client.ReadPublishAsync()).Properties);
        Assert.Throws<ArgumentException>(() => server.Broker.Publish("tests", "a/#"u8, "x"u8));
        Assert.Throws<ArgumentException>(() => server.Broker.Publish("tests", ""u8, "x"u8));
    }

    [Fact]
    public async Task One_message_reaches_a_thousand_subscribers()
    {
        await using var server = await TestServer.StartAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async n =>
        {
            var client = await server.ConnectAsync($"s{n}", (byte)(4 + (n % 2)));
            await client.SubscribeAsync("all", (byte)(n % 3 == 0 ? 1 : 0));
            return client;
        }));
        Assert.Equal(1000, server.Broker.Publish("tests", "all"u8, "hello"u8, qos: 1));
        foreach (var client in clients)
        {
            Assert.Equal("hello", (await client.ReadPublishAsync()).Payload);
            client.Dispose();
        }
    }

    [Fact]
    public async Task A_payload_of_many_segments_arrives_whole()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("t");
        var payload = new string('z', 600_000);
        server.Broker.Publish("tests", "t"u8, Encoding.UTF8.GetBytes(payload), qos: 1);
        Assert.Equal(payload, (await client.ReadPublishAsync()).Payload);
    }

    private static (string Topic, int PacketId, string Payload) Shown((string Topic, int PacketId, byte[] Properties, string Payload) publish) =>
        (publish.Topic, publish.PacketId, publish.Payload);
}
