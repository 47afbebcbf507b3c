using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Strata.Bench.Mqtt.Drive;

namespace Strata.Bench.Mqtt;

/// <summary>An MQTT 3.1.1 client over TLS that costs little beside its handshake: it connects, publishes QoS 1 messages one after the other, and is silent then.</summary>
internal sealed class TlsClient : IDisposable
{
    private const byte ConnAck = 0x20;
    private const byte PubAck = 0x40;

    private readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] answer = new byte[4];
    private SslStream? stream;

    /// <param name="certificate">The client's; null for none.</param>
    public async Task ConnectAsync(EndPoint target, string clientId, SslStreamCertificateContext? certificate = null)
    {
        await socket.ConnectAsync(target);
        stream = new SslStream(new NetworkStream(socket));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ClientCertificateContext = certificate,
#pragma warning disable CA5359 // The certificate was made by the server a moment ago, on this machine; nothing secret is sent.
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore CA5359
        });
        await SendAsync(Packets.Connect(clientId, clean: true), ConnAck);
        if (answer[3] != 0)
            throw new InvalidOperationException($"{clientId} was not let in: {answer[3]}.");
    }

    /// <summary>Publishes and awaits the acknowledgement.</summary>
    public async Task PublishAsync(string topic, ReadOnlyMemory<byte> payload)
    {
        var publish = Packets.Publish(topic, 1, payload.Length);
        payload.CopyTo(publish.AsMemory(publish.Length - payload.Length));
        publish[^(payload.Length + 1)] = 1; // The packet's id.
        await SendAsync(publish, PubAck);
    }

    public void Dispose()
    {
        stream?.Dispose();
        socket.Dispose();
    }

    private async Task SendAsync(byte[] packet, byte answerType)
    {
        await stream!.WriteAsync(packet);
        await stream.ReadExactlyAsync(answer);
        if (answer[0] != answerType)
            throw new InvalidOperationException($"The server answered {Convert.ToHexString(answer)}.");
    }
}
