using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Testing;

namespace Strata.Cloud.Tests;

/// <summary>API and pages by TLS.</summary>
public sealed class HttpsTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-https-").FullName;
    private readonly TestAuthority authority;
    private string serial = "";

    public HttpsTests() => authority = new TestAuthority(folder);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Certificate => Path.Combine(folder, "server.pem");

    private string Key => Path.Combine(folder, "server.key");

    public ValueTask InitializeAsync()
    {
        serial = authority.IssueServer(Certificate, Key);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        authority.Dispose();
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_client_that_trusts_the_authority_is_served_by_TLS_and_its_cookies_are_secure_and_another_client_is_not()
    {
        await using var node = await StartAsync();
        using var http = Client(node, authority.CaFile);
        http.DefaultRequestHeaders.Authorization = new("Bearer", node.AdminToken);
        Assert.Empty((await new StrataClient(http, null).ListDevicesAsync(cancellationToken: Cancelled)).Items);
        var link = await new StrataClient(http, null).CreateLoginLinkAsync(Cancelled);
        Assert.StartsWith($"https://localhost:{node.Https!.Port}/login?code=", link.Url, StringComparison.Ordinal);

        using var browser = Client(node, authority.CaFile);
        var entered = await browser.GetAsync(link.Url, Cancelled);
        var form = await browser.GetAsync("/login", Cancelled);
        Assert.All([.. Cookies(entered), .. Cookies(form)], c => Assert.Contains("; secure", c, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(["strata", "strata-form"], Cookies(entered).Concat(Cookies(form)).Select(c => c.Split('=')[0]));

        using var stranger = new TestAuthority(folder);
        using var other = Client(node, stranger.CaFile);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => other.GetAsync("/health/live", Cancelled));
        Assert.IsType<AuthenticationException>(refused.InnerException);
    }

    [Fact]
    public async Task A_renewed_certificate_is_served_without_a_restart_and_a_damaged_one_is_not()
    {
        await using var node = await StartAsync();
        Assert.Equal(serial, await ServedAsync(node));
        var renewed = authority.IssueServer(Certificate, Key);
        File.SetLastWriteTimeUtc(Key, File.GetLastWriteTimeUtc(Key).AddSeconds(2));
        var served = serial;
        while (served == serial)
            served = await ServedAsync(node);
        Assert.Equal(renewed, served);

        await File.WriteAllTextAsync(Key, "not a key", Cancelled);
        var until = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(until) < TimeSpan.FromSeconds(1.2)) // It looks once a second.
            Assert.Equal(renewed, await ServedAsync(node));
    }

    [Theory]
    [InlineData("missing", "Give files that this process may read")]
    [InlineData("of another certificate", "give the key with which that one was asked for")]
    [InlineData("readable by all", "chmod 600")]
    [InlineData("damaged", "Both are PEM, the key without a password")]
    [InlineData("not given", "--cert FILE and --key FILE (PEM) go together")]
    public async Task A_key_that_cannot_be_used_stops_the_start_and_says_what_to_do(string key, string said)
    {
        switch (key)
        {
            case "missing":
                File.Delete(Key);
                break;
            case "of another certificate":
                authority.IssueServer(Path.Combine(folder, "other.pem"), Key);
                break;
            case "readable by all":
                File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.OtherRead);
                break;
            case "damaged":
                await File.WriteAllTextAsync(Key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", Cancelled);
                break;
        }
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(2, await CloudNode.RunAsync(Options(key == "not given" ? null : Key), output, error, Cancelled));
        Assert.Contains(said, error.ToString(), StringComparison.Ordinal);
    }

    private CloudOptions Options(string? key) => new()
    {
        DataFolder = Path.Combine(folder, "data"), Http = Free, Mqtt = Free, Https = Free, CertificateFile = Certificate, CertificateKeyFile = key, LogLevel = LogLevel.Critical,
    };

    private Task<CloudNode> StartAsync() => CloudNode.StartAsync(Options(Key), null, Cancelled);

    private static IPEndPoint Free => new(IPAddress.Loopback, 0);

    private static HttpClient Client(CloudNode node, string ca) => new(new SocketsHttpHandler { SslOptions = ServerTrust.Of(ca), AllowAutoRedirect = false, UseCookies = false })
    {
        BaseAddress = new Uri($"https://localhost:{node.Https!.Port}/"), Timeout = TimeSpan.FromSeconds(20),
    };

    private static IEnumerable<string> Cookies(HttpResponseMessage response) => response.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [];

    /// <summary>The serial number of the certificate that is served now.</summary>
    private async Task<string> ServedAsync(CloudNode node)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(node.Https!, Cancelled);
        await using var tls = new SslStream(tcp.GetStream());
        var options = ServerTrust.Of(authority.CaFile);
        options.TargetHost = "localhost";
        await tls.AuthenticateAsClientAsync(options, Cancelled);
        return tls.RemoteCertificate!.GetSerialNumberString();
    }
}
