using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Strata.Mqtt.Transports;

/// <summary>A socket that listens; those it accepts inherit that they look whether a silent peer's machine is still there.</summary>
internal static class ListenSocket
{
    private const int ProbeEverySeconds = 15;
    private const int Probes = 4;

    /// <param name="keepAlive">Silence after which the peer's machine is asked; zero: never.</param>
    public static Socket Bind(EndPoint endPoint, TimeSpan keepAlive)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        if (endPoint is not IPEndPoint || keepAlive == TimeSpan.Zero)
            return socket;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)Math.Ceiling(keepAlive.TotalSeconds));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, ProbeEverySeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Probes);
        return socket;
    }
}
