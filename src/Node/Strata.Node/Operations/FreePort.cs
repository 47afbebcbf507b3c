using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Strata.Node.Operations;

/// <summary>
/// Draws a TCP port that is free now, for a server whose port has to be known before it serves. Below those that systems give to outgoing connections and to listeners without a wish (from 32,768 on): one of these
/// could be taken before the server is there. A process draws each port once until it has drawn them all.
/// </summary>
public static class FreePort
{
    private const int First = 20_000, Behind = 32_768;

    private static int drawn = RandomNumberGenerator.GetInt32(Behind - First);

    /// <param name="address">Where it will be served; loopback when not given.</param>
    /// <exception cref="SocketException">The address is not of this machine, or every port of the range is taken.</exception>
    public static int Draw(IPAddress? address = null)
    {
        address ??= IPAddress.Loopback;
        for (var tries = 1; ; tries++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref drawn) % (Behind - First));
            using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(new IPEndPoint(address, port));
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse && tries < Behind - First)
            {
                // Somebody's; the next.
            }
        }
    }
}
