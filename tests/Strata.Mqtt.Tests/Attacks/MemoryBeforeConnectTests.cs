using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Strata.Mqtt.Tests.Attacks;

/// <summary>
/// What a peer has in the process's memory before its CONNECT is accepted, whatever it does: all that is managed, those of the client's side of the same sockets included, on real
/// sockets, with the pieces by which Kestrel's blocks are filled worst.
/// </summary>
[Collection(nameof(Alone))]
public sealed class MemoryBeforeConnectTests
{
    private const int Limit = 64 * 1024;

    /// <summary>What SslStream itself rents for a record of 16 KiB: told apart in the README, as OpenSSL's own memory is, which is native.</summary>
    private const int OfTls = 33 * 1024;

    /// <summary>More than half of a block of Kestrel's, so that the rest of each is left empty.</summary>
    private const int Piece = 2049;

    private const int Known = 50;
    // Enough that what pools of the process keep for good is little for each.
    private const int Peers = 300;

    private static readonly byte[] Connect = WholeConnect(4 * 1024);

    /// <summary>What comes after CONNECT while the host decides: no more of it is taken than a peer may have unread.</summary>
    private static readonly byte[] Flood = [.. Connect, .. Enumerable.Repeat(Packets.Publish("a", new string('x', 1000), qos: 0), 60).SelectMany(static p => p)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Over_TCP_it_stays_within_64_KiB(bool undecided)
    {
        await using var server = await TestServer.StartAsync();
        using var held = Hold(server.Host);
        await MeasureAsync("TCP", server.Host, undecided, async () =>
        {
            var socket = await OpenAsync(server.Port);
            return (socket, bytes => SendAsync(socket, bytes));
        }, undecided ? Flood : Connect[..^1], Limit);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Over_WebSocket_in_frames_of_one_byte_it_stays_within_64_KiB(bool undecided)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddMqttBroker<TestHost>();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var app = builder.Build();
        app.UseWebSockets();
        app.MapMqtt();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var host = app.Services.GetRequiredService<TestHost>();
        using var held = Hold(host);
        var port = new Uri(app.Urls.Single()).Port;
        await MeasureAsync("WebSocket", host, undecided, async () =>
        {
            var socket = await OpenAsync(port);
            await UpgradeAsync(socket);
            return (socket, bytes => SendAsync(socket, bytes));
        }, [.. (undecided ? Flood : Connect[..^1]).SelectMany(static b => (byte[])[0x82, 0x81, 0, 0, 0, 0, b])], Limit);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Over_TLS_it_stays_within_64_KiB_and_what_TLS_itself_needs(bool undecided)
    {
        using var certificate = Certificate();
        await using var server = await TestServer.StartAsync(listen: listen => listen.UseConnectTimeout().UseHttps(certificate));
        using var held = Hold(server.Host);
        await MeasureAsync("TLS", server.Host, undecided, async () =>
        {
            var socket = await OpenAsync(server.Port);
            var tls = new SslStream(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: true);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.GetCertHashString() });
            return (socket, async bytes =>
            {
                await tls.WriteAsync(bytes);
                await tls.DisposeAsync(); // The connection stays; what the client has in memory goes.
            });
        }, undecided ? Flood : Connect[..^1], Limit + OfTls, piece: int.MaxValue);
    }

    [Fact]
    public async Task A_TLS_handshake_that_is_not_finished_stays_within_64_KiB_and_what_TLS_itself_needs()
    {
        using var certificate = Certificate();
        await using var server = await TestServer.StartAsync(listen: listen => listen.UseConnectTimeout().UseHttps(certificate));
        byte[] hello = [0x16, 3, 1, 0x3F, 0xFF, 1, 0, 0x3F, 0xFB, .. new byte[16_000]]; // A record of 16 KiB whose end does not come.
        await MeasureAsync("TLS handshake", server.Host, false, async () =>
        {
            var socket = await OpenAsync(server.Port);
            return (socket, bytes => SendAsync(socket, bytes));
        }, hello, Limit + OfTls);
    }

    private static async Task MeasureAsync(string what, TestHost host, bool undecided, Func<Task<(Socket Socket, Func<byte[], Task> Send)>> open, byte[] bytes, int limit, int piece = Piece)
    {
        var peers = new List<(Socket Socket, Func<byte[], Task> Send)>();
        async Task ComeAsync(int count)
        {
            var some = new List<(Socket Socket, Func<byte[], Task> Send)>();
            for (var i = 0; i < count; i++)
                some.Add(await Deadline.For(open(), "a peer connects"));
            foreach (var part in bytes.Chunk(Math.Min(piece, bytes.Length)))
            {
                foreach (var (_, send) in some)
                    await Deadline.For(send(part), "the server's machine takes what a peer sends");
            }

            peers.AddRange(some);
        }

        await ComeAsync(Known);
        var before = Alone.Memory();
        await ComeAsync(Peers);
        var most = 0L;
        for (var i = 0; i < 20; i++)
        {
            most = Math.Max(most, Alone.Memory() - before);
            await Task.Yield();
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{what}{(undecided ? ", undecided" : "")}: {most / Peers} bytes a peer");
        Assert.InRange(most / Peers, 4096, limit); // Less would mean that what was sent had not come.
        Assert.Equal(undecided ? 1 : 0, host.Connects.Count); // All say the same client id.
        foreach (var (socket, _) in peers)
        {
            Assert.True(socket.Connected && !Ended(socket), "The server has closed a connection.");
            socket.Dispose();
        }
    }

    /// <summary>Whether the other side has ended the connection; what it has said, as TLS does, is passed over.</summary>
    private static bool Ended(Socket socket) => socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0;

    /// <summary>Has the host decide about nobody until this is disposed of.</summary>
    private static Held Hold(TestHost host)
    {
        var held = new Held();
        host.Connect = async (_, _) =>
        {
            await held.Over;
            return ConnectDecision.Refuse(MqttReasonCode.NotAuthorized);
        };
        return held;
    }

    private static byte[] WholeConnect(int length)
    {
        var rest = length - new ConnectBuilder { ClientId = "c", UserName = "" }.Build().Length - 1; // Its length takes a byte more.
        var connect = new ConnectBuilder { ClientId = "c", UserName = new string('u', rest) }.Build();
        Assert.Equal(length, connect.Length);
        return connect;
    }

    private static async Task<Socket> OpenAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    private static async Task SendAsync(Socket socket, byte[] bytes) => Assert.Equal(bytes.Length, await socket.SendAsync(bytes));

    private static async Task UpgradeAsync(Socket socket)
    {
        await SendAsync(socket, Encoding.ASCII.GetBytes(
            "GET /mqtt HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"));
        var (answer, one) = (new StringBuilder(), new byte[1]);
        while (!answer.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            Assert.Equal(1, await Deadline.For(socket.ReceiveAsync(one), "the answer to an upgrade"));
            answer.Append((char)one[0]);
        }

        Assert.StartsWith("HTTP/1.1 101", answer.ToString(), StringComparison.Ordinal);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private sealed class Held : IDisposable
    {
        private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Over => over.Task;

        public void Dispose() => over.TrySetResult();
    }
}
