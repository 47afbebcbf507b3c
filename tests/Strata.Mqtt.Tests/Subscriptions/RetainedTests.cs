using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Subscriptions;

public sealed class RetainedTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [Spec("MQTT-3.3.1-5")]
    [Spec("MQTT-3.3.1-6")]
    [Spec("MQTT-3.3.1-8")]
    public async Task A_new_subscriber_gets_the_last_one_with_RETAIN_and_an_empty_one_removes_it(byte version)
    {
        await using var server = await TestServer.StartAsync();
        using var publisher = await server.ConnectAsync("p", version);
        await publisher.SendAsync(
            Packets.Publish("a/b", "old", 1, version: version, retain: true), Packets.Publish("a/b", "new", 2, version: version, retain: true),
            Packets.Publish("a/b", "live", 3, version: version));
        for (var i = 0; i < 3; i++)
            await publisher.ReadAsync(4);
        using var subscriber = await server.ConnectAsync("s", version);
        await subscriber.SubscribeAsync("a/+", 1);
        var packet = await subscriber.ReadAsync(3);
        Assert.Equal((0x33, "new"), (packet.First, packet.AsPublish(version).Payload));
        await publisher.SendAsync(Packets.Publish("a/b", "", 4, version: version, retain: true));
        await publisher.ReadAsync(4);
        var live = await subscriber.ReadAsync(3);
        Assert.Equal((0x32, ""), (live.First, live.AsPublish(version).Payload));
        using var late = await server.ConnectAsync("l", version);
        await late.SubscribeAsync("#", 1);
        await late.PingAsync();
    }

    [Fact]
    [Spec("MQTT-3.3.1-9")]
    [Spec("MQTT-3.3.1-10")]
    [Spec("MQTT-3.3.1-11")]
    public async Task Retain_handling_decides_whether_they_are_sent()
    {
        await using var server = await TestServer.StartAsync();
        server.Broker.Publish("tests", "t"u8, "x"u8, retain: true);
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("t", 0x20);
        await client.PingAsync();
        await client.SubscribeAsync("t", 0x10);
        await client.PingAsync();
        await client.SubscribeAsync("t", 0x00);
        Assert.Equal("x", (await client.ReadPublishAsync()).Payload);
        await client.SubscribeAsync("+", 0x10);
        Assert.Equal("x", (await client.ReadPublishAsync()).Payload);
    }

    [Fact]
    [Spec("MQTT-3.3.1-12")]
    [Spec("MQTT-3.3.1-13")]
    public async Task Retain_as_published_keeps_the_flag_of_live_messages()
    {
        await using var server = await TestServer.StartAsync();
        using var plain = await server.ConnectAsync("a");
        using var keeping = await server.ConnectAsync("b");
        await plain.SubscribeAsync("t", 0);
        await keeping.SubscribeAsync("t", 8);
        server.Broker.Publish("tests", "t"u8, "x"u8, retain: true);
        Assert.Equal(0x30, (await plain.ReadAsync(3)).First);
        Assert.Equal(0x31, (await keeping.ReadAsync(3)).First);
    }

    [Fact]
    [Spec("MQTT-4.7.2-1")]
    public async Task Filters_find_what_they_match_and_wildcards_at_the_start_no_dollar_topics()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var topic in (string[])["a", "a/b", "a/b/c", "/a", "a//c", "$x/a", "b"])
            server.Broker.Publish("tests", Encoding.UTF8.GetBytes(topic), "1"u8, retain: true);
        (string Filter, string[] Topics)[] cases =
        [
            ("#", ["a", "a/b", "a/b/c", "/a", "a//c", "b"]), ("a/#", ["a", "a/b", "a/b/c", "a//c"]), ("+", ["a", "b"]), ("+/+", ["a/b", "/a"]), ("a/+/c", ["a/b/c", "a//c"]),
            ("$x/#", ["$x/a"]), ("a/b", ["a/b"]), ("c", []), ("$x/+", ["$x/a"]),
        ];
        foreach (var (filter, topics) in cases)
        {
            using var client = await server.ConnectAsync();
            await client.SubscribeAsync(filter, 0);
            var found = new List<string>();
            for (var i = 0; i < topics.Length; i++)
                found.Add((await client.ReadPublishAsync()).Topic);
            await client.PingAsync();
            Assert.Equal(topics.Order(), found.Order());
        }
    }

    [Fact]
    public async Task One_too_many_is_refused_and_one_that_is_replaced_is_not()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxRetainedMessages = 2);
        using var client = await server.ConnectAsync();
        byte[] expected = [0, 0, 0, 0x97, 0, 0];
        string[] topics = ["a", "b", "a", "c", "b", "c"];
        for (var i = 0; i < topics.Length; i++)
        {
            await client.SendAsync(Packets.Publish(topics[i], i == 4 ? "" : "x", i + 1, retain: true));
            var ack = await client.ReadAsync(4);
            Assert.Equal(expected[i], ack.Body.Length > 2 ? ack.Body[2] : 0);
        }
    }

    [Fact]
    [Spec("MQTT-3.3.2-5")]
    [Spec("MQTT-3.3.2-6")]
    public async Task An_expiry_counts_down_while_it_is_retained_and_then_it_is_gone()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(static o => o.MaxRetainedMessages = 1, time);
        server.Broker.Publish("tests", "t"u8, "x"u8, properties: [0x02, 0, 0, 0, 100], retain: true);
        time.Advance(TimeSpan.FromSeconds(40));
        using (var client = await server.ConnectAsync("a"))
        {
            await client.SubscribeAsync("t", 0);
            Assert.Equal([0x02, 0, 0, 0, 60], (await client.ReadPublishAsync()).Properties);
        }

        time.Advance(TimeSpan.FromSeconds(61));
        using var late = await server.ConnectAsync("b");
        await late.SubscribeAsync("t", 0);
        await late.PingAsync();
        await late.SendAsync(Packets.Publish("u", "y", 1, retain: true));
        Assert.Equal(2, (await late.ReadAsync(4)).Body.Length); // What has expired makes room.
    }

    [Fact]
    public async Task A_hundred_thousand_against_a_hash_arrive_once_each_at_the_subscribers_pace()
    {
        const int Count = 100_000;
        await using var server = await TestServer.StartAsync();
        for (var i = 0; i < Count; i++)
            server.Broker.Publish("tests", Encoding.UTF8.GetBytes($"d/{i % 100}/{i}"), "x"u8, qos: 1, retain: true);
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("#", 1);
        var seen = new HashSet<string>();
        while (seen.Count < Count)
        {
            var (topic, id, _, _) = await client.ReadPublishAsync();
            Assert.True(seen.Add(topic));
            await client.SendAsync(Packets.PubAck(id));
        }

        await client.PingAsync();
    }
}
