using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Sessions;

/// <summary>What outlives a connection, and for how long.</summary>
public class SessionTests
{
    /// <summary>Where the sessions are kept; null: in memory.</summary>
    protected virtual string? Data => null;

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [Spec("MQTT-3.1.2-5")]
    public async Task A_client_that_was_away_gets_what_came_meanwhile_in_order_but_no_QoS_0(byte version)
    {
        await using var server = await StartAsync();
        using (var first = await server.ResumeAsync("c", present: false, version))
            await first.SubscribeAsync("t/#", 2);
        await server.Host.NextGone();
        for (var i = 0; i < 5; i++)
            server.Broker.Publish("tests", "t/a"u8, [(byte)('0' + i)], qos: (byte)(i % 3));
        using var again = await server.ResumeAsync("c", present: true, version);
        foreach (var expected in (string[])["1", "2", "4"])
            Assert.Equal(expected, (await again.ReadPublishAsync()).Payload);
        await again.PingAsync();
    }

    [Fact]
    public async Task The_host_hears_of_subscriptions_when_the_client_has_them_and_what_it_says_then_arrives_once()
    {
        await using var server = await StartAsync();
        server.Host.OnSubscribed = (_, filters) => server.Broker.Publish("tests", "news"u8, System.Text.Encoding.UTF8.GetBytes(string.Join(' ', filters.Order())), qos: 1);
        using (var first = await server.ResumeAsync("c", present: false))
        {
            await first.SendAsync(Packets.Subscribe(7, 5, ("news", 1), ("$share/g/other", 1), ("bad/#/filter", 1)));
            var arrived = await first.ReadByTypeAsync(2);
            Assert.Equal((1, 1), (arrived[9].Count(), arrived[3].Count()));
        }

        await server.Host.NextGone();
        using var again = await server.ResumeAsync("c", present: true);
        var said = new[] { (await again.ReadPublishAsync()).Payload, (await again.ReadPublishAsync()).Payload };
        Assert.Equal(["$share/g/other news", "$share/g/other news"], said); // Once of before, never acknowledged, and once of now.
        await again.PingAsync();
    }

    [Fact]
    [Spec("MQTT-3.1.2-4")]
    [Spec("MQTT-3.2.2-2")]
    [Spec("MQTT-3.2.2-3")]
    public async Task A_clean_start_ends_the_session_that_is_there()
    {
        await using var server = await StartAsync();
        using (var first = await server.ResumeAsync("c", present: false))
            await first.SubscribeAsync("t");
        await server.Host.NextGone();
        using (var clean = await server.ResumeAsync("c", present: false, with: static c => c.CleanStart = true))
        {
            Assert.Equal(0, server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
            await clean.PingAsync();
        }

        await server.Host.NextGone();
        using var again = await server.ResumeAsync("c", present: true);
    }

    [Fact]
    [Spec("MQTT-3.1.2-23")]
    [Spec("MQTT-4.1.0-2")]
    public async Task A_session_ends_when_its_expiry_is_over_and_not_before()
    {
        var time = new FakeTimeProvider();
        await using var server = await StartAsync(time: time);
        using (var first = await server.ResumeAsync("c", present: false, expiry: 100))
            await first.SubscribeAsync("t");
        await server.Host.NextGone();
        time.Advance(TimeSpan.FromSeconds(99));
        Assert.Equal(1, server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
        using (await server.ResumeAsync("c", present: true, expiry: 100))
        {
        }

        await server.Host.NextGone();
        time.Advance(TimeSpan.FromSeconds(101));
        Assert.Equal(0, server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
        using var late = await server.ResumeAsync("c", present: false);
    }

    [Fact]
    public async Task The_longest_expiry_is_enforced_and_told_and_DISCONNECT_may_change_it()
    {
        var time = new FakeTimeProvider();
        await using var server = await StartAsync(static o => o.MaxSessionExpiry = TimeSpan.FromSeconds(50), time);
        using (var client = await server.OpenAsync())
        {
            await client.SendAsync(new ConnectBuilder { ClientId = "c", Properties = Packets.Properties([0x11, 0xFF, 0xFF, 0xFF, 0xFF]) }.Build());
            Assert.Equal([0x11, 0, 0, 0, 50], (await client.ReadAsync(2)).Body[3..8]);
            await client.SubscribeAsync("t");
            await client.SendAsync(Packets.Frame(0xE0, [0, .. Packets.Properties([0x11, 0, 0, 0, 10])]));
            await client.AssertClosedAsync();
        }

        await server.Host.NextGone();
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(0, server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
    }

    [Fact]
    [Spec("MQTT-4.4.0-1")]
    [Spec("MQTT-3.3.1-1")]
    [Spec("MQTT-4.6.0-1")]
    public async Task What_was_sent_and_not_acknowledged_is_sent_again_in_order_with_DUP_and_its_id()
    {
        await using var server = await StartAsync();
        var ids = new List<int>();
        using (var first = await server.ResumeAsync("c", present: false))
        {
            await first.SubscribeAsync("t", 1);
            for (var i = 0; i < 4; i++)
            {
                server.Broker.Publish("tests", "t"u8, [(byte)('0' + i)], qos: 1);
                ids.Add((await first.ReadPublishAsync()).PacketId);
            }

            await first.SendAsync(Packets.PubAck(ids[1]));
            await first.PingAsync();
        }

        await server.Host.NextGone();
        server.Broker.Publish("tests", "t"u8, "later"u8, qos: 1);
        using var again = await server.ResumeAsync("c", present: true);
        foreach (var i in (int[])[0, 2, 3])
        {
            var packet = await again.ReadAsync(3);
            Assert.Equal(0x3A, packet.First);
            var (_, id, _, payload) = packet.AsPublish(5);
            Assert.Equal((ids[i], $"{i}"), (id, payload));
        }

        var later = await again.ReadAsync(3);
        Assert.Equal((0x32, "later"), (later.First, later.AsPublish(5).Payload));
    }

    [Fact]
    [Spec("MQTT-3.3.4-9")]
    public async Task A_smaller_receive_maximum_holds_for_what_is_sent_again()
    {
        await using var server = await StartAsync();
        using (var first = await server.ResumeAsync("c", present: false))
        {
            await first.SubscribeAsync("t", 1);
            for (var i = 0; i < 3; i++)
                server.Broker.Publish("tests", "t"u8, [(byte)('0' + i)], qos: 1);
            for (var i = 0; i < 3; i++)
                await first.ReadPublishAsync();
        }

        await server.Host.NextGone();
        using var again = await server.ResumeAsync("c", present: true, with: static c => c.Properties = Packets.Properties([0x11, 0, 0, 2, 0], [0x21, 0, 1]));
        for (var i = 0; i < 3; i++)
        {
            var (_, id, _, payload) = await again.ReadPublishAsync();
            Assert.Equal($"{i}", payload);
            await again.PingAsync(); // Nothing else comes before the acknowledgement.
            await again.SendAsync(Packets.PubAck(id));
        }

        await again.PingAsync();
    }

    [Theory]
    [InlineData(QueueOverflow.DropOldest, "6", "7", "8")]
    [InlineData(QueueOverflow.DropNewest, "0", "1", "2")]
    public async Task The_queue_of_a_client_that_is_away_is_bounded(QueueOverflow policy, params string[] kept)
    {
        await using var server = await StartAsync(o => (o.MaxQueuedMessagesPerClient, o.WhenAwayQueueIsFull) = (3, policy));
        using (var first = await server.ResumeAsync("c", present: false))
            await first.SubscribeAsync("t", 1);
        await server.Host.NextGone();
        for (var i = 0; i < 9; i++)
            server.Broker.Publish("tests", "t"u8, [(byte)('0' + i)], qos: 1);
        using var again = await server.ResumeAsync("c", present: true);
        foreach (var expected in kept)
            Assert.Equal(expected, (await again.ReadPublishAsync()).Payload);
        await again.PingAsync();
    }

    [Fact]
    public async Task A_session_beyond_the_limit_is_refused_and_one_that_ends_makes_room()
    {
        await using var server = await StartAsync(static o => o.MaxSessions = 2);
        using (await server.ResumeAsync("a", present: false))
        {
        }

        await server.Host.NextGone();
        using (await server.ConnectAsync("b"))
        {
            using var refused = await server.OpenAsync();
            await refused.SendAsync(new ConnectBuilder { ClientId = "d" }.Build());
            Assert.Equal(0x97, (await refused.ReadAsync(2)).Body[1]);
            using var known = await server.ResumeAsync("a", present: true);
        }

        await server.Host.NextGone();
        await server.Host.NextGone();
        using var next = await server.ConnectAsync("d");
    }

    [Fact]
    [Spec("MQTT-3.1.4-3")]
    public async Task A_takeover_takes_the_subscriptions_and_what_is_unacknowledged_along()
    {
        await using var server = await StartAsync();
        using var first = await server.ResumeAsync("c", present: false);
        await first.SubscribeAsync("t", 1);
        server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1);
        var id = (await first.ReadPublishAsync()).PacketId;
        using var second = await server.ResumeAsync("c", present: true);
        await first.AssertDisconnectedAsync(MqttReasonCode.SessionTakenOver);
        Assert.Equal((id, "x"), ((await second.ReadPublishAsync()) is var again ? (again.PacketId, again.Payload) : default));
        server.Broker.Publish("tests", "t"u8, "y"u8, qos: 1);
        Assert.Equal("y", (await second.ReadPublishAsync()).Payload);
    }

    [Fact]
    public async Task Takeovers_racing_with_subscribe_and_unsubscribe_leave_one_subscription_that_works()
    {
        await using var server = await StartAsync();
        var clients = new List<RawClient>();
        for (var round = 0; round < 60; round++)
        {
            clients.Add(await server.OpenAsync());
            await clients[^1].SendAsync(
                new ConnectBuilder { ClientId = "c", CleanStart = round % 3 == 0, Properties = Packets.Properties([0x11, 0, 0, 2, 0]) }.Build(),
                Packets.Subscribe(1, 5, ("t", 1), ("u", 1)), Packets.Unsubscribe(2, 5, "u"));
        }

        // Connections have no order among themselves: the one handled last has the session, whichever that is.
        const int UnsubAck = 11, Disconnect = 14, Publish = 3;
        var unsubscribed = new List<RawClient>();
        foreach (var client in clients)
            if (await UntilAsync(client, UnsubAck, Disconnect) is { Type: UnsubAck })
                unsubscribed.Add(client);
        // One that was taken over while it was welcomed may still be ending the session before its own; it is gone once it has.
        for (var gone = 1; gone < clients.Count; gone++)
            await server.Host.NextGone();
        Assert.Equal(1, server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
        Assert.Equal(0, server.Broker.Publish("tests", "u"u8, "x"u8, qos: 1));
        var received = new List<ServerPacket?>();
        foreach (var client in unsubscribed)
            received.Add(await UntilAsync(client, Publish, Disconnect));
        Assert.Equal("x", Assert.Single(received, static packet => packet?.Type == Publish)!.AsPublish(5).Payload);
        clients.ForEach(static client => client.Dispose());

        static async Task<ServerPacket?> UntilAsync(RawClient client, params int[] types)
        {
            var packet = await client.TryReadAsync();
            while (packet is not null && !types.Contains(packet.Type))
                packet = await client.TryReadAsync();
            return packet;
        }
    }

    [Fact]
    public async Task A_session_without_expiry_ends_with_its_connection_also_when_that_is_taken_over()
    {
        await using var server = await StartAsync();
        using var first = await server.ConnectAsync("c");
        await first.SubscribeAsync("t");
        using var second = await server.ResumeAsync("c", present: false);
        Assert.Equal(0, server.Broker.Publish("tests", "t"u8, "x"u8, qos: 1));
    }

    private Task<TestServer> StartAsync(Action<MqttOptions>? configure = null, TimeProvider? time = null) => TestServer.StartAsync(
        options =>
        {
            options.DataDirectory = Data;
            configure?.Invoke(options);
        },
        time);
}
