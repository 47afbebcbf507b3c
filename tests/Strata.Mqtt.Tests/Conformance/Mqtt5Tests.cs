using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Conformance;

/// <summary>Statements of MQTT 5.0 that no other test holds, on connections of protocol version 5.</summary>
public sealed class Mqtt5Tests
{
    private static readonly byte[] IllFormed = Packets.Binary([0xC3, 0x28]);

    [Fact]
    [Spec5("1.5.7-1"), Spec5("3.1.3-4"), Spec5("3.1.3-11"), Spec5("3.1.3-12"), Spec5("3.3.2-1"), Spec5("3.3.2-13"), Spec5("3.3.2-19"), Spec5("3.8.3-1"), Spec5("3.10.3-1")]
    public async Task Text_that_is_no_UTF8_ends_the_connection_wherever_it_stands()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var packet in (byte[][])[
            Packets.Frame(0x30, [.. IllFormed, 0]),
            Packets.Publish("t", "x", qos: 0, properties: Packets.Properties([0x26, .. IllFormed, .. Packets.Text("v")])),
            Packets.Publish("t", "x", qos: 0, properties: Packets.Properties([0x26, .. Packets.Text("n"), .. IllFormed])),
            Packets.Publish("t", "x", qos: 0, properties: Packets.Properties([0x08, .. IllFormed])),
            Packets.Publish("t", "x", qos: 0, properties: Packets.Properties([0x03, .. IllFormed])),
            Packets.Frame(0x82, [0, 1, 0, .. IllFormed, 0]), Packets.Frame(0xA2, [0, 1, 0, .. IllFormed])])
        {
            using var client = await server.ConnectAsync();
            await client.SendAsync(packet);
            await AssertEndsAsync(client);
        }

        byte[] head = [.. Packets.Text("MQTT"), 5];
        foreach (var body in (byte[][])[
            [.. head, 0x02, 0, 0, 0, .. IllFormed],
            [.. head, 0x06, 0, 0, 0, .. Packets.Text("c"), 0, .. IllFormed, .. Packets.Text("will")],
            [.. head, 0x82, 0, 0, 0, .. Packets.Text("c"), .. IllFormed]])
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(Packets.Frame(0x10, body));
            await AssertEndsAsync(client);
        }
    }

    [Theory]
    [InlineData(0x60, 0x81)]
    [InlineData(0xA0, 0x81)]
    [InlineData(0xE1, 0x81)]
    [InlineData(0xF1, 0x81)]
    [Spec5("3.6.1-1"), Spec5("3.10.1-1"), Spec5("3.14.1-1"), Spec5("3.15.1-1"), Spec5("4.13.1-1"), Spec5("4.13.2-1"), Spec5("3.14.4-1"), Spec5("3.14.4-2"), Spec5("3.14.2-1")]
    public async Task Reserved_flags_end_the_connection_with_a_DISCONNECT_and_nothing_after_it(byte first, byte code)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Frame(first, (first >> 4) == 10 ? [0, 1, 0, .. Packets.Text("a")] : (first >> 4) == 6 ? [0, 1] : []));
        await client.AssertDisconnectedAsync((MqttReasonCode)code);
    }

    [Fact]
    [Spec5("3.3.1-4"), Spec5("3.3.2-2"), Spec5("3.3.4-6"), Spec5("4.7.0-1"), Spec5("4.7.3-1"), Spec5("4.7.3-2"), Spec5("3.3.2-14")]
    public async Task A_PUBLISH_that_cannot_be_ends_the_connection()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var packet in (byte[][])[
            Packets.Frame(0x36, [.. Packets.Text("t"), 0, 1, 0]), Packets.Publish("a/+", "x", qos: 0), Packets.Publish("#", "x", qos: 0), Packets.Publish("", "x", qos: 0),
            Packets.Publish("a\0b", "x", qos: 0), Packets.Publish("t", "x", qos: 0, properties: Packets.Properties([0x0B, 1])),
            Packets.Publish("t", "x", qos: 0, properties: Packets.Properties([0x08, .. Packets.Text("a/+")]))])
        {
            using var client = await server.ConnectAsync();
            await client.SendAsync(packet);
            await AssertEndsAsync(client);
        }
    }

    [Theory]
    [InlineData(0x82, 0)]
    [InlineData(0x02, 1)]
    [InlineData(0x42, 0)]
    [InlineData(0x82, 2)]
    [InlineData(0x06, 0)]
    [Spec5("3.1.2-9"), Spec5("3.1.2-16"), Spec5("3.1.2-17"), Spec5("3.1.2-18"), Spec5("3.1.2-19"), Spec5("3.1.4-1")]
    public async Task A_CONNECT_whose_flags_and_fields_do_not_agree_ends_the_connection(byte flags, int fields)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.OpenAsync();
        byte[] payload = Packets.Text("c");
        for (var i = 0; i < fields; i++)
            payload = [.. payload, .. Packets.Text("x")];
        await client.SendAsync(Packets.Frame(0x10, [.. Packets.Text("MQTT"), 5, flags, 0, 0, 0, .. payload]));
        await AssertEndsAsync(client);
        Assert.Empty(server.Host.Connects);
    }

    [Fact]
    [Spec5("3.1.2-1"), Spec5("3.1.4-2"), Spec5("3.1.4-6"), Spec5("3.2.2-6"), Spec5("3.2.2-7"), Spec5("3.2.2-8"), Spec5("3.14.0-1"), Spec5("3.1.3-8")]
    public async Task A_CONNECT_that_is_refused_is_answered_once_and_nothing_after_it_is_processed()
    {
        await using var server = await TestServer.StartAsync();
        (await server.ResumeAsync("c", present: false)).Dispose();
        await server.Host.NextGone();
        using var watcher = await server.ConnectAsync("w");
        await watcher.SubscribeAsync("t", 0);
        server.Host.Connect = static (request, _) => new(request.ClientId == "c" ? ConnectDecision.Refuse(MqttReasonCode.NotAuthorized) : ConnectDecision.Accept("tests"));
        foreach (var (connect, code) in ((ConnectBuilder, byte)[])[
            (new ConnectBuilder { ClientId = "c", CleanStart = false }, 0x87), (new ConnectBuilder { ClientId = new string('x', 300) }, 0x85), (new ConnectBuilder { Protocol = "MQTX" }, 0x84)])
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(connect.Build(), Packets.Publish("t", "x", qos: 0));
            Assert.Equal([0, code], (await client.ReadAsync(2)).Body[..2]);
            await client.AssertClosedAsync();
        }

        await watcher.PingAsync();
    }

    [Fact]
    [Spec5("3.1.2-6"), Spec5("3.1.3-2"), Spec5("3.1.4-4"), Spec5("3.1.4-5"), Spec5("3.2.0-1"), Spec5("3.2.0-2"), Spec5("3.2.2-1"), Spec5("4.1.0-1"), Spec5("4.5.0-1"), Spec5("4.2-1")]
    public async Task CONNACK_comes_first_and_once_and_the_session_is_that_of_the_client_id()
    {
        await using var server = await TestServer.StartAsync();
        using (var client = await server.ResumeAsync("c", present: false))
            await client.SubscribeAsync("t", 1);
        await server.Host.NextGone();
        server.Broker.Publish("tests", "t"u8, "waits"u8, qos: 1);
        using var other = await server.ResumeAsync("d", present: false);
        using var again = await server.OpenAsync();
        await again.SendAsync(new ConnectBuilder { ClientId = "c", CleanStart = false, Properties = Packets.Properties([0x11, 0, 0, 1, 0]) }.Build());
        var connAck = await again.ReadAsync();
        Assert.Equal((0x20, 1, 0), (connAck.First, connAck.Body[0], connAck.Body[1]));
        Assert.Equal("waits", (await again.ReadPublishAsync()).Payload);
        await again.PingAsync();
        using var takeover = await server.ResumeAsync("c", present: true); // Not discarded while its connection was open.
        await other.PingAsync();
    }

    [Theory]
    [InlineData("0123456789abcdefghijklm")]
    [InlineData("nopqrstuvwxyzABCDEFGHIJ")]
    [InlineData("KLMNOPQRSTUVWXYZ")]
    [Spec5("3.1.3-3"), Spec5("3.1.3-5")]
    public async Task A_client_id_that_must_be_allowed_is(string clientId)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync(clientId);
        Assert.True(server.Host.Connects.ContainsKey(clientId));
    }

    [Fact]
    [Spec5("3.1.3-7"), Spec5("3.1.3-1"), Spec5("3.1.2-7"), Spec5("3.1.2-10"), Spec5("3.1.2-14"), Spec5("3.1.3-10")]
    public async Task The_fields_of_CONNECT_are_read_in_their_order_and_the_will_is_sent_once_with_its_properties_in_order()
    {
        await using var server = await TestServer.StartAsync();
        using var watcher = await server.ConnectAsync("w");
        await watcher.SubscribeAsync("will", 8); // Retain as published.
        var properties = Packets.Properties(Packets.User("a", "1"), Packets.User("b", "2"), Packets.User("a", "3"));
        using (var client = await server.OpenAsync())
        {
            await client.SendAsync(new ConnectBuilder { ClientId = "", UserName = "u", Password = "p"u8.ToArray(), Will = ("will", "gone", 0, false), WillProperties = properties }.Build());
            var connAck = await client.ReadAsync(2);
            Assert.Equal(0, connAck.Body[1]);
            var (assigned, request) = server.Host.Connects.Single(static c => c.Key != "w");
            Assert.Contains(assigned, Encoding.UTF8.GetString(connAck.Body), StringComparison.Ordinal);
            Assert.Equal(("u", "p"), (request.UserName, Encoding.ASCII.GetString(request.Password.Span)));
        }

        var will = await watcher.ReadAsync(3);
        Assert.Equal((0x30, "gone"), (will.First, will.AsPublish(5).Payload));
        Assert.Equal(properties[1..], will.AsPublish(5).Properties);
        await watcher.PingAsync();
    }

    [Fact]
    [Spec5("3.2.2-22")]
    public async Task The_clients_own_keep_alive_holds_when_the_server_names_none()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var client = await server.ConnectAsync("c", with: static c => c.KeepAlive = 10);
        time.Advance(TimeSpan.FromSeconds(14));
        await client.PingAsync();
        time.Advance(TimeSpan.FromSeconds(16));
        await AssertEndsAsync(client);
    }

    [Fact]
    [Spec5("2.2.1-2"), Spec5("2.2.1-4"), Spec5("2.2.2-1"), Spec5("3.3.1-2"), Spec5("3.3.1-3"), Spec5("4.3.1-1"), Spec5("4.3.2-1"), Spec5("4.3.2-2"), Spec5("4.3.3-2"), Spec5("4.3.2-3"), Spec5("4.3.3-3"), Spec5("3.1.2-27")]
    public async Task Deliveries_have_DUP_when_they_are_sent_again_only_and_an_id_of_their_own_with_QoS_1_and_2()
    {
        await using var server = await TestServer.StartAsync();
        var ids = new Dictionary<string, int>();
        using (var client = await server.ResumeAsync("c", present: false))
        {
            await client.SendAsync(Packets.Subscribe(1, 5, ("q0", 0), ("q1", 1), ("q2", 2)));
            await client.ReadAsync(9);
            using var publisher = await server.ConnectAsync("p");
            await publisher.SendAsync(
                Packets.Publish("q0", "0", qos: 0), Packets.Publish("q1", "1", 1, 1, duplicate: true), Packets.Publish("q2", "2", 2, 2, duplicate: true), Packets.Publish("q1", "3", 3, 1));
            var zero = await client.ReadAsync(3);
            Assert.Equal((0x30, 2 + 2 + 1 + 1), (zero.First, zero.Body.Length)); // Topic, no packet id, property length 0, payload.
            foreach (var (payload, first) in ((string, int)[])[("1", 0x32), ("2", 0x34), ("3", 0x32)])
            {
                var sent = await client.ReadAsync(3);
                Assert.Equal((first, payload), (sent.First, sent.AsPublish(5).Payload));
                Assert.Empty(sent.AsPublish(5).Properties); // No topic alias: the client takes none.
                ids.Add(payload, sent.AsPublish(5).PacketId);
            }

            Assert.Equal(3, ids.Values.Where(static id => id > 0).Distinct().Count());
        }

        using var again = await server.ResumeAsync("c", present: true);
        foreach (var (payload, first) in ((string, int)[])[("1", 0x3A), ("2", 0x3C), ("3", 0x3A)])
        {
            var sent = await again.ReadAsync(3);
            Assert.Equal((first, payload, ids[payload]), (sent.First, sent.AsPublish(5).Payload, sent.AsPublish(5).PacketId));
        }
    }

    [Fact]
    [Spec5("2.2.1-5"), Spec5("3.3.4-1"), Spec5("4.3.2-5"), Spec5("3.4.2-1"), Spec5("3.5.2-1"), Spec5("3.7.2-1"), Spec5("4.3.3-9"), Spec5("3.5.2-2"), Spec5("4.6.0-5"), Spec5("4.6.0-6")]
    public async Task Publishes_are_answered_with_their_id_and_a_refused_id_is_free_again()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = static (_, publish) => publish.Topic == "no" ? PublishVerdict.Refuse(MqttReasonCode.NotAuthorized, new string('r', 200)) : PublishVerdict.Route;
        using var subscriber = await server.ConnectAsync("s");
        await subscriber.SubscribeAsync("t", 0);
        using var client = await server.ConnectAsync("c", with: static c => c.Properties = Packets.Properties([0x27, 0, 0, 0, 40]));
        await client.SendAsync(Packets.Publish("t", "1", 11), Packets.Publish("t", "2", 12, 2), Packets.Publish("no", "", 13), Packets.Publish("no", "", 14, 2));
        var answers = await client.ReadByTypeAsync(4);
        Assert.Equal(["000B", "000D8700"], answers[4]); // Without its reason: that would be longer than the client takes.
        Assert.Equal(["000C", "000E8700"], answers[5]);
        await client.SendAsync(Packets.Publish("t", "3", 11, duplicate: true), Packets.Publish("t", "4", 14, 2), Packets.PubRel(12), Packets.PubRel(14), Packets.PubRel(99));
        answers = await client.ReadByTypeAsync(5);
        Assert.Equal(["000B"], answers[4]);
        Assert.Equal(["000E"], answers[5]);
        Assert.Equal(["000C", "000E", "006392"], answers[7]);
        for (var i = 1; i <= 4; i++)
            Assert.Equal($"{i}", (await subscriber.ReadPublishAsync()).Payload);
        await subscriber.PingAsync();
    }

    [Fact]
    [Spec5("2.2.1-6"), Spec5("3.8.4-1"), Spec5("3.8.4-2"), Spec5("3.8.4-5"), Spec5("3.8.4-6"), Spec5("3.8.4-7"), Spec5("3.9.3-2"), Spec5("3.10.4-2"), Spec5("3.10.4-3"), Spec5("3.10.4-5"), Spec5("3.10.4-6"), Spec5("3.11.3-2"), Spec5("3.12.4-1")]
    public async Task SUBSCRIBE_and_UNSUBSCRIBE_are_answered_once_with_a_code_for_each_filter()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Subscribe = static (_, filter) => filter != "forbidden";
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Subscribe(4711, 5, ("a/+", 2), ("forbidden", 1), ("b", 1), ("bad/#/x", 1)));
        var subAck = await client.ReadAsync(9);
        Assert.Equal((4711, 0), (subAck.PacketId, subAck.Body[2]));
        Assert.Equal([2, 0x87, 1, 0x8F], subAck.Body[3..]);
        server.Broker.Publish("tests", "a/x"u8, "under way"u8, qos: 2);
        var sent = await client.ReadPublishAsync();
        await client.SendAsync(Packets.Unsubscribe(4712, 5, "a/+", "never"));
        var unsubAck = await client.ReadAsync(11);
        Assert.Equal((4712, 0), (unsubAck.PacketId, unsubAck.Body[2]));
        Assert.Equal([0, 0x11], unsubAck.Body[3..]);
        await client.SendAsync(Packets.PubRec(sent.PacketId));
        Assert.Equal(sent.PacketId, (await client.ReadAsync(6)).PacketId);
        server.Broker.Publish("tests", "a/x"u8, "no more"u8, qos: 2);
        server.Broker.Publish("tests", "b"u8, "still"u8);
        Assert.Equal("still", (await client.ReadPublishAsync()).Payload);
        await client.SendAsync(Packets.PingReq);
        Assert.Equal(0xD0, (await client.ReadAsync(13)).First);
    }

    [Fact]
    [Spec5("3.3.1-7"), Spec5("3.8.4-4")]
    public async Task A_filter_subscribed_again_gets_its_retained_messages_again_but_none_that_is_empty()
    {
        await using var server = await TestServer.StartAsync();
        server.Broker.Publish("tests", "r/kept"u8, "kept"u8, qos: 1, retain: true);
        server.Broker.Publish("tests", "r/empty"u8, default, qos: 1, retain: true);
        using var client = await server.ConnectAsync();
        for (var i = 0; i < 2; i++)
        {
            await client.SubscribeAsync("r/#", 0);
            Assert.Equal("kept", (await client.ReadPublishAsync()).Payload);
            await client.PingAsync();
        }
    }

    [Fact]
    [Spec5("3.3.2-3"), Spec5("4.7.3-4"), Spec5("4.7.3-3")]
    public async Task Topics_are_matched_as_they_are()
    {
        await using var server = await TestServer.StartAsync(static options => (options.MaxTopicBytes, options.MaxPacketSize) = (65_535, 200_000));
        using var client = await server.ConnectAsync();
        var longest = new string('t', 65_535);
        await client.SendAsync(Packets.Subscribe(1, 5, ("A/+", 0), ("e\u0301", 0), (longest, 0)));
        await client.ReadAsync(9);
        foreach (var topic in (string[])["a/b", "A/b/c", "A/b", "\u00E9", "e\u0301", longest])
            await client.SendAsync(Packets.Publish(topic, "", qos: 0));
        foreach (var expected in (string[])["A/b", "e\u0301", longest])
            Assert.Equal(expected, (await client.ReadPublishAsync()).Topic);
    }

    [Fact]
    [Spec5("3.3.4-10"), Spec5("4.9.0-1"), Spec5("4.9.0-2"), Spec5("4.9.0-3")]
    public async Task Beyond_the_clients_receive_maximum_nothing_of_QoS_1_is_sent_but_all_else_is()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", with: static c => c.Properties = Packets.Properties([0x21, 0, 2]));
        await client.SubscribeAsync("t", 1);
        for (var i = 1; i <= 4; i++)
            server.Broker.Publish("tests", "t"u8, Encoding.ASCII.GetBytes($"{i}"), qos: 1);
        var (first, second) = (await client.ReadPublishAsync(), await client.ReadPublishAsync());
        await client.PingAsync();
        await client.SendAsync(Packets.Publish("elsewhere", "x", 7), Packets.Subscribe(9, 5, ("u", 0)));
        Assert.Equal([4, 9], (await client.ReadByTypeAsync(2)).Select(static g => g.Key).Order());
        await client.SendAsync(Packets.PubAck(second.PacketId));
        Assert.Equal("3", (await client.ReadPublishAsync()).Payload);
        await client.PingAsync();
        await client.SendAsync(Packets.PubAck(first.PacketId));
        Assert.Equal("4", (await client.ReadPublishAsync()).Payload);
    }

    [Fact]
    [Spec5("3.3.2-11")]
    public async Task No_topic_alias_towards_a_client_is_above_its_maximum()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", with: static c => c.Properties = Packets.Properties([0x22, 0, 2]));
        await client.SubscribeAsync("#", 0);
        for (var i = 0; i < 12; i++)
            server.Broker.Publish("tests", Encoding.ASCII.GetBytes($"t/{i % 4}"), "x"u8);
        for (var i = 0; i < 12; i++)
        {
            var properties = (await client.ReadPublishAsync()).Properties;
            Assert.True(properties is [] or [0x23, 0, 1 or 2], Convert.ToHexString(properties));
        }
    }

    [Fact]
    [Spec5("3.14.2-2"), Spec5("3.14.2-3")]
    public async Task DISCONNECT_has_no_expiry_and_no_reason_that_is_longer_than_the_client_takes()
    {
        await using var server = await TestServer.StartAsync();
        using var small = await server.ConnectAsync("small", with: static c => c.Properties = Packets.Properties([0x27, 0, 0, 0, 20]));
        using var large = await server.ConnectAsync("large");
        server.Host.Verdict = static (client, _) =>
        {
            client.Disconnect(MqttReasonCode.QuotaExceeded, "A reason of some length.");
            return PublishVerdict.Deferred;
        };
        foreach (var client in (RawClient[])[small, large])
            await client.SendAsync(Packets.Publish("t", "x", qos: 0));
        var shortened = await small.ReadAsync(14);
        Assert.Equal(0x97, shortened.Body[0]);
        Assert.True(shortened.Body is [_] or [_, 0]);
        var whole = await large.ReadAsync(14);
        Assert.Equal((0x97, 0x1F), (whole.Body[0], whole.Body[2])); // Its one property is the reason.
        Assert.Equal(whole.Body.Length, 5 + "A reason of some length.".Length);
    }

    [Fact]
    [Spec5("4.3.3-7"), Spec5("4.3.3-13"), Spec5("4.6.0-4"), Spec5("3.6.2-1")]
    public async Task A_QoS_2_exchange_that_has_begun_goes_on_whatever_has_expired()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var client = await server.ConnectAsync();
        await client.SubscribeAsync("t", 2);
        var expiry = Packets.Properties([0x02, 0, 0, 0, 1]);
        await client.SendAsync(Packets.Publish("t", "1", 1, 2, properties: expiry), Packets.Publish("t", "2", 2, 2, properties: expiry));
        var packets = new[] { await client.ReadAsync(), await client.ReadAsync(), await client.ReadAsync(), await client.ReadAsync() };
        var sent = packets.Where(static p => p.Type == 3).Select(static p => p.AsPublish(5).PacketId).ToList();
        Assert.Equal(2, sent.Count);
        time.Advance(TimeSpan.FromSeconds(5));
        await client.SendAsync(Packets.PubRel(1), Packets.PubRel(2), Packets.PubRec(sent[1]), Packets.PubRec(sent[0]));
        var answers = new[] { await client.ReadAsync(), await client.ReadAsync(), await client.ReadAsync(), await client.ReadAsync() };
        Assert.Equal([1, 2], answers.Where(static p => p.Type == 7).Select(static p => p.PacketId));
        Assert.Equal([sent[1], sent[0]], answers.Where(static p => p.Type == 6).Select(static p => p.PacketId)); // In the order of PUBREC.
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [Spec5("4.4.0-2"), Spec5("4.8.2-6")]
    public async Task What_a_client_refuses_is_done_and_goes_to_no_other(byte qos)
    {
        await using var server = await TestServer.StartAsync();
        using var other = await server.ConnectAsync("other");
        int refused;
        using (var client = await server.ResumeAsync("c", present: false))
        {
            await client.SubscribeAsync("$share/g/t", qos);
            server.Broker.Publish("tests", "t"u8, "x"u8, qos);
            refused = (await client.ReadPublishAsync()).PacketId;
            await other.SubscribeAsync("$share/g/t", qos);
            await client.SendAsync(Packets.Frame((byte)(qos == 1 ? 0x40 : 0x50), [.. Packets.U16(refused), 0x97, 0]));
            await client.PingAsync();
        }

        using (var again = await server.ResumeAsync("c", present: true))
            await again.PingAsync();
        using var clean = await server.ConnectAsync("c");
        await other.PingAsync();
    }

    [Fact]
    [Spec5("4.8.2-5")]
    public async Task A_QoS_2_message_that_was_sent_to_a_member_goes_to_no_other_when_its_session_ends()
    {
        await using var server = await TestServer.StartAsync();
        using var other = await server.ConnectAsync("other");
        using (var client = await server.ResumeAsync("c", present: false))
        {
            await client.SubscribeAsync("$share/g/t", 2);
            server.Broker.Publish("tests", "t"u8, "x"u8, qos: 2);
            await client.ReadPublishAsync();
        }

        await server.Host.NextGone();
        await other.SubscribeAsync("$share/g/t", 2);
        using var clean = await server.ConnectAsync("c"); // Ends the session.
        await other.PingAsync();
    }

    [Fact]
    [Spec5("4.12.0-6")]
    public async Task Without_an_authentication_method_in_CONNECT_the_server_speaks_of_none()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.FindPassword = static _ => null;
        using var client = await server.OpenAsync();
        await client.SendAsync(new ConnectBuilder { ClientId = "c" }.Build());
        var connAck = await client.ReadAsync();
        Assert.Equal(2, connAck.Type);
        Assert.DoesNotContain("SCRAM", Encoding.Latin1.GetString(connAck.Body), StringComparison.Ordinal);
        await client.PingAsync();
    }

    /// <summary>A DISCONNECT or CONNACK may come; then it is the end.</summary>
    private static async Task AssertEndsAsync(RawClient client)
    {
        if (await client.TryReadAsync() is not { } last)
            return;
        Assert.True(last.Type is 14 or 2 && last.Body[last.Type == 2 ? 1 : 0] >= 0x80, $"{last.First:X2} {Convert.ToHexString(last.Body)}");
        await client.AssertClosedAsync();
    }

    /// <summary>A statement of MQTT 5.0, without the MQTT- before it.</summary>
    private sealed class Spec5Attribute(string number) : SpecAttribute($"MQTT-{number}");
}
