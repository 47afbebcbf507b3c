using System.Security.Cryptography;
using System.Text;
using Strata.Mqtt.Access;

namespace Strata.Mqtt.Tests.Access;

/// <summary>SCRAM-SHA-256 as enhanced authentication (MQTT 5.0 4.12).</summary>
public sealed class ScramTests
{
    private const string Pencil = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    [Fact]
    public void The_exchange_of_RFC_7677_comes_out_byte_for_byte()
    {
        var exchange = ScramExchange.Begin("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"u8)!;
        Assert.Equal("user", exchange.User);
        var challenge = exchange.Challenge(PasswordHash.Parse(Pencil), "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
        Assert.Equal("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", Encoding.UTF8.GetString(challenge));
        var final = exchange.Finish("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="u8);
        Assert.Equal("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", Encoding.UTF8.GetString(final!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("p=tls-unique,,n=user,r=rOprNGfwEbeRWgbNEkqO")]
    [InlineData("n,,n=user")]
    [InlineData("n,,n=,r=rOprNGfwEbeRWgbNEkqO")]
    [InlineData("n,,n=us=er,r=rOprNGfwEbeRWgbNEkqO")]
    [InlineData("n,,n=user,r=short")]
    public void What_is_no_first_message_is_refused(string text) => Assert.Null(ScramExchange.Begin(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Names_hold_commas_and_equals_signs_encoded() => Assert.Equal("a,b=c", ScramExchange.Begin("n,,n=a=2Cb=3Dc,r=rOprNGfwEbeRWgbNEkqO"u8)!.User);

    [Fact]
    public void Somebody_who_is_not_there_gets_the_same_salt_each_time_and_no_entry()
    {
        var salts = Enumerable.Range(0, 2).Select(_ => Encoding.UTF8.GetString(ScramExchange.Begin("n,,n=nobody,r=rOprNGfwEbeRWgbNEkqO"u8)!.Challenge(null)).Split(',')[1]);
        Assert.Single(salts.Distinct());
    }

    [Fact]
    [Spec("MQTT-4.12.0-2")]
    [Spec("MQTT-4.12.0-5")]
    public async Task A_client_proves_its_password_and_the_server_that_it_knows_it()
    {
        await using var server = await StartAsync();
        var (client, code) = await ConnectAsync(server, "user", "pencil");
        using (client)
        {
            Assert.Equal(0, code);
            Assert.Equal("user", server.Host.Connects["c"].AuthenticatedUser);
            await client.SendAsync(Auth(0x19, First("user")));
            var challenge = DataOf((await client.ReadAsync(15)).Body, 0x18);
            await client.SendAsync(Auth(0x18, Final("user", "pencil", challenge, out var expected)));
            Assert.Equal(expected, DataOf((await client.ReadAsync(15)).Body, 0));
            await client.PingAsync();
        }
    }

    [Theory]
    [InlineData("user", "pen")]
    [InlineData("nobody", "pencil")]
    [Spec("MQTT-4.12.0-4")]
    public async Task A_wrong_password_is_refused_at_the_end_whoever_it_is(string user, string password)
    {
        await using var server = await StartAsync();
        var (client, code) = await ConnectAsync(server, user, password);
        client.Dispose();
        Assert.Equal((byte)MqttReasonCode.NotAuthorized, code);
        Assert.Empty(server.Host.Connects);
    }

    [Fact]
    public async Task Guessing_at_SCRAM_is_counted_by_the_name_in_it()
    {
        await using var server = await StartAsync();
        for (var i = 0; i < server.Broker.Options.MaxFailedLogins; i++)
            (await ConnectAsync(server, "user", "guess")).Client.Dispose();
        using var client = await server.OpenAsync();
        await client.SendAsync(Connect("user"));
        Assert.Equal((byte)MqttReasonCode.ConnectionRateExceeded, (await client.ReadAsync(2)).Body[1]);
        var (other, code) = await ConnectAsync(server, "other", "pencil");
        other.Dispose();
        Assert.Equal(0, code);
    }

    [Fact]
    [Spec("MQTT-4.12.1-2")]
    public async Task A_re_authentication_that_fails_or_is_somebody_elses_ends_the_connection()
    {
        await using var server = await StartAsync();
        var (first, _) = await ConnectAsync(server, "user", "pencil");
        await first.SendAsync(Auth(0x19, First("user")));
        await first.SendAsync(Auth(0x18, Final("user", "wrong", DataOf((await first.ReadAsync(15)).Body, 0x18), out _)));
        await first.AssertDisconnectedAsync(MqttReasonCode.NotAuthorized);
        first.Dispose();
        var (second, _) = await ConnectAsync(server, "user", "pencil");
        await second.SendAsync(Auth(0x19, First("other")));
        await second.AssertDisconnectedAsync(MqttReasonCode.NotAuthorized);
        second.Dispose();
    }

    [Fact]
    [Spec("MQTT-4.12.0-1")]
    [Spec("MQTT-4.12.0-7")]
    public async Task Another_method_is_refused_and_AUTH_without_one_is_a_protocol_error()
    {
        await using var server = await StartAsync();
        using var other = await server.OpenAsync();
        await other.SendAsync(new ConnectBuilder { ClientId = "c", Properties = Packets.Properties([0x15, .. Packets.Text("GS2-KRB5")]) }.Build());
        Assert.Equal(0x8C, (await other.ReadAsync(2)).Body[1]);
        using var plain = await server.ConnectAsync("plain");
        await plain.SendAsync(Auth(0x19, First("user")));
        await plain.AssertDisconnectedAsync(MqttReasonCode.ProtocolError);
    }

    [Fact]
    [Spec("MQTT-3.15.2-1")]
    public async Task AUTH_with_a_reason_that_is_none_of_its_own_is_a_protocol_error()
    {
        await using var server = await StartAsync();
        var (client, _) = await ConnectAsync(server, "user", "pencil");
        await client.SendAsync(Auth(0x87, First("user")));
        await client.AssertDisconnectedAsync(MqttReasonCode.ProtocolError);
        client.Dispose();
    }

    [Fact]
    public async Task Anything_else_before_the_authentication_is_done_ends_the_connection_unanswered()
    {
        await using var server = await StartAsync();
        using var client = await server.OpenAsync();
        await client.SendAsync(Connect("user"));
        await client.ReadAsync(15);
        await client.SendAsync(Packets.Publish("a", "b", 1));
        await client.AssertClosedAsync();
        Assert.Empty(server.Host.Connects);
    }

    private static async Task<TestServer> StartAsync()
    {
        var server = await TestServer.StartAsync();
        server.Host.FindPassword = static user => user is "user" or "other" ? PasswordHash.Parse(Pencil) : null;
        return server;
    }

    private static async Task<(RawClient Client, byte Code)> ConnectAsync(TestServer server, string user, string password)
    {
        var client = await server.OpenAsync();
        await client.SendAsync(Connect(user));
        var challenge = DataOf((await client.ReadAsync(15)).Body, 0x18);
        await client.SendAsync(Auth(0x18, Final(user, password, challenge, out var expected)));
        var connAck = await client.ReadAsync(2);
        if (connAck.Body[1] == 0)
            Assert.Contains(Encoding.UTF8.GetString(expected), Encoding.Latin1.GetString(connAck.Body), StringComparison.Ordinal);
        return (client, connAck.Body[1]);
    }

    private static byte[] Connect(string user) => new ConnectBuilder
    {
        ClientId = "c", Properties = Packets.Properties([0x15, .. Packets.Text("SCRAM-SHA-256")], [0x16, .. Packets.Binary(First(user))]),
    }.Build();

    private static byte[] Auth(byte code, byte[] data) =>
        Packets.Frame(0xF0, [code, .. Packets.Properties([0x15, .. Packets.Text("SCRAM-SHA-256")], [0x16, .. Packets.Binary(data)])]);

    private static byte[] DataOf(byte[] body, byte code)
    {
        Assert.Equal(code, body[0]);
        var at = 2 + 1 + 2 + "SCRAM-SHA-256".Length;
        Assert.Equal(0x16, body[at]);
        return body[(at + 3)..];
    }

    private static byte[] First(string user) => Encoding.UTF8.GetBytes($"n,,n={user},r=rOprNGfwEbeRWgbNEkqO");

    /// <summary>The client's side, written from RFC 5802, section 3.</summary>
    private static byte[] Final(string user, string password, byte[] challenge, out byte[] expected)
    {
        var serverFirst = Encoding.UTF8.GetString(challenge);
        var parts = serverFirst.Split(',');
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, Convert.FromBase64String(parts[1][2..]), int.Parse(parts[2][2..]), HashAlgorithmName.SHA256, 32);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var withoutProof = $"c=biws,{parts[0]}";
        var message = Encoding.UTF8.GetBytes($"n={user},r=rOprNGfwEbeRWgbNEkqO,{serverFirst},{withoutProof}");
        var signature = HMACSHA256.HashData(SHA256.HashData(clientKey), message);
        var proof = clientKey.Zip(signature, static (a, b) => (byte)(a ^ b)).ToArray();
        expected = Encoding.UTF8.GetBytes("v=" + Convert.ToBase64String(HMACSHA256.HashData(HMACSHA256.HashData(salted, "Server Key"u8), message)));
        return Encoding.UTF8.GetBytes($"{withoutProof},p={Convert.ToBase64String(proof)}");
    }
}
