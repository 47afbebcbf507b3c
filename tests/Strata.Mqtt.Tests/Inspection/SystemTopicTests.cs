using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Inspection;

/// <summary><c>$SYS/broker/...</c>.</summary>
public sealed class SystemTopicTests
{
    [Fact]
    public async Task A_new_subscriber_gets_them_as_retained_messages_and_later_what_has_changed()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var client = await server.ConnectAsync("c");
        await client.SubscribeAsync("$SYS/broker/clients/connected");
        var first = await client.ReadAsync();
        Assert.Equal(0x31, first.First); // Retained, QoS 0: nothing of it is kept for anybody.
        Assert.Equal(("$SYS/broker/clients/connected", 0, "1"), (first.AsPublish(5).Topic, first.AsPublish(5).PacketId, first.AsPublish(5).Payload));
        using var other = await server.ConnectAsync("d");
        time.Advance(TimeSpan.FromSeconds(10.5));
        var second = await client.ReadAsync();
        Assert.Equal((0x30, "2"), (second.First, second.AsPublish(5).Payload));
    }

    [Fact]
    public async Task The_names_that_tools_read_are_there()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c");
        server.Broker.Publish("tests", "kept"u8, "12345"u8, retain: true);
        await client.SendAsync(Packets.Subscribe(1, 5, ("$SYS/#", 1)));
        await client.ReadAsync(9);
        await client.SendAsync(Packets.PingReq);
        var told = new Dictionary<string, string>();
        for (var packet = await client.ReadAsync(); packet.Type == 3; packet = await client.ReadAsync())
            told.Add(packet.AsPublish(5).Topic["$SYS/broker/".Length..], packet.AsPublish(5).Payload);
        foreach (var name in (string[])
            [
                "version", "uptime", "clients/total", "clients/connected", "clients/disconnected", "clients/maximum", "clients/expired", "messages/received", "messages/sent", "messages/stored",
                "publish/messages/received", "publish/messages/sent", "publish/messages/dropped", "bytes/received", "bytes/sent", "subscriptions/count", "retained messages/count",
                "load/messages/received/1min", "load/messages/sent/5min", "load/bytes/received/15min",
            ])
            Assert.Contains(name, told.Keys);
        Assert.Equal(("1", "1", "1", "1"), (told["clients/connected"], told["subscriptions/count"], told["retained messages/count"], told["messages/stored"]));
    }

    [Fact]
    [Spec("MQTT-4.7.2-1")]
    public async Task Wildcards_at_the_start_do_not_match_them()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var client = await server.ConnectAsync("c");
        await client.SubscribeAsync("#");
        await client.SubscribeAsync("+/broker/uptime");
        time.Advance(TimeSpan.FromSeconds(30));
        await client.PingAsync();
    }

    [Fact]
    public async Task Nobody_publishes_to_them()
    {
        await using var server = await TestServer.StartAsync(static o => o.SysInterval = TimeSpan.Zero);
        using var reader = await server.ConnectAsync("reader");
        await reader.SubscribeAsync("$SYS/#");
        using (var client = await server.ConnectAsync("c", 5, static c => c.Will = ("$SYS/broker/will", "x", 0, true)))
        {
            await client.SendAsync(Packets.Publish("$SYS/broker/uptime", "x", 1), Packets.Publish("$SYS/broker/uptime", "x", 2, qos: 2), Packets.Publish("$SYS", "x", qos: 0));
            Assert.Equal(0x87, (await client.ReadAsync(4)).Body[2]);
            Assert.Equal(0x87, (await client.ReadAsync(5)).Body[2]);
            await client.PingAsync();
        }

        await server.Host.NextGone();
        await reader.PingAsync();
        using var later = await server.ConnectAsync("later");
        await later.SubscribeAsync("$SYS/#");
        await later.PingAsync();
    }

    [Fact]
    public async Task A_namespace_is_told_of_itself_alone_and_the_host_decides_who_may_read()
    {
        await using var server = await TestServer.StartAsync(prepare: static host =>
        {
            host.Connect = static (request, _) => new(ConnectDecision.Accept(request.ClientId));
            host.Subscribe = static (client, filter) => client.ClientId != "denied" || !filter.StartsWith('$');
        });
        using var one = await server.ConnectAsync("one");
        using var two = await server.ConnectAsync("two");
        using var denied = await server.ConnectAsync("denied");
        await one.SubscribeAsync("$SYS/broker/clients/connected");
        Assert.Equal("1", (await one.ReadPublishAsync()).Payload);
        await denied.SendAsync(Packets.Subscribe(1, 5, ("$SYS/#", 0)));
        Assert.Equal((byte)MqttReasonCode.NotAuthorized, (await denied.ReadAsync(9)).Body[^1]);
        await denied.PingAsync();
    }
}
