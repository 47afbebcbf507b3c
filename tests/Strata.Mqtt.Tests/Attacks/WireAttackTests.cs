using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Strata.Mqtt.Broker;

namespace Strata.Mqtt.Tests.Attacks;

/// <summary>Packets that no client sends, and clients that are no clients.</summary>
public sealed class WireAttackTests
{
    private static readonly string[] BadTexts = ["C080", "E08080", "EDA080", "EDBFBF", "F4908080", "FF", "E282", "6100", "F8888080"];

    /// <summary>A packet with a text in each place that has one; the text is <c>zzzz</c>.</summary>
    private static readonly (string Place, byte[] Packet)[] Places =
    [
        ("a topic", Packets.Publish("zzzz", "x", 1)),
        ("a content type", Packets.Publish("t", "x", 1, properties: Packets.Properties([0x03, .. Packets.Text("zzzz")]))),
        ("a response topic", Packets.Publish("t", "x", 1, properties: Packets.Properties([0x08, .. Packets.Text("zzzz")]))),
        ("a user property's name", Packets.Publish("t", "x", 1, properties: Packets.Properties(Packets.User("zzzz", "v")))),
        ("a user property's value", Packets.Publish("t", "x", 1, properties: Packets.Properties(Packets.User("k", "zzzz")))),
        ("a filter", Packets.Subscribe(1, 5, ("a", 1), ("zzzz", 1))),
        ("a filter to unsubscribe", Packets.Unsubscribe(1, 5, "zzzz")),
        ("a reason", Packets.Frame(0xE0, [0, .. Packets.Properties([0x1F, .. Packets.Text("zzzz")])])),
        ("an acknowledgement's reason", Packets.Frame(0x40, [0, 1, 0, .. Packets.Properties([0x1F, .. Packets.Text("zzzz")])])),
    ];

    private static readonly (string Place, ConnectBuilder Connect)[] ConnectPlaces =
    [
        ("a client id", new ConnectBuilder { ClientId = "zzzz" }),
        ("a user name", new ConnectBuilder { ClientId = "c", UserName = "zzzz" }),
        ("a will's topic", new ConnectBuilder { ClientId = "c", Will = ("zzzz", "x", 0, false) }),
        ("a will's content type", new ConnectBuilder { ClientId = "c", Will = ("w", "x", 0, false), WillProperties = Packets.Properties([0x03, .. Packets.Text("zzzz")]) }),
        ("a user property", new ConnectBuilder { ClientId = "c", Properties = Packets.Properties(Packets.User("k", "zzzz")) }),
        ("an authentication method", new ConnectBuilder { ClientId = "c", Properties = Packets.Properties([0x15, .. Packets.Text("zzzz")]) }),
    ];

    [Fact]
    public async Task Overlong_and_ill_formed_UTF8_surrogates_and_U0000_end_the_connection_wherever_they_stand()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var (place, packet) in Places)
        {
            foreach (var bad in BadTexts)
            {
                using var client = await server.ConnectAsync();
                await client.SendAsync(Replaced(packet, bad));
                Assert.True(await EndsWithAsync(client) == MqttReasonCode.MalformedPacket, $"{bad} in {place}");
            }
        }

        foreach (var (place, connect) in ConnectPlaces)
        {
            foreach (var bad in BadTexts)
            {
                using var client = await server.OpenAsync();
                await client.SendAsync(Replaced(connect.Build(), bad));
                Assert.True((await client.ReadAsync(2)).Body[1] == (byte)MqttReasonCode.MalformedPacket, $"{bad} in {place}");
                await client.AssertClosedAsync();
            }
        }

        Assert.Empty(server.Host.TakeSeen());
    }

    [Fact]
    public async Task Five_byte_integers_end_the_connection_wherever_they_stand()
    {
        await using var server = await TestServer.StartAsync();
        byte[] five = [0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        byte[][] packets =
        [
            [0x30, .. five, 0, 1, 0x61],
            [0xC0, 0x80, 0x80, 0x80, 0x80, 0x00],
            Packets.Frame(0x30, [0, 1, 0x61, .. five]), // The length of the properties.
            Packets.Frame(0x82, [0, 1, 6, 0x0B, .. five, 0, 1, 0x61, 0]), // A subscription identifier.
            Packets.Frame(0x82, [0, 1, 6, 0x0B, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 1, 0x61, 0]),
            Packets.Frame(0xE0, [0, .. five]),
        ];
        foreach (var packet in packets)
        {
            using var client = await server.ConnectAsync();
            await client.SendAsync(packet);
            Assert.Equal(MqttReasonCode.MalformedPacket, await EndsWithAsync(client));
        }
    }

    [Theory]
    [InlineData("20020000")]
    [InlineData("9003000100")]
    [InlineData("B003000100")]
    [InlineData("D000")]
    [InlineData("F000")]
    [InlineData("0000")]
    public async Task What_only_a_server_may_send_does_not_begin_a_connection(string hex)
    {
        await using var server = await TestServer.StartAsync();
        using var client = await server.OpenAsync();
        await client.SendAsync(Convert.FromHexString(hex));
        await client.AssertClosedAsync();
        Assert.Empty(server.Host.Connects);
    }

    [Theory]
    [InlineData("+", false)]
    [InlineData("#", false)]
    [InlineData("other/x", false)]
    [InlineData("$SYS", false)]
    [InlineData("", false)]
    [InlineData("{user}", true)]
    [InlineData("own", true)]
    public async Task A_client_id_does_not_stand_for_more_than_itself_in_a_rule(string clientId, bool accepted)
    {
        var rules = Path.GetTempFileName();
        await File.WriteAllTextAsync(rules, "allow * all {client}/#\n", TestContext.Current.CancellationToken);
        try
        {
            await using var server = await BrokerServer.StartAsync(
                new BrokerOptions { Mqtt = new(System.Net.IPAddress.Loopback, 0), Anonymous = true, RulesFile = rules, LogLevel = Microsoft.Extensions.Logging.LogLevel.None },
                TestContext.Current.CancellationToken);
            using var client = await RawClient.OpenAsync(server.Mqtt!.Port);
            await client.SendAsync(new ConnectBuilder { ClientId = clientId }.Build());
            var code = (MqttReasonCode)(await client.ReadAsync(2)).Body[1];
            if (clientId.Length > 0)
                Assert.Equal(accepted ? MqttReasonCode.Success : MqttReasonCode.ClientIdentifierNotValid, code);
            if (code != MqttReasonCode.Success)
                return;
            string[] others = ["other/x", "#", "+/x", "$SYS/#", "anonymous/x"];
            await client.SendAsync(Packets.Subscribe(1, 5, [.. others.Select(static f => (f, (byte)0))]));
            Assert.All((await client.ReadAsync(9)).Body[3..], static c => Assert.Equal((byte)MqttReasonCode.NotAuthorized, c));
            await client.SendAsync(Packets.Publish("other/x", "x", 1));
            Assert.Equal((byte)MqttReasonCode.NotAuthorized, (await client.ReadAsync(4)).Body[2]);
            if (accepted)
                await client.SubscribeAsync(clientId + "/x");
        }
        finally
        {
            File.Delete(rules);
        }
    }

    [Fact]
    public async Task Takeovers_of_a_lasting_session_that_race_with_its_subscriptions_lose_no_count_and_leave_none_behind()
    {
        await using var server = await TestServer.StartAsync(static o => o.MaxSubscriptions = 4);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async worker =>
        {
            for (var round = 0; round < 25; round++)
            {
                using var client = await server.OpenAsync();
                await client.SendAsync(
                    new ConnectBuilder { ClientId = "same", CleanStart = round % 10 == 9, Properties = Packets.Properties([0x11, 0, 0, 1, 0]) }.Build(),
                    Packets.Subscribe(1, 5, ("a/#", 1), ("b", 0)), Packets.Publish("a/b", "x", 2), Packets.Unsubscribe(3, 5, "a/#"), Packets.Subscribe(4, 5, ("a/+", 0)));
                await client.TryReadAsync();
            }
        }));
        for (var i = 0; i < 200; i++)
            await server.Host.NextGone();
        Assert.Equal(0, server.Broker.ClientCount);
        using var last = await server.ConnectAsync("same"); // Ends what was there.
        Assert.False(server.Broker.HasSubscribers("tests", "a/b"u8));
        Assert.False(server.Broker.HasSubscribers("tests", "b"u8));
        await last.SendAsync(Packets.Subscribe(1, 5, ("1", 0), ("2", 0), ("3", 0), ("4", 0), ("5", 0)));
        Assert.Equal([0, 0, 0, 0, (byte)MqttReasonCode.QuotaExceeded], (await last.ReadAsync(9)).Body[3..]);
    }

    [Fact]
    public async Task A_connection_whose_peer_is_gone_without_a_word_is_asked_for_by_the_system()
    {
        var asked = new TaskCompletionSource<(int On, int Idle)>();
        await using var server = await TestServer.StartAsync(static o => o.TcpKeepAlive = TimeSpan.FromSeconds(90), listen: listen => listen.Use(next => connection =>
        {
            var socket = connection.Features.Get<IConnectionSocketFeature>()!.Socket;
            asked.TrySetResult(((int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)!, (int)socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime)!));
            return next(connection);
        }));
        using var client = await server.ConnectAsync();
        Assert.Equal((1, 90), await asked.Task);
    }

    private static byte[] Replaced(byte[] packet, string hex)
    {
        // The lengths stay: what is shorter than four bytes is filled up.
        byte[] text = [.. Convert.FromHexString(hex)];
        text = [.. Encoding.ASCII.GetBytes("zzzz")[..(4 - text.Length)], .. text];
        var at = packet.AsSpan().IndexOf("zzzz"u8);
        var changed = packet.ToArray();
        text.CopyTo(changed, at);
        return changed;
    }

    private static async Task<MqttReasonCode> EndsWithAsync(RawClient client)
    {
        var packet = await client.ReadAsync();
        while (packet.Type is 4 or 9)
            packet = await client.ReadAsync();
        Assert.Equal(14, packet.Type);
        await client.AssertClosedAsync();
        return (MqttReasonCode)packet.Body[0];
    }
}
