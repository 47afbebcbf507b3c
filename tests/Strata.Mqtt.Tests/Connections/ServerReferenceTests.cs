using System.Text;

namespace Strata.Mqtt.Tests.Connections;

/// <summary>Clients are sent to another server (MQTT 5.0 4.11), byte for byte.</summary>
public sealed class ServerReferenceTests
{
    [Theory]
    [InlineData(false, 0x9C)]
    [InlineData(true, 0x9D)]
    public async Task CONNACK_names_the_server_to_use(bool forGood, byte code)
    {
        await using var server = await TestServer.StartAsync(prepare: host => host.Connect = (_, _) => new(ConnectDecision.Redirect("b:1883", forGood)));
        using var client = await server.OpenAsync();
        await client.SendAsync(new ConnectBuilder { ClientId = "c" }.Build());
        var answer = await client.ReadAsync(2);
        Assert.Equal([0, code, 9, 0x1C, 0, 6, .. "b:1883"u8], answer.Body);
        await client.AssertClosedAsync();
        using var old = await server.OpenAsync();
        await old.SendAsync(new ConnectBuilder { ClientId = "c", Version = 4 }.Build());
        Assert.Equal([0, 3], (await old.ReadAsync(2)).Body);
    }

    [Fact]
    public async Task The_host_sends_a_connected_client_away_with_a_reference()
    {
        await using var server = await TestServer.StartAsync(prepare: static host => host.Verdict = static (client, _) =>
        {
            client.Redirect("b:1883", forGood: true, "moved");
            return PublishVerdict.Route;
        });
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Publish("t", "x", qos: 0));
        Assert.Equal([0x9D, 17, 0x1C, 0, 6, .. "b:1883"u8, 0x1F, 0, 5, .. "moved"u8], (await client.ReadAsync(14)).Body);
        await client.AssertClosedAsync();
    }

    [Fact]
    public async Task A_stop_sends_clients_to_the_server_that_is_configured()
    {
        await using var server = await TestServer.StartAsync(static o => o.StopServerReference = "b:1883");
        using var client = await server.ConnectAsync();
        using var old = await server.ConnectAsync("old", 4);
        var stopping = server.StopAsync();
        Assert.Equal([0x9C, 9, 0x1C, 0, 6, .. "b:1883"u8], (await client.ReadAsync(14)).Body);
        await client.AssertClosedAsync();
        await old.AssertClosedAsync();
        await Deadline.For(stopping, "the server stops");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("long")]
    public void A_reference_that_no_packet_may_hold_is_refused(string text)
    {
        var reference = text == "long" ? new string('x', 257) : text;
        Assert.Throws<ArgumentException>(() => ConnectDecision.Redirect(reference));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MqttOptions { StopServerReference = reference }.Validate());
        Assert.Equal(256, Encoding.UTF8.GetByteCount(ConnectDecision.Redirect(new string('x', 256)).ServerReference!));
    }
}
