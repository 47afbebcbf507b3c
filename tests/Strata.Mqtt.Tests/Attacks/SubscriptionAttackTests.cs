using System.Text;

namespace Strata.Mqtt.Tests.Attacks;

/// <summary>Filters and topics made to be expensive.</summary>
[Collection(nameof(Alone))]
public sealed class SubscriptionAttackTests
{
    [Theory]
    [InlineData(65_535)]
    [InlineData(74)]
    public async Task A_filter_of_65_535_levels_is_refused_and_so_is_such_a_topic(int levels)
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxTopicBytes = 65_535);
        using var client = await server.ConnectAsync();
        var deep = string.Join('/', Enumerable.Repeat("", levels + 1))[1..] + "+";
        await client.SendAsync(Packets.Subscribe(1, 5, (deep, 1)));
        Assert.Equal((byte)MqttReasonCode.TopicFilterInvalid, (await client.ReadAsync(9)).Body[^1]);
        await client.SendAsync(Packets.Subscribe(2, 5, ("$share/g/" + deep[9..], 1)));
        Assert.Equal((byte)MqttReasonCode.TopicFilterInvalid, (await client.ReadAsync(9)).Body[^1]);
        await client.SendAsync(Packets.Publish(deep[..^1], "x", 1));
        await client.AssertDisconnectedAsync(MqttReasonCode.TopicNameInvalid);
    }

    [Fact]
    public async Task The_deepest_topics_that_can_be_allowed_are_subscribed_delivered_retained_and_forgotten()
    {
        const int Levels = 1024;
        Assert.Throws<ArgumentOutOfRangeException>(static () => new MqttOptions { MaxTopicLevels = Levels + 1 }.Validate());
        await using var server = await TestServer.StartAsync(static o => (o.MaxTopicBytes, o.MaxTopicLevels) = (65_535, Levels));
        using var client = await server.ConnectAsync();
        var topic = string.Join('/', Enumerable.Repeat("a", Levels));
        string[] filters = [topic, topic.Replace('a', '+'), topic[..^1] + "#"];
        foreach (var filter in filters)
            await client.SubscribeAsync(filter);
        await client.SendAsync(Packets.Publish(topic, "x", 1, retain: true));
        await client.ReadAsync(3);
        await client.ReadAsync(4);
        foreach (var filter in filters)
        {
            using var late = await server.ConnectAsync("late");
            await late.SubscribeAsync(filter);
            await late.ReadAsync(3);
        }

        await client.SendAsync(Packets.Publish(topic, "", qos: 0, retain: true), Packets.Unsubscribe(2, 5, filters));
        await client.ReadAsync(3);
        await client.ReadAsync(11);
        Assert.False(server.Broker.HasSubscribers("tests", Encoding.UTF8.GetBytes(topic)));
    }

    [Fact]
    public async Task A_hundred_thousand_filters_of_plus_match_one_topic_once_and_hold_nobody_up()
    {
        const int Filters = 100_000;
        const int Levels = 17;
        await using var server = await TestServer.StartAsync(static o => o.MaxSubscriptionsPerClient = Filters);
        using var bystander = await server.ConnectAsync("bystander");
        await bystander.SubscribeAsync("b");
        using var client = await server.ConnectAsync("c", 4);

        // Every one matches a/a/.../a, and each has a node of its own.
        foreach (var some in Enumerable.Range(0, Filters).Select(static n => string.Join('/', Enumerable.Range(0, Levels).Select(l => ((n >> l) & 1) == 0 ? "+" : "a"))).Chunk(10_000))
        {
            await client.SendAsync(Packets.Subscribe(1, 4, [.. some.Select(static f => (f, (byte)0))]));
            Assert.DoesNotContain((byte)0x80, (await client.ReadAsync(9)).Body[2..]);
        }

        await client.SendAsync(Packets.Subscribe(1, 4, ("one/more", 0)));
        Assert.Equal(0x80, (await client.ReadAsync(9)).Body[^1]);
        var topic = string.Join('/', Enumerable.Repeat("a", Levels));
        await bystander.SendAsync(Packets.Publish(topic, "hit", qos: 0), Packets.Publish("b", "mine", qos: 0));
        Assert.Equal("mine", (await bystander.ReadPublishAsync()).Payload);
        Assert.Equal("hit", (await client.ReadPublishAsync()).Payload);
        await client.PingAsync(); // Once.
        client.Dispose();
        Assert.Equal("c", (await server.Host.NextGone()).Client.ClientId);
        Assert.False(server.Broker.HasSubscribers("tests", Encoding.UTF8.GetBytes(topic)));
        await bystander.PingAsync();
    }

    [Fact]
    public async Task A_million_retained_topics_are_not_copied_for_who_asks_for_all_and_no_packet_asks_for_them_a_thousand_times()
    {
        const int Topics = 1_000_000;
        await using var server = await TestServer.StartAsync(static o => o.MaxRetainedMessages = Topics);
        for (var i = 0; i < Topics; i++)
            server.Broker.Publish("tests", Encoding.ASCII.GetBytes($"r/{i % 1000}/{i}"), "x"u8, retain: true);
        var before = Alone.Memory();
        using var greedy = await server.ConnectAsync("greedy", with: static c => c.Properties = Packets.Properties([0x21, 0, 1]));
        await greedy.SendAsync(Packets.Subscribe(1, 5, ("#", 0)));
        await greedy.ReadAsync(9); // And reads no further.
        using var bystander = await server.ConnectAsync("bystander");
        await bystander.SubscribeAsync("b");
        await bystander.SendAsync(Packets.Publish("b", "mine", 1));
        Assert.Equal("mine", (await bystander.ReadPublishAsync()).Payload);
        Assert.InRange(Alone.Memory() - before, long.MinValue, 48 << 20); // References, no copies.

        using var worse = await server.ConnectAsync("worse");
        await worse.SendAsync(Packets.Subscribe(1, 5, [.. Enumerable.Repeat(("#", (byte)0), 100_000)]));
        Assert.Equal((byte)MqttReasonCode.QuotaExceeded, (await worse.ReadAsync(9)).Body[^1]);
        ServerPacket last;
        do
            last = await worse.ReadAsync();
        while (last.Type == 3);
        Assert.Equal((14, (byte)MqttReasonCode.QuotaExceeded), (last.Type, last.Body[0]));
        using var sly = await server.ConnectAsync("sly");
        await sly.SendAsync(Packets.Subscribe(1, 5, [.. Enumerable.Repeat(("+/+/+/no", (byte)0), 50_000)])); // Walks everything, finds nothing.
        var codes = (await sly.ReadAsync(9)).Body[3..];
        Assert.InRange(codes.Count(static c => c == 0), 1, 50);
        Assert.Equal((byte)MqttReasonCode.QuotaExceeded, codes[^1]);

        for (var i = 0; i < 10_000; i++)
            Assert.Equal(3, (await greedy.ReadAsync()).Type);
    }
}
