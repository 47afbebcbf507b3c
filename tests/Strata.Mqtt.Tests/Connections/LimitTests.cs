namespace Strata.Mqtt.Tests.Connections;

public sealed class LimitTests
{
    [Fact]
    public async Task A_CONNECT_beyond_its_limit_is_closed_when_its_length_is_read()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxConnectPacketSize = 256);
        using var client = await server.OpenAsync();
        await client.SendAsync([0x10, 0x80, 0x80, 0x04]);
        await client.AssertClosedAsync();
    }

    [Fact]
    [Spec("MQTT-3.2.2-15")]
    public async Task A_packet_beyond_the_announced_size_ends_the_connection()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxPacketSize = 1000);
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Publish("a", new string('x', 1000), 1));
        await client.AssertDisconnectedAsync(MqttReasonCode.PacketTooLarge);
    }

    [Fact]
    public async Task One_connection_too_many_is_closed_at_accept()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxConnections = 2);
        using var first = await server.ConnectAsync("1");
        using (await server.ConnectAsync("2"))
        {
            await server.AssertRefusesAsync();
            await first.PingAsync();
        }
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        var options = new MqttOptions { ReceiveMaximum = 0 };
        Assert.Contains(nameof(MqttOptions.ReceiveMaximum), Assert.Throws<ArgumentOutOfRangeException>(options.Validate).Message, StringComparison.Ordinal);
        new MqttOptions().Validate();
    }

    [Theory]
    [InlineData("20020000")]
    [InlineData("9003000100")]
    [InlineData("B003000100")]
    [InlineData("D000")]
    [InlineData("F000")]
    [InlineData("0000")]
    public async Task What_only_a_server_may_send_is_a_protocol_error(string hex)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync(Convert.FromHexString(hex));
        await client.AssertDisconnectedAsync(MqttReasonCode.ProtocolError);
    }

    [Theory]
    [InlineData("C100")]
    [InlineData("E100")]
    [InlineData("42020001")]
    [Spec("MQTT-2.1.3-1")]
    public async Task Reserved_flags_are_malformed(string hex)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync(Convert.FromHexString(hex));
        await client.AssertDisconnectedAsync(MqttReasonCode.MalformedPacket);
    }
}
