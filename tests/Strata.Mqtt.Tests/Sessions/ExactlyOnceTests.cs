namespace Strata.Mqtt.Tests.Sessions;

/// <summary>QoS 2 both ways (MQTT 5.0 4.3.3).</summary>
public class ExactlyOnceTests
{
    /// <summary>Where the sessions are kept; null: in memory.</summary>
    protected virtual string? Data => null;

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [Spec("MQTT-4.3.3-8")]
    [Spec("MQTT-4.3.3-10")]
    [Spec("MQTT-4.3.3-11")]
    [Spec("MQTT-4.3.3-12")]
    public async Task A_publish_that_comes_twice_before_its_release_is_routed_once(byte version)
    {
        await using var server = await StartAsync();
        using var subscriber = await server.ConnectAsync("s");
        await subscriber.SubscribeAsync("t", 0);
        using var publisher = await server.ConnectAsync("p", version);
        await publisher.SendAsync(Packets.Publish("t", "a", 7, qos: 2, version: version), Packets.Publish("t", "a", 7, qos: 2, version: version, duplicate: true));
        Assert.Equal(7, (await publisher.ReadAsync(5)).PacketId);
        Assert.Equal(7, (await publisher.ReadAsync(5)).PacketId);
        await publisher.SendAsync(Packets.PubRel(7));
        Assert.Equal(7, (await publisher.ReadAsync(7)).PacketId);
        await publisher.SendAsync(Packets.Publish("t", "b", 7, qos: 2, version: version));
        await publisher.ReadAsync(5);
        Assert.Equal("a", (await subscriber.ReadPublishAsync()).Payload);
        Assert.Equal("b", (await subscriber.ReadPublishAsync()).Payload);
        await subscriber.PingAsync();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task The_same_publish_on_the_next_connection_of_the_session_is_routed_once(byte version)
    {
        await using var server = await StartAsync();
        using var subscriber = await server.ConnectAsync("s");
        await subscriber.SubscribeAsync("t", 0);
        using (var publisher = await server.ResumeAsync("p", present: false, version))
        {
            await publisher.SendAsync(Packets.Publish("t", "a", 7, qos: 2, version: version));
            await publisher.ReadAsync(5);
        }

        await server.Host.NextGone();
        using var again = await server.ResumeAsync("p", present: true, version);
        await again.SendAsync(Packets.Publish("t", "a", 7, qos: 2, version: version, duplicate: true));
        await again.ReadAsync(5);
        await again.SendAsync(Packets.PubRel(7));
        await again.ReadAsync(7);
        Assert.Equal("a", (await subscriber.ReadPublishAsync()).Payload);
        await subscriber.PingAsync();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [Spec("MQTT-4.3.3-1")]
    [Spec("MQTT-4.3.3-4")]
    public async Task A_subscriber_gets_it_then_the_release_and_the_id_is_free_after_PUBCOMP(byte version)
    {
        await using var server = await StartAsync(static o => o.MaxInflightToClient = 1);
        using var client = await server.ConnectAsync("c", version);
        await client.SubscribeAsync("t", 2);
        server.Broker.Publish("tests", "t"u8, "a"u8, qos: 2);
        server.Broker.Publish("tests", "t"u8, "b"u8, qos: 2);
        var packet = await client.ReadAsync(3);
        Assert.Equal(0x34, packet.First);
        var id = packet.AsPublish(version).PacketId;
        await client.SendAsync(Packets.PubRec(id));
        var release = await client.ReadAsync(6);
        Assert.Equal((0x62, id), (release.First, release.PacketId));
        await client.PingAsync();
        await client.SendAsync(Packets.PubComp(id));
        Assert.Equal("b", (await client.ReadPublishAsync()).Payload);
    }

    [Fact]
    [Spec("MQTT-4.3.3-5")]
    [Spec("MQTT-4.3.3-6")]
    public async Task After_PUBREC_only_the_release_is_sent_again()
    {
        await using var server = await StartAsync();
        int first, second;
        using (var client = await server.ResumeAsync("c", present: false))
        {
            await client.SubscribeAsync("t", 2);
            server.Broker.Publish("tests", "t"u8, "a"u8, qos: 2);
            server.Broker.Publish("tests", "t"u8, "b"u8, qos: 2);
            first = (await client.ReadPublishAsync()).PacketId;
            second = (await client.ReadPublishAsync()).PacketId;
            await client.SendAsync(Packets.PubRec(first));
            await client.ReadAsync(6);
        }

        await server.Host.NextGone();
        using var again = await server.ResumeAsync("c", present: true);
        var packets = new[] { await again.ReadAsync(), await again.ReadAsync() };
        Assert.Equal(first, packets.Single(static p => p.Type == 6).PacketId);
        var publish = packets.Single(static p => p.Type == 3);
        Assert.Equal((0x3C, second, "b"), (publish.First, publish.AsPublish(5).PacketId, publish.AsPublish(5).Payload));
        await again.SendAsync(Packets.PubComp(first), Packets.PubRec(second));
        Assert.Equal(second, (await again.ReadAsync(6)).PacketId);
        await again.SendAsync(Packets.PubComp(second));
        await again.PingAsync();
    }

    [Fact]
    public async Task A_PUBREC_that_refuses_frees_the_id_and_gets_no_release()
    {
        await using var server = await StartAsync(static o => o.MaxInflightToClient = 1);
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("t", 2);
        server.Broker.Publish("tests", "t"u8, "a"u8, qos: 2);
        server.Broker.Publish("tests", "t"u8, "b"u8, qos: 2);
        var id = (await client.ReadPublishAsync()).PacketId;
        await client.SendAsync([0x50, 3, .. Packets.U16(id), 0x97]);
        Assert.Equal("b", (await client.ReadPublishAsync()).Payload);
    }

    [Fact]
    public async Task Unknown_ids_are_answered_with_92_and_change_nothing()
    {
        await using var server = await StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.PubRel(9), Packets.PubRec(9), Packets.PubComp(9), Packets.PubAck(9));
        Assert.Equal([0, 9, 0x92], (await client.ReadAsync(7)).Body);
        Assert.Equal([0, 9, 0x92], (await client.ReadAsync(6)).Body);
        await client.PingAsync();
        using var old = await server.ConnectAsync("old", 4);
        await old.SendAsync(Packets.PubRel(9));
        Assert.Equal([0, 9], (await old.ReadAsync(7)).Body);
    }

    [Fact]
    [Spec("MQTT-3.3.4-7")]
    public async Task Publishes_that_are_never_released_end_at_the_receive_maximum()
    {
        await using var server = await StartAsync(static o => o.ReceiveMaximum = 10);
        using var client = await server.ConnectAsync();
        for (var id = 1; id <= 11; id++)
            await client.SendAsync(Packets.Publish("t", "x", id, qos: 2));
        for (var id = 1; id <= 10; id++)
            Assert.Equal(id, (await client.ReadAsync(5)).PacketId);
        await client.AssertDisconnectedAsync(MqttReasonCode.ReceiveMaximumExceeded);
    }

    [Fact]
    [Spec("MQTT-4.6.0-3")]
    public async Task A_deferred_publish_gets_its_PUBREC_from_the_host_in_the_order_of_arrival()
    {
        await using var server = await StartAsync();
        server.Host.Verdict = static (_, _) => PublishVerdict.Deferred;
        MqttClient? seen = null;
        server.Host.EndBurst = (client, _) =>
        {
            seen = client;
            return default;
        };
        using var publisher = await server.ConnectAsync("p");
        await publisher.SendAsync(Packets.Publish("t", "a", 1, qos: 2), Packets.Publish("t", "b", 2, qos: 1), Packets.Publish("t", "c", 3, qos: 2));
        for (var i = 0; i < 3; i++)
            await server.Host.NextPublish();
        await publisher.PingAsync();
        seen!.Acknowledge([new PublishAck(3, MqttReasonCode.PayloadFormatInvalid, "no"), new PublishAck(2, MqttReasonCode.Success), new PublishAck(1, MqttReasonCode.Success)]);
        Assert.Equal(1, (await publisher.ReadAsync(5)).PacketId);
        Assert.Equal(2, (await publisher.ReadAsync(4)).PacketId);
        var refused = await publisher.ReadAsync(5);
        Assert.Equal((3, 0x99), (refused.PacketId, refused.Body[2]));
        await publisher.SendAsync(Packets.PubRel(3), Packets.PubRel(1));
        Assert.Equal(0x92, (await publisher.ReadAsync(7)).Body[2]);
        Assert.Equal(2, (await publisher.ReadAsync(7)).Body.Length);
    }

    private Task<TestServer> StartAsync(Action<MqttOptions>? configure = null, TimeProvider? time = null) => TestServer.StartAsync(
        options =>
        {
            options.DataDirectory = Data;
            configure?.Invoke(options);
        },
        time);
}
