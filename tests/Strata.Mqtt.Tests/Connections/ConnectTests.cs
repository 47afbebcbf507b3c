using System.Text;

namespace Strata.Mqtt.Tests.Connections;

public sealed class ConnectTests
{
    [Fact]
    public async Task The_host_sees_user_password_and_version_and_its_state_comes_back()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = static (_, _) => new(ConnectDecision.Accept("tenant", "my state"));
        using (await server.ConnectAsync("dev", 4, static c => (c.UserName, c.Password) = ("u", [1, 0, 2])))
        {
            var request = server.Host.Connects["dev"];
            Assert.Equal(("u", MqttProtocolVersion.V311), (request.UserName, request.Version));
            Assert.Equal([1, 0, 2], request.Password.ToArray());
            Assert.Equal(1, server.Broker.ClientCount);
        }

        var (client, cause) = await server.Host.NextGone();
        Assert.Equal(("dev", "u", "tenant", "my state"), (client.ClientId, client.UserName, client.Namespace, client.State));
        Assert.Equal(DisconnectCause.ConnectionLost, cause);
    }

    [Fact]
    [Spec("MQTT-3.2.2-9")]
    public async Task CONNACK_says_what_is_not_offered()
    {
        await using var server = await TestServer.StartAsync(static o => (o.ReceiveMaximum, o.MaxPacketSize, o.MaxQoS, o.RetainAvailable, o.MaxSessionExpiry) = (77, 5000, 1, false, TimeSpan.FromSeconds(9)));
        using var client = await server.OpenAsync();
        await client.SendAsync(new ConnectBuilder { ClientId = "c", Properties = Packets.Properties([0x11, 0, 0, 1, 0]) }.Build());
        var connAck = await client.ReadAsync(2);
        Assert.Equal(
            "00 00 11 00000009 21 004D 24 01 25 00 27 00001388 22 0010".Replace(" ", "", StringComparison.Ordinal),
            Convert.ToHexString(connAck.Body).Remove(4, 2));
    }

    [Fact]
    [Spec("MQTT-3.1.3-6")]
    [Spec("MQTT-3.2.2-16")]
    public async Task An_empty_client_id_gets_a_unique_one_and_is_told()
    {
        await using var server = await TestServer.StartAsync();
        var ids = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(new ConnectBuilder().Build());
            var body = Encoding.Latin1.GetString((await client.ReadAsync(2)).Body);
            ids.Add(body[body.IndexOf("auto-", StringComparison.Ordinal)..][..37]);
        }

        Assert.Equal(3, ids.Count);
        Assert.Superset(ids, server.Host.Connects.Keys.ToHashSet());
    }

    [Fact]
    [Spec("MQTT-3.1.3-8", Version = "3.1.1")]
    public async Task MQTT_311_without_id_and_clean_session_gets_return_code_2()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.OpenAsync();
        await client.SendAsync(new ConnectBuilder { Version = 4, CleanStart = false }.Build());
        Assert.Equal([0, 2], (await client.ReadAsync(2)).Body);
        await client.AssertClosedAsync();
    }

    [Theory]
    [InlineData(MqttReasonCode.BadUserNameOrPassword, 4)]
    [InlineData(MqttReasonCode.NotAuthorized, 5)]
    [InlineData(MqttReasonCode.ServerBusy, 3)]
    public async Task A_refusal_has_the_versions_code_and_closes(MqttReasonCode reasonCode, byte returnCode)
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = (_, _) => new(ConnectDecision.Refuse(reasonCode, "because"));
        using var old = await server.OpenAsync();
        await old.SendAsync(new ConnectBuilder { Version = 4, ClientId = "c" }.Build());
        Assert.Equal([0, returnCode], (await old.ReadAsync(2)).Body);
        await old.AssertClosedAsync();
        using var modern = await server.OpenAsync();
        await modern.SendAsync(new ConnectBuilder { ClientId = "c" }.Build());
        var body = (await modern.ReadAsync(2)).Body;
        Assert.Equal((byte)reasonCode, body[1]);
        Assert.Equal([0x1F, .. Packets.Text("because")], body[3..]);
        await modern.AssertClosedAsync();
    }

    [Fact]
    [Spec("MQTT-3.2.2-19")]
    public async Task The_reason_is_left_out_where_the_client_did_not_ask_or_the_packet_would_be_too_large()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = static (_, _) => new(ConnectDecision.Refuse(MqttReasonCode.NotAuthorized, "because"));
        foreach (var property in (byte[][])[[0x17, 0], [0x27, 0, 0, 0, 10]])
        {
            using var client = await server.OpenAsync();
            await client.SendAsync(new ConnectBuilder { ClientId = "c", Properties = Packets.Properties(property) }.Build());
            Assert.Equal([0, 0x87, 0], (await client.ReadAsync(2)).Body);
        }
    }

    [Fact]
    public async Task A_host_that_fails_admits_nobody()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = static (_, _) => throw new InvalidOperationException();
        using var client = await server.OpenAsync();
        await client.SendAsync(new ConnectBuilder { ClientId = "c" }.Build());
        Assert.Equal(0x88, (await client.ReadAsync(2)).Body[1]);
        await client.AssertClosedAsync();
        Assert.Single(server.Faults.Messages);
        server.Faults.Messages.Clear();
    }

    [Theory]
    [InlineData("MQTT", 6, 5, 0x84)]
    [InlineData("MQTT", 3, 4, 0x01)]
    [InlineData("MQIsdp", 4, 4, 0x01)]
    [Spec("MQTT-3.1.2-2")]
    public async Task An_unknown_version_is_refused(string protocol, byte level, byte answerVersion, byte code)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.OpenAsync();
        await client.SendAsync(new ConnectBuilder { Protocol = protocol, Version = level, ClientId = "c" }.Build());
        var body = (await client.ReadAsync(2)).Body;
        Assert.Equal(code, body[1]);
        Assert.Equal(answerVersion == 4, body.Length == 2);
        await client.AssertClosedAsync();
    }

    [Fact]
    [Spec("MQTT-3.1.0-1")]
    public async Task Whatever_is_not_a_CONNECT_is_closed_without_a_word()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.OpenAsync();
        await client.SendAsync(Packets.PingReq);
        await client.AssertClosedAsync();
        using var web = await server.OpenAsync();
        await web.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        await web.AssertClosedAsync();
    }

    [Fact]
    [Spec("MQTT-3.1.0-2")]
    public async Task A_second_CONNECT_is_a_protocol_error()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.ConnectAsync();
        await client.SendAsync(new ConnectBuilder { ClientId = "c" }.Build());
        await client.AssertDisconnectedAsync(MqttReasonCode.ProtocolError);
        Assert.Equal(DisconnectCause.ProtocolError, (await server.Host.NextGone()).Cause);
    }

    [Fact]
    [Spec("MQTT-4.12.0-1")]
    public async Task An_authentication_method_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.OpenAsync();
        await client.SendAsync(new ConnectBuilder { ClientId = "c", Properties = Packets.Properties([0x15, .. Packets.Text("X")]) }.Build());
        Assert.Equal(0x8C, (await client.ReadAsync(2)).Body[1]);
        await client.AssertClosedAsync();
    }

    [Fact]
    public async Task A_CONNECT_that_arrives_byte_by_byte_and_with_its_first_publish_is_served()
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.OpenAsync();
        foreach (var one in (byte[])[.. new ConnectBuilder { ClientId = "c" }.Build(), .. Packets.Publish("a", "b", 7)])
            await client.SendAsync([one]);
        await client.ReadAsync(2);
        Assert.Equal(7, (await client.ReadAsync(4)).PacketId);
    }
}
