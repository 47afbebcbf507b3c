using System.Net.Security;
using System.Net.Sockets;
using Strata.Bench.Mqtt.Drive;

namespace Strata.Bench.Mqtt;

/// <summary>A client over TLS that publishes one QoS 1 message and is silent then.</summary>
internal sealed class TlsClient : IDisposable
{
    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private SslStream? stream;

    public async Task OpenAsync(LoadOptions options, int number)
    {
        await socket.ConnectAsync(options.Target);
        stream = new SslStream(new NetworkStream(socket));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
#pragma warning disable CA5359 // The certificate was made by the server a moment ago, on this machine; nothing secret is sent.
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
        });
        var answer = new byte[4];
        await stream.WriteAsync(Packets.Connect($"bench-{number}", clean: true));
        await stream.ReadExactlyAsync(answer);
        var publish = Packets.Publish($"devices/bench-{number}/telemetry", 1, 64);
        publish[^65] = 1;
        await stream.WriteAsync(publish);
        await stream.ReadExactlyAsync(answer);
    }

    public void Dispose()
    {
        stream?.Dispose();
        socket.Dispose();
    }
}
