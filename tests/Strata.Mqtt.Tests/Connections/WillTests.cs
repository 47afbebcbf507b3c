using Microsoft.Extensions.Time.Testing;

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
        await using var server = await TestServer.StartAsync(static o => (o.MaxQoS, o.RetainAvailable) = (1, false));
        foreach (var (qos, retain, code) in ((int, bool, byte)[])[(2, false, 0x9B), (1, true, 0x9A)])
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(new ConnectBuilder { ClientId = "c", Will = ("t", "p", qos, retain) }.Build());
            Assert.Equal(code, (await client.ReadAsync(2)).Body[1]);
            await client.AssertClosedAsync();
        }
    }

    [Fact]
    [Spec("MQTT-3.1.2-15")]
    public async Task A_retained_will_of_QoS_2_stays_on_its_topic()
    {
        await using var server = await TestServer.StartAsync();
        using var watcher = await server.ConnectAsync("watcher");
        await watcher.SubscribeAsync("state/#", 2);
        using (await server.ConnectAsync("dying", 5, static c => c.Will = ("state/dying", "gone", 2, true)))
        {
        }

        Assert.Equal(0x34, (await watcher.ReadAsync(3)).First);
        using var late = await server.ConnectAsync("late");
        await late.SubscribeAsync("state/#", 2);
        Assert.Equal(0x35, (await late.ReadAsync(3)).First);
    }

    [Fact]
    [Spec("MQTT-3.1.3-9")]
    public async Task A_will_waits_for_its_delay_and_is_not_sent_when_the_client_is_back_before()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var watcher = await server.ConnectAsync("watcher");
        await watcher.SubscribeAsync("state/#");
        void Will(ConnectBuilder c) => (c.Will, c.WillProperties) = (("state/dying", "gone", 1, false), Packets.Properties([0x18, 0, 0, 0, 30]));
        using (await server.ResumeAsync("dying", present: false, with: Will))
        {
        }

        await server.Host.NextGone();
        time.Advance(TimeSpan.FromSeconds(29));
        await watcher.PingAsync();
        using (await server.ResumeAsync("dying", present: true, with: Will))
        {
            time.Advance(TimeSpan.FromSeconds(60));
            await watcher.PingAsync();
        }

        await server.Host.NextGone();
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("gone", (await watcher.ReadPublishAsync()).Payload);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_will_is_never_later_than_the_end_of_its_session(bool byCleanStart)
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time);
        using var watcher = await server.ConnectAsync("watcher");
        await watcher.SubscribeAsync("state/#");
        using (await server.ResumeAsync(
            "dying", present: false, expiry: 10,
            with: static c => (c.Will, c.WillProperties) = (("state/dying", "gone", 1, false), Packets.Properties([0x18, 0, 0, 1, 0]))))
        {
        }

        await server.Host.NextGone();
        if (byCleanStart)
            (await server.ConnectAsync("dying")).Dispose();
        else
            time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("gone", (await watcher.ReadPublishAsync()).Payload);
    }
}
