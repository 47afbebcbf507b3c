namespace Strata.Mqtt.Tests.Connections;

public sealed class WillTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [Spec("MQTT-3.1.2-8")]
    public async Task A_lost_connection_publishes_the_will(byte version)
    {
        await using var server = await TestServer.StartAsync();
        using var watcher = await server.ConnectAsync("watcher");
        await watcher.SubscribeAsync("state/#");
        using (await server.ConnectAsync("dying", version, static c => c.Will = ("state/dying", "gone", 1, false)))
        {
        }

        var publish = await watcher.ReadPublishAsync();
        Assert.Equal(("state/dying", "gone"), (publish.Topic, publish.Payload));
    }

    [Fact]
    [Spec("MQTT-3.14.4-3")]
    public async Task A_normal_DISCONNECT_discards_the_will_and_code_4_keeps_it()
    {
        await using var server = await TestServer.StartAsync();
        using var watcher = await server.ConnectAsync("watcher");
        await watcher.SubscribeAsync("state/#");
        using var polite = await server.ConnectAsync("polite", 5, static c => c.Will = ("state/polite", "gone", 0, false));
        await polite.SendAsync(Packets.Disconnect);
        await polite.AssertClosedAsync();
        await server.Host.NextGone();
        await watcher.PingAsync();
        using var asking = await server.ConnectAsync("asking", 5, static c => c.Will = ("state/asking", "gone", 0, false));
        await asking.SendAsync([0xE0, 1, 4]);
        Assert.Equal("state/asking", (await watcher.ReadPublishAsync()).Topic);
    }

    [Fact]
    public async Task The_host_decides_about_a_will_as_about_any_publish()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Verdict = static (_, _) => PublishVerdict.Refuse(MqttReasonCode.NotAuthorized, null);
        using var watcher = await server.ConnectAsync("watcher");
        await watcher.SubscribeAsync("#");
        var properties = Packets.Properties([0x18, 0, 0, 0, 9], [0x03, .. Packets.Text("text/plain")], Packets.User("k", "v"));
        using (await server.ConnectAsync("dying", 5, c => (c.Will, c.WillProperties) = (("x", "y", 1, false), properties)))
        {
        }

        var will = await server.Host.NextPublish();
        Assert.Equal(("x", "text/plain", (ushort)0), (will.Topic, will.ContentType, will.PacketId));
        Assert.Equal([("k", "v")], will.User);
        await server.Host.NextGone();
        await watcher.PingAsync();
    }

    [Fact]
    [Spec("MQTT-3.2.2-12")]
    [Spec("MQTT-3.2.2-13")]
    public async Task A_will_that_cannot_be_honoured_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var (qos, retain, code) in ((int, bool, byte)[])[(2, false, 0x9B), (1, true, 0x9A)])
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(new ConnectBuilder { ClientId = "c", Will = ("t", "p", qos, retain) }.Build());
            Assert.Equal(code, (await client.ReadAsync(2)).Body[1]);
            await client.AssertClosedAsync();
        }
    }
}
