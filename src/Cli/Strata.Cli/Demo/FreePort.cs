using System.Net;
using System.Net.Sockets;

namespace Strata.Cli.Demo;

/// <summary>Draws a TCP port of loopback that is free now.</summary>
internal static class FreePort
{
    public static int Draw()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
