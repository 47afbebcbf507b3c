using System.Net;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Transports;

/// <summary>Who is believed to speak for somebody else, on real sockets.</summary>
public sealed class ProxyProtocolTests
{
    private static readonly byte[] Header = Encoding.ASCII.GetBytes("PROXY TCP4 203.0.113.7 10.0.0.1 56324 1883\r\n");

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task A_balancer_says_who_the_client_is(int pieces)
    {
        await using var server = await TestServer.StartAsync(listen: Behind("127.0.0.0/8"));
        using var client = await server.OpenAsync();
        byte[] bytes = [.. Header, .. new ConnectBuilder { ClientId = "far" }.Build()];
        foreach (var piece in bytes.Chunk(Math.Max(1, bytes.Length / pieces)))
            await client.SendAsync(piece);
        Assert.Equal(0x20, (await client.ReadAsync()).First);
        Assert.Equal(new IPEndPoint(IPAddress.Parse("203.0.113.7"), 56324), server.Host.Connects["far"].RemoteEndPoint);
    }

    [Fact]
    public async Task A_client_from_elsewhere_cannot_claim_to_be_another()
    {
        await using var server = await TestServer.StartAsync(listen: Behind("192.0.2.0/24"));
        using var liar = await server.OpenAsync();
        await liar.SendAsync(Header, new ConnectBuilder { ClientId = "liar" }.Build());
        await liar.AssertClosedAsync();
        using var honest = await server.ConnectAsync("honest");
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)server.Host.Connects["honest"].RemoteEndPoint!).Address);
        Assert.DoesNotContain("liar", server.Host.Connects.Keys);
    }

    [Fact]
    public async Task A_balancer_that_says_nothing_is_closed()
    {
        var time = new FakeTimeProvider();
        await using var server = await TestServer.StartAsync(time: time, listen: Behind("127.0.0.1/32"));
        using var without = await server.OpenAsync();
        await without.SendAsync(new ConnectBuilder { ClientId = "without" }.Build());
        await without.AssertClosedAsync();
        using var silent = await server.OpenAsync();
        var closed = silent.AssertClosedAsync();
        while (!closed.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(11));
            await Task.Yield();
        }
        await closed;
        Assert.Empty(server.Host.Connects);
    }

    private static Action<ListenOptions> Behind(string network) => listen => listen.UseProxyProtocol([IPNetwork.Parse(network)]);
}
