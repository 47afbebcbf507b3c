using System.Text;

namespace Strata.Mqtt.Tests.Subscriptions;

/// <summary>MQTT 5.0 4.8.2.</summary>
public sealed class SharedSubscriptionTests
{
    [Fact]
    public async Task Members_take_turns_and_an_own_subscription_gets_everything()
    {
        await using var server = await TestServer.StartAsync();
        using var a = await server.ConnectAsync("a");
        using var b = await server.ConnectAsync("b");
        using var own = await server.ConnectAsync("own");
        await a.SubscribeAsync("$share/g/t/+", 1);
        await b.SubscribeAsync("$share/g/t/+", 1);
        await own.SubscribeAsync("t/#", 1);
        for (var i = 0; i < 10; i++)
            server.Broker.Publish("tests", "t/x"u8, [(byte)('0' + i)], qos: 1);
        foreach (var member in (RawClient[])[a, b])
        {
            for (var i = 0; i < 5; i++)
                await member.ReadPublishAsync();
            await member.PingAsync();
        }

        for (var i = 0; i < 10; i++)
            Assert.Equal($"{i}", (await own.ReadPublishAsync()).Payload);
    }

    [Fact]
    [Spec("MQTT-4.8.2-3")]
    public async Task Groups_of_different_names_each_get_a_message_and_the_granted_QoS_is_each_members()
    {
        await using var server = await TestServer.StartAsync();
        using var a = await server.ConnectAsync("a");
        using var b = await server.ConnectAsync("b");
        await a.SubscribeAsync("$share/g/t", 0);
        await b.SubscribeAsync("$share/h/t", 1);
        Assert.Equal(2, server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
        Assert.Equal(0, (await a.ReadPublishAsync()).PacketId);
        Assert.Equal(1, (await b.ReadPublishAsync()).PacketId);
        await a.SendAsync(Packets.Unsubscribe(2, 5, "$share/g/t"));
        await a.ReadAsync(11);
        Assert.Equal(1, server.Broker.Publish("tests", "t"u8, "y"u8, qos: 1));
    }

    [Fact]
    public async Task What_a_member_did_not_acknowledge_goes_to_another_when_it_dies()
    {
        await using var server = await TestServer.StartAsync();
        using var stays = await server.ConnectAsync("stays");
        using (var dies = await server.ConnectAsync("dies"))
        {
            await dies.SubscribeAsync("$share/g/t", 1);
            for (var i = 0; i < 3; i++)
                server.Broker.Publish("tests", "t"u8, [(byte)('0' + i)], qos: 1);
            for (var i = 0; i < 3; i++)
                await dies.ReadPublishAsync();
            await dies.SendAsync(Packets.PubAck(2));
            await dies.PingAsync();
            await stays.SubscribeAsync("$share/g/t", 1);
        }

        Assert.Equal("0", (await stays.ReadPublishAsync()).Payload);
        Assert.Equal("2", (await stays.ReadPublishAsync()).Payload);
        await stays.PingAsync();
    }

    [Fact]
    [Spec("MQTT-4.8.2-4")]
    public async Task A_QoS_2_message_that_was_sent_stays_with_its_member()
    {
        await using var server = await TestServer.StartAsync();
        using var other = await server.ConnectAsync("other");
        using (var away = await server.ResumeAsync("away", present: false))
        {
            await away.SubscribeAsync("$share/g/t", 2);
            server.Broker.Publish("tests", "t"u8, "x"u8, qos: 2);
            await away.ReadPublishAsync();
            await other.SubscribeAsync("$share/g/t", 2);
        }

        await server.Host.NextGone();
        await other.PingAsync();
        using var back = await server.ResumeAsync("away", present: true);
        Assert.Equal("x", (await back.ReadPublishAsync()).Payload);
        await other.PingAsync();
    }

    [Fact]
    public async Task A_member_that_is_away_is_skipped_while_another_is_there_and_else_keeps_them()
    {
        await using var server = await TestServer.StartAsync();
        using (var away = await server.ResumeAsync("away", present: false))
            await away.SubscribeAsync("$share/g/t", 1);
        await server.Host.NextGone();
        using (var there = await server.ConnectAsync("there"))
        {
            await there.SubscribeAsync("$share/g/t", 1);
            for (var i = 0; i < 4; i++)
                server.Broker.Publish("tests", "t"u8, [(byte)('0' + i)], qos: 1);
            for (var i = 0; i < 4; i++)
                await there.SendAsync(Packets.PubAck((await there.ReadPublishAsync()).PacketId));
            await there.PingAsync();
        }

        await server.Host.NextGone();
        server.Broker.Publish("tests", "t"u8, "kept"u8, qos: 1);
        using var back = await server.ResumeAsync("away", present: true);
        Assert.Equal("kept", (await back.ReadPublishAsync()).Payload);
        await back.PingAsync();
    }

    [Theory]
    [InlineData("$share//t")]
    [InlineData("$share/g")]
    [InlineData("$share/g/")]
    [InlineData("$share/+/t")]
    [InlineData("$share/#/t")]
    [Spec("MQTT-4.8.2-1")]
    [Spec("MQTT-4.8.2-2")]
    public async Task A_malformed_one_is_refused(string filter)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Subscribe(1, 5, (filter, 1)));
        Assert.Equal(0x8F, (await client.ReadAsync(9)).Body[^1]);
    }

    [Fact]
    public async Task The_host_is_asked_about_the_filter_behind_the_share_name()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Subscribe = static (_, filter) => filter == "mine/#";
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Subscribe(1, 5, ("$share/g/mine/#", 1), ("$share/mine/x/#", 1)));
        Assert.Equal([1, 0x87], (await client.ReadAsync(9)).Body[3..]);
    }

    [Fact]
    public async Task Retained_messages_are_not_sent_to_a_shared_subscription()
    {
        await using var server = await TestServer.StartAsync();
        server.Broker.Publish("tests", "t"u8, Encoding.UTF8.GetBytes("x"), retain: true);
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("$share/g/t", 1);
        await client.PingAsync();
    }
}
