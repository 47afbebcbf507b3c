using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Connections;

public sealed class KeepAliveTests
{
    [Fact]
    [Spec("MQTT-3.1.2-22")]
    public async Task Silence_for_one_and_a_half_keep_alives_ends_the_connection()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var client = await server.ConnectAsync("c", 5, static c => c.KeepAlive = 10);
        time.Advance(TimeSpan.FromSeconds(14));
        await client.PingAsync();
        time.Advance(TimeSpan.FromSeconds(14.5));
        await client.PingAsync();
        time.Advance(TimeSpan.FromSeconds(16));
        await client.AssertDisconnectedAsync(MqttReasonCode.KeepAliveTimeout);
        Assert.Equal(DisconnectCause.KeepAliveTimeout, (await server.Host.NextGone()).Cause);
    }

    [Fact]
    public async Task Without_a_keep_alive_silence_is_allowed()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var client = await server.ConnectAsync();
        time.Advance(TimeSpan.FromDays(2));
        await client.PingAsync();
    }

    [Fact]
    [Spec("MQTT-3.2.2-21")]
    public async Task The_server_may_set_a_shorter_one_and_says_so()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(static o => o.MaxKeepAlive = TimeSpan.FromSeconds(20), time);
        using var client = await server.OpenAsync();
        await client.SendAsync(new ConnectBuilder { ClientId = "c", KeepAlive = 600 }.Build());
        Assert.Equal([0x13, 0, 20], (await client.ReadAsync(2)).Body[^3..]);
        time.Advance(TimeSpan.FromSeconds(31));
        await client.AssertDisconnectedAsync(MqttReasonCode.KeepAliveTimeout);
    }

    [Fact]
    public async Task While_the_host_works_the_client_may_be_silent()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        server.Host.Verdict = static (_, _) => PublishVerdict.Deferred;
        server.Host.EndBurst = async (client, _) =>
        {
            entered.SetResult();
            await release.Task;
            client.Acknowledge([new PublishAck(1, MqttReasonCode.Success)]);
        };
        using var client = await server.ConnectAsync("c", 5, static c => c.KeepAlive = 10);
        await client.SendAsync(Packets.Publish("a", "b", 1));
        await Deadline.For(entered.Task, "the host has the burst");
        for (var i = 0; i < 10; i++)
            time.Advance(TimeSpan.FromSeconds(10));
        release.SetResult();
        await client.ReadAsync(4);
        await client.PingAsync();
    }

    [Fact]
    public async Task A_peer_that_sends_no_CONNECT_is_closed_after_the_connect_timeout()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var silent = await server.OpenAsync();
        using var slow = await server.OpenAsync();
        await slow.SendAsync(new ConnectBuilder { ClientId = "c" }.Build()[..5]);
        using var served = await server.ConnectAsync("other");
        time.Advance(TimeSpan.FromSeconds(11));
        await silent.AssertClosedAsync();
        await slow.AssertClosedAsync();
        await served.PingAsync();
    }
}
