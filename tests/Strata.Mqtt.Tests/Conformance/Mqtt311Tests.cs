using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Conformance;

/// <summary>The statements of MQTT 3.1.1, on connections of protocol level 4.</summary>
public sealed class Mqtt311Tests
{
    [Theory]
    [InlineData("ill-formed", new byte[] { 0xC3, 0x28 })]
    [InlineData("surrogate", new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData("null", new byte[] { 0x61, 0x00 })]
    [Spec311("1.5.3-1"), Spec311("1.5.3-2"), Spec311("3.1.3-4"), Spec311("3.1.3-10"), Spec311("3.1.3-11"), Spec311("3.3.2-1"), Spec311("3.8.3-1"), Spec311("3.10.3-1"), Spec311("4.7.3-2")]
    public async Task Text_that_is_no_UTF8_or_holds_U0000_closes_the_connection_wherever_it_stands(string name, byte[] text)
    {
        Assert.NotEmpty(name);
        await using var server = await TestServer.StartAsync();
        byte[] field = Packets.Binary(text);
        foreach (var packet in (byte[][])[
            [0x31, .. Packets.VarInt(field.Length), .. field], // PUBLISH with QoS 0, a topic only.
            Packets.Frame(0x82, [0, 1, .. field, 0]), Packets.Frame(0xA2, [0, 1, .. field])])
        {
            using var client = await server.ConnectAsync("c", 4);
            await client.SendAsync([(byte)(packet[0] == 0x31 ? 0x30 : packet[0]), .. packet[1..]]);
            await client.AssertClosedAsync();
        }

        byte[] head = [.. Packets.Text("MQTT"), 4];
        foreach (var body in (byte[][])[
            [.. head, 0x02, 0, 0, .. field],
            [.. head, 0x06, 0, 0, .. Packets.Text("c"), .. field, .. Packets.Text("will")],
            [.. head, 0x82, 0, 0, .. Packets.Text("c"), .. field]])
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(Packets.Frame(0x10, body));
            await client.AssertClosedAsync();
        }
    }

    [Fact]
    [Spec311("1.5.3-3"), Spec311("4.7.3-4"), Spec311("3.3.2-3"), Spec311("4.7.1-2"), Spec311("4.7.1-3")]
    public async Task Topics_are_matched_as_they_are_and_by_their_levels()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", 4);
        await client.SendAsync(Packets.Subscribe(1, 4, ("\uFEFFa", 0), ("A/+", 0), ("x/#", 0), ("+/end", 0)));
        Assert.Equal([0, 0, 0, 0], (await client.ReadAsync(9)).Body[2..]);
        foreach (var topic in (string[])["a", "\uFEFFa", "a/b", "A/b", "A/b/c", "A", "x", "x/y/z", "xy", "é/end", "e\u0301/end/", "/end"])
            await client.SendAsync(Packets.Publish(topic, "", qos: 0, version: 4));
        foreach (var expected in (string[])["\uFEFFa", "A/b", "x", "x/y/z", "é/end", "/end"])
            Assert.Equal(expected, (await client.ReadPublishAsync()).Topic);
        await client.SendAsync(Packets.Subscribe(2, 4, ("a/#/b", 0), ("a#", 0), ("a+", 0)));
        Assert.Equal([0x80, 0x80, 0x80], (await client.ReadAsync(9)).Body[2..]);
        await client.PingAsync();
    }

    [Theory]
    [InlineData(0x60)]
    [InlineData(0x80)]
    [InlineData(0xA0)]
    [InlineData(0xC1)]
    [InlineData(0xE1)]
    [InlineData(0x41)]
    [Spec311("2.2.2-1"), Spec311("2.2.2-2"), Spec311("3.6.1-1"), Spec311("3.8.1-1"), Spec311("3.10.1-1"), Spec311("3.14.1-1"), Spec311("4.8.0-1")]
    public async Task Reserved_flags_of_the_fixed_header_close_the_connection(byte first)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", 4);
        byte[] body = (first >> 4) switch
        {
            8 => [0, 1, .. Packets.Text("a"), 0],
            10 => [0, 1, .. Packets.Text("a")],
            12 or 14 => [],
            _ => [0, 1],
        };
        await client.SendAsync(Packets.Frame(first, body));
        await client.AssertClosedAsync();
    }

    [Fact]
    [Spec311("2.3.1-1"), Spec311("3.8.3-3"), Spec311("3.10.3-2"), Spec311("3-8.3-4"), Spec311("3.3.1-4"), Spec311("3.3.2-2"), Spec311("4.7.1-1"), Spec311("4.7.3-1")]
    public async Task What_breaks_the_protocol_closes_the_connection()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var packet in (byte[][])[
            Packets.Publish("a", "x", 0, version: 4), Packets.Frame(0x82, [0, 0, .. Packets.Text("a"), 0]), Packets.Frame(0xA2, [0, 0, .. Packets.Text("a")]),
            Packets.Frame(0x82, [0, 1]), Packets.Frame(0xA2, [0, 1]),
            Packets.Frame(0x82, [0, 1, .. Packets.Text("a"), 3]), Packets.Frame(0x82, [0, 1, .. Packets.Text("a"), 4]), Packets.Frame(0x82, [0, 1, .. Packets.Text("a"), 0x80]),
            Packets.Frame(0x36, [.. Packets.Text("a"), 0, 1]),
            Packets.Publish("a/#", "x", 1, version: 4), Packets.Publish("+", "x", 1, version: 4), Packets.Publish("", "x", 1, version: 4)])
        {
            using var client = await server.ConnectAsync("c", 4);
            await client.SendAsync(packet);
            await client.AssertClosedAsync();
        }

        using var other = await server.ConnectAsync("d", 4);
        await other.SendAsync(Packets.Frame(0x82, [0, 1, .. Packets.Text(""), 0]));
        Assert.True(await other.TryReadAsync() is null or { Type: 9, Body: [_, _, 0x80] });
    }

    [Fact]
    [Spec311("4.7.3-3")]
    public async Task The_longest_topic_is_a_topic()
    {
        await using var server = await TestServer.StartAsync(static options => (options.MaxTopicBytes, options.MaxPacketSize) = (65_535, 200_000));
        using var client = await server.ConnectAsync("c", 4);
        var topic = new string('t', 65_535);
        await client.SubscribeAsync(topic, 0);
        await client.SendAsync(Packets.Publish(topic, "x", qos: 0, version: 4));
        Assert.Equal(topic, (await client.ReadPublishAsync()).Topic);
    }

    [Fact]
    [Spec311("3.1.0-1"), Spec311("3.1.0-2"), Spec311("3.1.2-1"), Spec311("3.2.0-1"), Spec311("3.1.4-4"), Spec311("7.1.1-1")]
    public async Task A_connection_begins_with_one_CONNECT_of_the_right_name()
    {
        await using var server = await TestServer.StartAsync();
        using (var named = await server.OpenAsync())
        {
            await named.SendAsync(new ConnectBuilder { Version = 4, Protocol = "MQTP" }.Build());
            Assert.Equal([0, 1], (await named.ReadAsync(2)).Body);
            await named.AssertClosedAsync();
        }

        foreach (var first in (byte[][])[Packets.PingReq, Packets.Publish("a", "x", qos: 0, version: 4)])
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(first);
            await client.AssertClosedAsync();
        }

        using var twice = await server.ConnectAsync("c", 4); // Reads the CONNACK first, with return code 0.
        await twice.SendAsync(new ConnectBuilder { ClientId = "c", Version = 4 }.Build());
        await twice.AssertClosedAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [Spec311("3.1.2-2"), Spec311("3.2.2-4"), Spec311("3.2.2-5")]
    public async Task A_protocol_level_that_is_not_supported_is_answered_with_1_and_the_end(byte level)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.OpenAsync();
        await client.SendAsync(Packets.Frame(0x10, [.. Packets.Text("MQTT"), level, 2, 0, 0, .. Packets.Text("c")]));
        Assert.Equal([0, 1], (await client.ReadAsync(2)).Body);
        await client.AssertClosedAsync();
    }

    [Theory]
    [InlineData("the reserved flag", 0x03, "c", 0)]
    [InlineData("a will QoS without a will", 0x0A, "c", 0)]
    [InlineData("will retain without a will", 0x22, "c", 0)]
    [InlineData("will QoS 3", 0x1E, "c", 2)]
    [InlineData("a will without its fields", 0x06, "c", 0)]
    [InlineData("a user name that is missing", 0x82, "c", 0)]
    [InlineData("a user name nobody announced", 0x02, "c", 1)]
    [InlineData("a password without a user name", 0x42, "c", 1)]
    [InlineData("a password that is missing", 0xC2, "c", 1)]
    [InlineData("a password nobody announced", 0x82, "c", 2)]
    [InlineData("no client id at all", 0x02, null, 0)]
    [Spec311("3.1.2-3"), Spec311("3.1.2-9"), Spec311("3.1.2-11"), Spec311("3.1.2-13"), Spec311("3.1.2-14"), Spec311("3.1.2-15"), Spec311("3.1.2-18"), Spec311("3.1.2-19"), Spec311("3.1.2-20")]
    [Spec311("3.1.2-21"), Spec311("3.1.2-22"), Spec311("3.1.3-3"), Spec311("3.1.4-1")]
    public async Task A_CONNECT_whose_flags_and_fields_do_not_agree_is_closed_without_CONNACK(string what, byte flags, string? clientId, int fields)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.OpenAsync();
        byte[] payload = clientId is null ? [] : Packets.Text(clientId);
        for (var i = 0; i < fields; i++)
            payload = [.. payload, .. Packets.Text("x")];
        await client.SendAsync(Packets.Frame(0x10, [.. Packets.Text("MQTT"), 4, flags, 0, 0, .. payload]));
        Assert.True(await client.TryReadAsync() is null, what);
    }

    [Fact]
    [Spec311("3.1.3-1"), Spec311("3.1.2-8"), Spec311("3.1.2-10"), Spec311("3.1.2-16")]
    public async Task The_fields_of_CONNECT_are_read_in_their_order_and_the_will_is_published_once_when_the_connection_breaks()
    {
        await using var server = await TestServer.StartAsync();
        using var watcher = await server.ConnectAsync("w", 4);
        await watcher.SubscribeAsync("will", 1);
        var connect = new ConnectBuilder { ClientId = "c", Version = 4, CleanStart = false, UserName = "u", Password = "p"u8.ToArray(), Will = ("will", "gone", 1, false) };
        using (var client = await server.OpenAsync())
        {
            await client.SendAsync(connect.Build());
            Assert.Equal([0, 0], (await client.ReadAsync(2)).Body);
            var seen = server.Host.Connects["c"];
            Assert.Equal(("u", "p"), (seen.UserName, Encoding.ASCII.GetString(seen.Password.Span)));
        }

        var will = await watcher.ReadAsync(3);
        Assert.Equal(("will", "gone", 0), (will.AsPublish(4).Topic, will.AsPublish(4).Payload, will.First & 1));

        // Not kept in the session: the next connection of it has none.
        (await server.ResumeAsync("c", present: true, version: 4)).Dispose();
        await server.Host.NextGone();
        await server.Host.NextGone();
        using var late = await server.ConnectAsync("late", 4);
        await late.SubscribeAsync("will", 1);
        await late.PingAsync();
        await watcher.PingAsync();
    }

    [Fact]
    [Spec311("3.1.2-12"), Spec311("3.14.4-3"), Spec311("3.1.2-17")]
    public async Task No_will_no_message_a_DISCONNECT_discards_it_and_a_retained_one_stays()
    {
        await using var server = await TestServer.StartAsync();
        using var watcher = await server.ConnectAsync("w", 4);
        await watcher.SubscribeAsync("#", 1);
        (await server.ConnectAsync("none", 4)).Dispose();
        using (var polite = await server.ConnectAsync("polite", 4, static c => c.Will = ("will", "polite", 1, true)))
        {
            await polite.SendAsync(Packets.Disconnect);
            await polite.AssertClosedAsync();
        }

        (await server.ConnectAsync("rude", 4, static c => c.Will = ("will", "rude", 1, true))).Dispose();
        Assert.Equal("rude", (await watcher.ReadPublishAsync()).Payload);
        using var late = await server.ConnectAsync("late", 4);
        await late.SubscribeAsync("will", 0);
        var kept = await late.ReadAsync(3);
        Assert.Equal((0x31, "rude"), (kept.First, kept.AsPublish(4).Payload));
    }

    [Fact]
    [Spec311("3.1.2-4"), Spec311("3.1.2-5"), Spec311("3.1.2-6"), Spec311("3.1.2-7"), Spec311("3.1.4-3"), Spec311("3.2.2-1"), Spec311("3.2.2-2"), Spec311("3.2.2-3"), Spec311("4.1.0-1"), Spec311("4.1.0-2"), Spec311("4.5.0-1")]
    public async Task A_session_lives_on_without_CleanSession_and_ends_with_it()
    {
        await using var server = await TestServer.StartAsync();
        using (var client = await server.ResumeAsync("c", present: false, version: 4))
        {
            await client.SubscribeAsync("t/#", 2);
            await client.SendAsync(Packets.Publish("t/kept", "retained", 9, version: 4, retain: true));
            Assert.Equal("retained", (await client.ReadPublishAsync()).Payload);
            await client.ReadAsync(4);
            await client.PingAsync();
        }

        await server.Host.NextGone();
        server.Broker.Publish("tests", "t/1"u8, "one"u8, qos: 1);
        server.Broker.Publish("tests", "t/2"u8, "two"u8, qos: 2);
        using (var client = await server.ResumeAsync("c", present: true, version: 4))
        {
            var payloads = new[] { (await client.ReadPublishAsync()).Payload, (await client.ReadPublishAsync()).Payload, (await client.ReadPublishAsync()).Payload };
            Assert.Equal(["one", "retained", "two"], payloads.Order());
        }

        await server.Host.NextGone();
        using (var clean = await server.OpenAsync())
        {
            clean.Version = 4;
            await clean.SendAsync(new ConnectBuilder { ClientId = "c", Version = 4 }.Build());
            Assert.Equal([0, 0], (await clean.ReadAsync(2)).Body);
            server.Broker.Publish("tests", "t/3"u8, "three"u8, qos: 1);
            await clean.PingAsync();
            await clean.SubscribeAsync("t/kept", 1);
            Assert.Equal("retained", (await clean.ReadPublishAsync()).Payload);
        }

        await server.Host.NextGone();
        using var after = await server.ResumeAsync("c", present: false, version: 4);
        server.Broker.Publish("tests", "t/kept"u8, "x"u8, qos: 1);
        await after.PingAsync();
    }

    [Fact]
    [Spec311("3.1.2-24")]
    public async Task Silence_for_one_and_a_half_keep_alives_ends_the_connection()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var client = await server.ConnectAsync("c", 4, static c => c.KeepAlive = 10);
        time.Advance(TimeSpan.FromSeconds(14));
        await client.PingAsync();
        time.Advance(TimeSpan.FromSeconds(16));
        await client.AssertClosedAsync();
    }

    [Theory]
    [InlineData("0123456789abcdefghijklm")]
    [InlineData("nopqrstuvwxyzABCDEFGHIJ")]
    [InlineData("KLMNOPQRSTUVWXYZ")]
    [InlineData("x")]
    [Spec311("3.1.3-2"), Spec311("3.1.3-5")]
    public async Task A_client_id_that_must_be_allowed_is_and_names_the_session(string clientId)
    {
        await using var server = await TestServer.StartAsync();
        (await server.ResumeAsync(clientId, present: false, version: 4)).Dispose();
        await server.Host.NextGone();
        using var other = await server.ResumeAsync("other" + clientId[..1], present: false, version: 4);
        using var again = await server.ResumeAsync(clientId, present: true, version: 4);
    }

    [Fact]
    [Spec311("3.1.3-6"), Spec311("3.1.3-7"), Spec311("3.1.3-8"), Spec311("3.1.3-9")]
    public async Task An_empty_client_id_is_assigned_one_for_a_clean_session_only()
    {
        await using var server = await TestServer.StartAsync();
        using var first = await server.ConnectAsync("", 4);
        using var second = await server.ConnectAsync("", 4);
        await first.PingAsync();
        await second.PingAsync();
        using var third = await server.OpenAsync();
        await third.SendAsync(new ConnectBuilder { ClientId = "", Version = 4, CleanStart = false }.Build());
        Assert.Equal([0, 2], (await third.ReadAsync(2)).Body);
        await third.AssertClosedAsync();
    }

    [Fact]
    [Spec311("3.1.4-2"), Spec311("3.1.4-5")]
    public async Task A_second_connection_of_a_client_id_ends_the_first_and_after_a_refusal_nothing_is_processed()
    {
        await using var server = await TestServer.StartAsync();
        using var first = await server.ConnectAsync("c", 4);
        using var second = await server.ConnectAsync("c", 4);
        await first.AssertClosedAsync();
        await second.SubscribeAsync("t", 0);
        server.Host.Connect = static (_, _) => new(ConnectDecision.Refuse(MqttReasonCode.BadUserNameOrPassword));
        using var refused = await server.OpenAsync();
        await refused.SendAsync(new ConnectBuilder { ClientId = "d", Version = 4 }.Build(), Packets.Publish("t", "x", qos: 0, version: 4));
        Assert.Equal([0, 4], (await refused.ReadAsync(2)).Body);
        await refused.AssertClosedAsync();
        await second.PingAsync();
    }

    [Fact]
    [Spec311("3.3.1-1"), Spec311("3.3.1-2"), Spec311("3.3.1-3"), Spec311("4.3.1-1"), Spec311("4.3.2-1"), Spec311("4.4.0-1"), Spec311("4.6.0-1"), Spec311("2.3.1-4"), Spec311("2.3.1-5")]
    public async Task DUP_is_set_when_a_message_is_sent_again_with_its_packet_id_and_in_order_and_never_else()
    {
        await using var server = await TestServer.StartAsync();
        var ids = new List<int>();
        using (var client = await server.ResumeAsync("c", present: false, version: 4))
        {
            await client.SendAsync(Packets.Subscribe(1, 4, ("q0", 0), ("q1", 1)));
            await client.ReadAsync(9);
            using var publisher = await server.ConnectAsync("p", 4);
            await publisher.SendAsync(Packets.Publish("q0", "0", qos: 0, version: 4));
            for (var i = 1; i <= 3; i++)
                await publisher.SendAsync(Packets.Publish("q1", $"{i}", i, version: 4, duplicate: true));
            var zero = await client.ReadAsync(3);
            Assert.Equal((0x30, "0"), (zero.First, zero.AsPublish(4).Payload));
            for (var i = 1; i <= 3; i++)
            {
                var sent = await client.ReadAsync(3);
                Assert.Equal((0x32, $"{i}"), (sent.First, sent.AsPublish(4).Payload));
                ids.Add(sent.AsPublish(4).PacketId);
            }

            Assert.Equal(3, ids.Distinct().Count());
        }

        using var again = await server.ResumeAsync("c", present: true, version: 4);
        for (var i = 1; i <= 3; i++)
        {
            var sent = await again.ReadAsync(3);
            Assert.Equal((0x3A, $"{i}", ids[i - 1]), (sent.First, sent.AsPublish(4).Payload, sent.AsPublish(4).PacketId));
        }
    }

    [Fact]
    [Spec311("3.3.1-5"), Spec311("3.3.1-6"), Spec311("3.3.1-7"), Spec311("3.3.1-8"), Spec311("3.3.1-9"), Spec311("3.3.1-10"), Spec311("3.3.1-11"), Spec311("3.3.1-12")]
    public async Task Retained_messages()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", 4);
        await client.SubscribeAsync("r", 1);

        // To who has subscribed before, as a message like others.
        await PublishAsync("kept", qos: 1, retain: true, expected: "kept");
        Assert.Equal(("kept", 0x33), await AskAsync(qos: 1));

        // RETAIN 0 leaves it, RETAIN 1 with QoS 0 takes its place.
        await PublishAsync("passing", qos: 1, retain: false, expected: "passing");
        Assert.Equal(("kept", 0x33), await AskAsync(qos: 1));
        await PublishAsync("newer", qos: 0, retain: true, expected: "newer");
        Assert.Equal(("newer", 0x31), await AskAsync(qos: 1));

        // Empty: sent on, and nothing is retained any more.
        await PublishAsync("", qos: 0, retain: true, expected: "");
        Assert.Null(await AskAsync(qos: 1));

        async Task PublishAsync(string payload, int qos, bool retain, string expected)
        {
            await client.SendAsync(Packets.Publish("r", payload, 7, qos, 4, retain: retain));
            var sent = await client.ReadAsync(3);
            Assert.Equal((expected, 0), (sent.AsPublish(4).Payload, sent.First & 1));
            if (qos == 0)
                return;
            await client.ReadAsync(4);
            await client.SendAsync(Packets.PubAck(sent.AsPublish(4).PacketId));
        }

        async Task<(string, int)?> AskAsync(byte qos)
        {
            using var other = await server.ConnectAsync("o", 4);
            await other.SubscribeAsync("r", qos);
            await other.SendAsync(Packets.PingReq);
            var packet = await other.ReadAsync();
            return packet.Type == 13 ? null : (packet.AsPublish(4).Payload, packet.First);
        }
    }

    [Fact]
    [Spec311("2.3.1-6"), Spec311("3.3.4-1"), Spec311("4.3.2-2"), Spec311("4.3.3-2"), Spec311("4.6.0-2"), Spec311("4.6.0-3"), Spec311("3.12.4-1")]
    public async Task Publishes_are_answered_as_their_QoS_wants_in_order_and_QoS_2_goes_on_once()
    {
        await using var server = await TestServer.StartAsync();
        using var subscriber = await server.ConnectAsync("s", 4);
        await subscriber.SubscribeAsync("t", 0);
        using var client = await server.ConnectAsync("c", 4);
        await client.SendAsync(
            Packets.Publish("t", "0", qos: 0, version: 4), Packets.Publish("t", "1", 11, 1, 4), Packets.Publish("t", "2", 12, 1, 4),
            Packets.Publish("t", "3", 13, 2, 4), Packets.Publish("t", "4", 14, 2, 4), Packets.Publish("t", "3", 13, 2, 4, duplicate: true));
        foreach (var (type, id) in ((int, int)[])[(4, 11), (4, 12), (5, 13), (5, 14), (5, 13)])
            Assert.Equal(id, (await client.ReadAsync(type)).PacketId);
        await client.SendAsync(Packets.PubRel(13), Packets.PubRel(14));
        Assert.Equal(13, (await client.ReadAsync(7)).PacketId);
        Assert.Equal(14, (await client.ReadAsync(7)).PacketId);

        // Acknowledged and completed ids are free for new messages, whatever DUP says.
        await client.SendAsync(Packets.Publish("t", "5", 11, 1, 4, duplicate: true), Packets.Publish("t", "6", 13, 2, 4));
        Assert.Equal(11, (await client.ReadAsync(4)).PacketId);
        Assert.Equal(13, (await client.ReadAsync(5)).PacketId);
        await client.PingAsync();
        for (var i = 0; i <= 6; i++)
            Assert.Equal($"{i}", (await subscriber.ReadPublishAsync()).Payload);
        await subscriber.PingAsync();
    }

    [Fact]
    [Spec311("4.3.3-1"), Spec311("4.6.0-4")]
    public async Task Towards_a_client_QoS_2_goes_by_PUBREC_PUBREL_and_PUBCOMP()
    {
        await using var server = await TestServer.StartAsync();
        int first, second;
        using (var client = await server.ResumeAsync("c", present: false, version: 4))
        {
            await client.SubscribeAsync("t", 2);
            server.Broker.Publish("tests", "t"u8, "1"u8, qos: 2);
            server.Broker.Publish("tests", "t"u8, "2"u8, qos: 2);
            var (one, two) = (await client.ReadAsync(3), await client.ReadAsync(3));
            Assert.Equal((0x34, 0x34), (one.First, two.First));
            (first, second) = (one.AsPublish(4).PacketId, two.AsPublish(4).PacketId);
            Assert.NotEqual(first, second);
            await client.SendAsync(Packets.PubRec(second), Packets.PubRec(first)); // PUBREL in the order of PUBREC.
            foreach (var id in (int[])[second, first])
            {
                var release = await client.ReadAsync(6);
                Assert.Equal((0x62, id), (release.First, release.PacketId));
            }
        }

        // Not completed: PUBREL comes again, PUBLISH does not.
        using (var again = await server.ResumeAsync("c", present: true, version: 4))
        {
            Assert.Equal([first, second], new[] { (await again.ReadAsync(6)).PacketId, (await again.ReadAsync(6)).PacketId }.Order());
            await again.SendAsync(Packets.PubComp(first), Packets.PubComp(second));
            await again.PingAsync();
        }

        using var last = await server.ResumeAsync("c", present: true, version: 4);
        await last.PingAsync();
    }

    [Fact]
    [Spec311("2.3.1-7"), Spec311("3.8.4-1"), Spec311("3.8.4-2"), Spec311("3.8.4-4"), Spec311("3.8.4-5"), Spec311("3.9.3-1"), Spec311("3.9.3-2"), Spec311("3.3.5-1"), Spec311("3.8.4-6")]
    public async Task SUBSCRIBE_is_answered_for_each_filter_in_order_and_the_QoS_of_a_delivery_is_the_smaller_one()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Subscribe = static (_, filter) => filter != "forbidden";
        using var client = await server.ConnectAsync("c", 4);
        await client.SendAsync(Packets.Subscribe(4711, 4, ("a/+", 2), ("forbidden", 1), ("a/b", 0), ("bad/#/x", 1), ("c", 1)));
        var answer = await client.ReadAsync(9);
        Assert.Equal(4711, answer.PacketId);
        Assert.Equal([2, 0x80, 0, 0x80, 1], answer.Body[2..]);
        server.Broker.Publish("tests", "a/b"u8, "both"u8, qos: 1);
        server.Broker.Publish("tests", "c"u8, "less"u8, qos: 2);
        server.Broker.Publish("tests", "c"u8, "as published"u8, qos: 0);
        foreach (var (payload, first) in ((string, int)[])[("both", 0x32), ("less", 0x32), ("as published", 0x30)])
        {
            var sent = await client.ReadAsync(3);
            Assert.Equal((payload, first), (sent.AsPublish(4).Payload, sent.First));
        }

        await client.PingAsync();
    }

    [Fact]
    [Spec311("3.8.4-3")]
    public async Task A_filter_that_is_subscribed_again_is_replaced_and_its_retained_messages_come_again()
    {
        await using var server = await TestServer.StartAsync();
        server.Broker.Publish("tests", "t"u8, "kept"u8, qos: 1, retain: true);
        using var client = await server.ConnectAsync("c", 4);
        await client.SubscribeAsync("t", 0);
        Assert.Equal(0x31, (await client.ReadAsync(3)).First);
        await client.SubscribeAsync("t", 1);
        Assert.Equal(0x33, (await client.ReadAsync(3)).First);
        server.Broker.Publish("tests", "t"u8, "once"u8, qos: 1);
        Assert.Equal(0x32, (await client.ReadAsync(3)).First);
        await client.PingAsync();
    }

    [Fact]
    [Spec311("3.10.4-1"), Spec311("3.10.4-2"), Spec311("3.10.4-3"), Spec311("3.10.4-4"), Spec311("3.10.4-5"), Spec311("3.10.4-6")]
    public async Task UNSUBSCRIBE_takes_away_exactly_these_filters_and_is_answered_once()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", 4);
        await client.SendAsync(Packets.Subscribe(1, 4, ("a/+", 2), ("a/b", 0), ("c", 0)));
        await client.ReadAsync(9);
        server.Broker.Publish("tests", "a/x"u8, "under way"u8, qos: 2);
        var sent = await client.ReadPublishAsync();
        await client.SendAsync(Packets.Unsubscribe(99, 4, "a/+", "c", "never"));
        var answer = await client.ReadAsync(11);
        Assert.Equal((99, 2), (answer.PacketId, answer.Body.Length));
        await client.SendAsync(Packets.PubRec(sent.PacketId));
        Assert.Equal(sent.PacketId, (await client.ReadAsync(6)).PacketId);
        server.Broker.Publish("tests", "a/x"u8, "no more"u8, qos: 2);
        server.Broker.Publish("tests", "c"u8, "no more"u8, qos: 0);
        server.Broker.Publish("tests", "a/b"u8, "still"u8, qos: 0);
        Assert.Equal("still", (await client.ReadPublishAsync()).Payload);
        await client.SendAsync(Packets.Unsubscribe(100, 4, "never"));
        Assert.Equal(100, (await client.ReadAsync(11)).PacketId);
    }

    [Fact]
    [Spec311("3.3.5-2"), Spec311("4.8.0-2")]
    public async Task A_publish_that_is_not_allowed_is_acknowledged_and_goes_nowhere_and_one_that_fails_for_now_ends_the_connection()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = static (_, publish) => publish.Topic == "later" ? PublishVerdict.Deferred : PublishVerdict.Refuse(MqttReasonCode.NotAuthorized, null);
        server.Host.EndBurst = static (client, _) =>
        {
            client.Disconnect(MqttReasonCode.QuotaExceeded);
            return default;
        };
        using var subscriber = await server.ConnectAsync("s", 4);
        await subscriber.SubscribeAsync("#", 0);
        using var client = await server.ConnectAsync("c", 4);
        await client.SendAsync(Packets.Publish("t", "x", 1, 1, 4));
        Assert.Equal(1, (await client.ReadAsync(4)).PacketId);
        await client.SendAsync(Packets.Publish("t", "x", 2, 2, 4));
        Assert.Equal(2, (await client.ReadAsync(5)).PacketId);
        await client.SendAsync(Packets.Publish("later", "x", 3, 1, 4));
        await client.AssertClosedAsync();
        await subscriber.PingAsync();
    }

    [Fact]
    [Spec311("4.6.0-5"), Spec311("4.6.0-6")]
    public async Task Messages_of_one_publisher_come_in_its_order()
    {
        await using var server = await TestServer.StartAsync();
        using var subscriber = await server.ConnectAsync("s", 4);
        await subscriber.SubscribeAsync("t", 2);
        using var publisher = await server.ConnectAsync("p", 4);
        foreach (var qos in (int[])[1, 2])
            await publisher.SendAsync([.. Enumerable.Range(1, 100).Select(i => Packets.Publish("t", $"{qos}-{i}", i, qos, 4))]);
        var got = new List<string>();
        while (got.Count < 200)
            got.Add((await subscriber.ReadPublishAsync()).Payload);
        Assert.Equal(Enumerable.Range(1, 100).Select(static i => $"1-{i}"), got.Where(static p => p[0] == '1'));
        Assert.Equal(Enumerable.Range(1, 100).Select(static i => $"2-{i}"), got.Where(static p => p[0] == '2'));
    }

    [Fact]
    [Spec311("4.7.2-1")]
    public async Task A_filter_that_begins_with_a_wildcard_finds_no_topic_that_begins_with_a_dollar_sign()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync("c", 4);
        await client.SendAsync(Packets.Subscribe(1, 4, ("#", 0), ("+/x", 0), ("$mine/#", 0)));
        await client.ReadAsync(9);
        server.Broker.Publish("tests", "$other/x"u8, "no"u8);
        server.Broker.Publish("tests", "$mine/x"u8, "once"u8);
        Assert.Equal("once", (await client.ReadPublishAsync()).Payload);
        await client.PingAsync();
    }

    /// <summary>A statement of MQTT 3.1.1, without the MQTT- before it.</summary>
    private sealed class Spec311Attribute : SpecAttribute
    {
        public Spec311Attribute(string number)
            : base($"MQTT-{number}") => Version = "3.1.1";
    }
}
