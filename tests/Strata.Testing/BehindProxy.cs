using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Strata.Testing;

/// <summary>MQTT logins as they come through a load balancer on this machine that says who the client is.</summary>
public static class BehindProxy
{
    /// <summary>Fails unless the node takes the client's address from the balancer's PROXY header, and serves the balancer only with one.</summary>
    /// <param name="mqtt">Where a node serves that expects headers from loopback.</param>
    public static async Task AssertServesAsync(IPEndPoint mqtt)
    {
        Assert.Null(await LoginAsync(mqtt, ""));
        byte? answer = null;
        for (var i = 0; i < 11; i++)
            answer = await LoginAsync(mqtt, "PROXY TCP4 203.0.113.7 10.0.0.1 56324 1883\r\n");
        Assert.Equal((byte)0x9F, answer); // Ten wrong logins from there.
        Assert.NotEqual((byte)0x9F, await LoginAsync(mqtt, "PROXY TCP4 203.0.113.8 10.0.0.1 56324 1883\r\n") ?? 0x9F);
    }

    /// <returns>The reason in CONNACK; null when the connection is closed without one.</returns>
    private static async Task<byte?> LoginAsync(IPEndPoint mqtt, string header)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(mqtt);
        byte[] connect = [0x10, 20, 0, 4, .. "MQTT"u8, 5, 0xC2, 0, 0, 0, 0, 1, (byte)'x', 0, 1, (byte)'x', 0, 1, (byte)'x'];
        connect[1] = (byte)(connect.Length - 2);
        await tcp.GetStream().WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(header), .. connect]);
        var answer = new byte[4];
        try
        {
            return await Deadline.For(tcp.GetStream().ReadAtLeastAsync(answer, 4, throwOnEndOfStream: false).AsTask(), "an answer to CONNECT") == 4 ? answer[3] : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
