using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Delivery;

/// <summary>What a message carries to one subscriber: identifiers, aliases, what is left of its expiry.</summary>
public sealed class PropertyTests
{
    [Fact]
    [Spec("MQTT-3.3.4-3")]
    [Spec("MQTT-3.3.4-4")]
    public async Task A_message_carries_the_identifiers_of_all_subscriptions_that_match_once()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        foreach (var (filter, identifier) in ((string, int)[])[("a/#", 5), ("a/+", 200), ("a/b", 0), ("c", 7)])
        {
            var properties = identifier == 0 ? [0] : Packets.Properties([0x0B, .. Packets.VarInt(identifier)]);
            await client.SendAsync(Packets.Frame(0x82, [0, 1, .. properties, .. Packets.Text(filter), 1]));
            Assert.Equal(1, (await client.ReadAsync(9)).Body[^1]);
        }

        server.Broker.Publish("tests", "a/b"u8, "x"u8, qos: 1);
        var (_, _, got, payload) = await client.ReadPublishAsync();
        Assert.Equal("x", payload);
        Assert.Equal(["0B05", "0BC801"], ((string[])[Convert.ToHexString(got[..2]), Convert.ToHexString(got[2..])]).Order(StringComparer.Ordinal));
        server.Broker.Publish("tests", "c"u8, "y"u8);
        Assert.Equal([0x0B, 7], (await client.ReadPublishAsync()).Properties);
        await client.PingAsync();
    }

    [Fact]
    [Spec("MQTT-3.1.2-26")]
    public async Task A_client_that_allows_topic_aliases_gets_a_topic_once()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxTopicAliasesToClient = 10);
        using var client = await server.ConnectAsync("c", 5, static c => c.Properties = Packets.Properties([0x22, 0, 2]));
        await client.SubscribeAsync("#", 0);
        foreach (var (topic, named, alias) in ((string, string, int)[])[("a", "a", 1), ("a", "", 1), ("b", "b", 2), ("c", "c", 0), ("b", "", 2), ("a", "", 1)])
        {
            server.Broker.Publish("tests", System.Text.Encoding.UTF8.GetBytes(topic), "x"u8);
            var (got, _, properties, _) = await client.ReadPublishAsync();
            Assert.Equal(named, got);
            Assert.Equal(alias == 0 ? [] : [0x23, 0, (byte)alias], properties);
        }
    }

    [Fact]
    [Spec("MQTT-3.3.2-5")]
    [Spec("MQTT-3.3.2-6")]
    public async Task A_message_that_waited_carries_what_is_left_of_its_expiry_and_an_expired_one_is_not_sent()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using (var first = await server.ResumeAsync("c", present: false))
            await first.SubscribeAsync("t", 1);
        await server.Host.NextGone();
        server.Broker.Publish("tests", "t"u8, "short"u8, qos: 1, properties: [0x02, 0, 0, 0, 5]);
        server.Broker.Publish("tests", "t"u8, "long"u8, qos: 1, properties: [0x26, 0, 1, 0x61, 0, 1, 0x62, 0x02, 0, 0, 1, 0]);
        time.Advance(TimeSpan.FromSeconds(6));
        using var again = await server.ResumeAsync("c", present: true);
        var (_, _, properties, payload) = await again.ReadPublishAsync();
        Assert.Equal("long", payload);
        Assert.Equal([0x26, 0, 1, 0x61, 0, 1, 0x62, 0x02, 0, 0, 0, 250], properties);
        await again.PingAsync();
    }

    [Fact]
    public async Task A_queued_message_beyond_the_next_connections_packet_size_is_left_out_and_the_rest_arrives()
    {
        await using var server = await TestServer.StartAsync();
        using (var first = await server.ResumeAsync("c", present: false))
        {
            await first.SubscribeAsync("t", 1);
            server.Broker.Publish("tests", "t"u8, new byte[500], qos: 1);
            await first.ReadPublishAsync();
        }

        await server.Host.NextGone();
        server.Broker.Publish("tests", "t"u8, new byte[400], qos: 1);
        server.Broker.Publish("tests", "t"u8, "small"u8, qos: 1);
        using var again = await server.ResumeAsync("c", present: true, with: static c => c.Properties = Packets.Properties([0x11, 0, 0, 2, 0], [0x27, 0, 0, 0, 100]));
        Assert.Equal("small", (await again.ReadPublishAsync()).Payload);
        await again.PingAsync();
    }
}
