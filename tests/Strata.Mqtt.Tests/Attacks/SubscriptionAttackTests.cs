using System.Text;

namespace Strata.Mqtt.Tests.Attacks;

/// <summary>Filters and topics made to be expensive.</summary>
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
}
