namespace Strata.Mqtt.Tests.Connections;

public sealed class HostFaultTests
{
    [Fact]
    public async Task A_host_that_fails_on_a_publish_ends_that_client_only()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = static (_, seen) => seen.Topic == "bad" ? throw new IOException("disk") : PublishVerdict.Route;
        using var unlucky = await server.ConnectAsync("a");
        using var other = await server.ConnectAsync("b");
        await unlucky.SendAsync(Packets.Publish("good", "x", 1), Packets.Publish("bad", "x", 2));
        Assert.Equal(1, (await unlucky.ReadAsync(4)).PacketId);
        await unlucky.AssertDisconnectedAsync(MqttReasonCode.UnspecifiedError);
        await other.PingAsync();
        Assert.Single(server.Faults.Messages);
        server.Faults.Messages.Clear();
    }

    [Fact]
    public async Task A_host_that_fails_on_a_burst_ends_that_client_unacknowledged()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = static (_, _) => PublishVerdict.Deferred;
        server.Host.EndBurst = static (_, _) => throw new IOException("disk");
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Publish("a", "x", 1));
        await client.AssertDisconnectedAsync(MqttReasonCode.UnspecifiedError);
        Assert.Equal(DisconnectCause.ByServer, (await server.Host.NextGone()).Cause);
        Assert.Single(server.Faults.Messages);
        server.Faults.Messages.Clear();
    }

    [Fact]
    public async Task A_burst_that_a_protocol_error_cuts_short_still_ends()
    {
        await using var server = await TestServer.StartAsync();
        var ended = new TaskCompletionSource();
        server.Host.Verdict = static (_, _) => PublishVerdict.Deferred;
        server.Host.EndBurst = (_, _) =>
        {
            ended.TrySetResult();
            return default;
        };
        using var client = await server.ConnectAsync();
        await client.SendAsync([.. Packets.Publish("a", "x", 1), 0xD0, 0x00]);
        await client.AssertDisconnectedAsync(MqttReasonCode.ProtocolError);
        await Deadline.For(ended.Task, "the host is told that the burst has ended");
    }
}
