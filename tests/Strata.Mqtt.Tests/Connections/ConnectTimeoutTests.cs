using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Strata.Mqtt.Tests.Connections;

/// <summary>A peer has one time for all that stands before its CONNECT.</summary>
public sealed class ConnectTimeoutTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly TaskCompletionSource accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource atEngine = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task A_TLS_handshake_that_does_not_come_ends_it()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await using var server = await TestServer.StartAsync(time: time, listen: listen =>
        {
            listen.UseConnectTimeout();
            listen.Use(Tell(accepted));
            listen.UseHttps(certificate);
        });
        using var silent = await server.OpenAsync();
        await Deadline.For(accepted.Task, "the server accepts");
        time.Advance(TimeSpan.FromSeconds(10));
        await silent.AssertClosedAsync(); // By our time: Kestrel's own ten seconds are real ones.
    }

    [Fact]
    public async Task The_PROXY_header_and_the_CONNECT_share_it_and_who_is_through_stays()
    {
        await using var server = await TestServer.StartAsync(time: time, listen: listen =>
        {
            listen.UseConnectTimeout();
            listen.Use(Tell(accepted));
            listen.UseProxyProtocol([IPNetwork.Parse("127.0.0.0/8")]);
            listen.Use(Tell(atEngine));
        });
        var header = Encoding.ASCII.GetBytes("PROXY TCP4 203.0.113.7 10.0.0.1 56324 1883\r\n");
        using var slow = await server.OpenAsync();
        await Deadline.For(accepted.Task, "the server accepts");
        time.Advance(TimeSpan.FromSeconds(6));
        await slow.SendAsync(header);
        await Deadline.For(atEngine.Task, "the header is taken");
        using var through = await server.OpenAsync();
        await through.SendAsync(header, new ConnectBuilder { ClientId = "c" }.Build());
        Assert.Equal(0x20, (await through.ReadAsync()).First);
        time.Advance(TimeSpan.FromSeconds(4));
        await slow.AssertClosedAsync();
        time.Advance(TimeSpan.FromSeconds(30));
        await through.PingAsync();
    }

    private static Func<ConnectionDelegate, ConnectionDelegate> Tell(TaskCompletionSource who) => next => connection =>
    {
        who.TrySetResult();
        return next(connection);
    };
}
