using System.Text;

namespace Strata.Mqtt.Tests.Connections;

public sealed class AcknowledgementTests
{
    [Fact]
    public async Task Nothing_is_acknowledged_before_the_host_does_and_a_burst_ends_once()
    {
        await using var server = await TestServer.StartAsync();
        var bursts = new List<int>();
        var count = 0;
        var release = new TaskCompletionSource();
        server.Host.Verdict = (_, _) =>
        {
            count++;
            return PublishVerdict.Deferred;
        };
        server.Host.EndBurst = async (client, _) =>
        {
            bursts.Add(count);
            count = 0;
            await release.Task;
            client.Acknowledge([.. Enumerable.Range(1, 50).Select(static id => new PublishAck((ushort)id, MqttReasonCode.Success))]);
        };
        using var client = await server.ConnectAsync();
        await client.SendAsync([.. Enumerable.Range(1, 50).Select(static id => Packets.Publish("a", "x", id))]);
        for (var i = 0; i < 50; i++)
            await server.Host.NextPublish();
        release.SetResult();
        for (var id = 1; id <= 50; id++)
            Assert.Equal(id, (await client.ReadAsync(4)).PacketId);
        Assert.Equal(50, bursts.Sum());
        await client.PingAsync();
    }

    [Fact]
    public async Task While_the_host_holds_a_burst_no_more_is_read()
    {
        await using var server = await TestServer.StartAsync();
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        server.Host.Verdict = static (_, seen) => seen.PacketId == 1 ? PublishVerdict.Deferred : PublishVerdict.Route;
        server.Host.EndBurst = async (client, _) =>
        {
            entered.TrySetResult();
            await release.Task;
            client.Acknowledge([new PublishAck(1, MqttReasonCode.Success)]);
        };
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Publish("a", "x", 1));
        await Deadline.For(entered.Task, "the host has the burst");
        await server.Host.NextPublish();
        await client.SendAsync(Packets.Publish("a", "x", 2));
        var next = server.Host.NextPublish();
        using var other = await server.ConnectAsync("other");
        await other.PingAsync();
        Assert.False(next.IsCompleted);
        release.SetResult();
        Assert.Equal(2, (await next).PacketId);
        Assert.Equal(1, (await client.ReadAsync(4)).PacketId);
        Assert.Equal(2, (await client.ReadAsync(4)).PacketId);
    }

    [Fact]
    [Spec("MQTT-4.6.0-2")]
    public async Task Acknowledgements_keep_the_order_of_arrival()
    {
        await using var server = await TestServer.StartAsync();
        MqttClient? deferring = null;
        server.Host.Verdict = (client, seen) =>
        {
            deferring = client;
            return seen.PacketId switch
            {
                1 or 3 => PublishVerdict.Deferred,
                4 => PublishVerdict.Refuse(MqttReasonCode.PayloadFormatInvalid, "at byte 7"),
                _ => PublishVerdict.Route,
            };
        };
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Publish("a", "x", 1), Packets.Publish("a", "x", 2), Packets.Publish("a", "x", 3), Packets.Publish("a", "x", 4));
        await client.PingAsync();
        deferring!.Acknowledge([new PublishAck(3, MqttReasonCode.Success)]);
        await client.PingAsync();
        deferring.Acknowledge([new PublishAck(1, MqttReasonCode.Success)]);
        for (var id = 1; id <= 3; id++)
            Assert.Equal(id, (await client.ReadAsync(4)).PacketId);
        var refused = await client.ReadAsync(4);
        Assert.Equal([0, 4, 0x99, 12, 0x1F, .. Packets.Text("at byte 7")], refused.Body);
    }

    [Fact]
    [Spec("MQTT-3.1.2-29")]
    public async Task A_refusal_without_problem_information_has_no_reason_and_MQTT_311_gets_a_plain_PUBACK()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = static (_, _) => PublishVerdict.Refuse(MqttReasonCode.PayloadFormatInvalid, "why");
        using var terse = await server.ConnectAsync("a", 5, static c => c.Properties = Packets.Properties([0x17, 0]));
        await terse.SendAsync(Packets.Publish("a", "x", 1));
        Assert.Equal([0, 1, 0x99], (await terse.ReadAsync(4)).Body);
        using var old = await server.ConnectAsync("b", 4);
        await old.SendAsync(Packets.Publish("a", "x", 1, version: 4));
        Assert.Equal([0, 1], (await old.ReadAsync(4)).Body);
    }

    [Fact]
    [Spec("MQTT-3.4.2-2")]
    [Spec("MQTT-3.1.2-24")]
    public async Task A_reason_that_would_make_the_packet_too_large_is_left_out()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = static (_, _) => PublishVerdict.Refuse(MqttReasonCode.PayloadFormatInvalid, new string('y', 100));
        using var client = await server.ConnectAsync("a", 5, static c => c.Properties = Packets.Properties([0x27, 0, 0, 0, 40]));
        await client.SendAsync(Packets.Publish("a", "x", 1));
        Assert.Equal([0, 1, 0x99, 0], (await client.ReadAsync(4)).Body);
    }

    [Fact]
    [Spec("MQTT-3.3.4-7")]
    public async Task More_than_the_receive_maximum_ends_an_MQTT_5_connection()
    {
        await using var server = await TestServer.StartAsync(static o => o.ReceiveMaximum = 3);
        server.Host.Verdict = static (_, _) => PublishVerdict.Deferred;
        using var client = await server.ConnectAsync();
        await client.SendAsync([.. Enumerable.Range(1, 4).Select(static id => Packets.Publish("a", "x", id))]);
        await client.AssertDisconnectedAsync(MqttReasonCode.ReceiveMaximumExceeded);
    }

    [Fact]
    public async Task Of_a_MQTT_311_client_no_more_is_read_until_there_is_room()
    {
        await using var server = await TestServer.StartAsync(static o => o.ReceiveMaximum = 3);
        MqttClient? deferring = null;
        server.Host.Verdict = (client, _) =>
        {
            deferring = client;
            return PublishVerdict.Deferred;
        };
        using var client = await server.ConnectAsync("c", 4);
        await client.SendAsync([.. Enumerable.Range(1, 8).Select(static id => Packets.Publish("a", "x", id, version: 4))]);
        for (var id = 1; id <= 8; id++)
        {
            var seen = await server.Host.NextPublish();
            Assert.Equal(id, seen.PacketId);
            if (id >= 3)
            {
                deferring!.Acknowledge([new PublishAck((ushort)(id - 2), MqttReasonCode.Success)]);
                Assert.Equal(id - 2, (await client.ReadAsync(4)).PacketId);
            }
        }
    }

    [Fact]
    public async Task The_host_ends_a_client_with_code_and_reason_and_later_acknowledgements_go_nowhere()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = static (_, _) => PublishVerdict.Deferred;
        server.Host.EndBurst = static (client, _) =>
        {
            client.Disconnect(MqttReasonCode.QuotaExceeded, "the disk is full");
            client.Acknowledge([new PublishAck(1, MqttReasonCode.Success)]);
            return default;
        };
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Publish("a", "x", 1), Packets.Publish("a", "x", 2));
        var packet = await client.ReadAsync(14);
        Assert.Equal(0x97, packet.Body[0]);
        Assert.Contains("the disk is full", Encoding.UTF8.GetString(packet.Body), StringComparison.Ordinal);
        await client.AssertClosedAsync();
        Assert.Equal(DisconnectCause.ByServer, (await server.Host.NextGone()).Cause);
    }

    [Fact]
    public async Task A_disconnect_reaches_a_client_whose_host_call_hangs()
    {
        await using var server = await TestServer.StartAsync();
        var held = new TaskCompletionSource<MqttClient>();
        server.Host.Verdict = static (_, _) => PublishVerdict.Deferred;
        server.Host.EndBurst = async (client, cancellationToken) =>
        {
            held.TrySetResult(client);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        };
        using var client = await server.ConnectAsync("c", 4);
        await client.SendAsync(Packets.Publish("a", "x", 1, version: 4));
        (await Deadline.For(held.Task, "the host has the burst")).Disconnect(MqttReasonCode.QuotaExceeded);
        await client.AssertClosedAsync();
        await server.Host.NextGone();
    }
}
