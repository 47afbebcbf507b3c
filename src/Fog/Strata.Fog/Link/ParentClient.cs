using Strata.Node.Artifacts;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Strata.Cloud.Contracts;
using Strata.Fog.Configuration;

namespace Strata.Fog.Link;

/// <summary>The way to the parent: one pool of connections, authenticated as one gateway.</summary>
internal sealed class ParentClient : IDisposable
{
    private readonly HttpClient http;
    private readonly GatewayIdentity identity;
    private readonly bool isOnBehalf;

    public ParentClient(Uri parent, string? authorityFile, GatewayIdentity identity)
    {
        this.identity = identity;
        http = CreateHttp(parent, authorityFile);
    }

    private ParentClient(HttpClient http, GatewayIdentity identity) => (this.http, this.identity, isOnBehalf) = (http, identity, true);

    public string Id => identity.Id;

    /// <summary>The same way, taken as another gateway; it ends with this one.</summary>
    public ParentClient As(GatewayIdentity other) => new(http, other);

    /// <summary>A client that notices a parent that does not answer; requests carry their own deadlines.</summary>
    /// <param name="authorityFile">PEM, whom to trust; null: the machine's authorities.</param>
    /// <exception cref="InvalidDataException">The file cannot be used.</exception>
    public static HttpClient CreateHttp(Uri parent, string? authorityFile) => new(
        new TransportErrorHandler(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(3), PooledConnectionLifetime = TimeSpan.FromMinutes(10), PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
            AllowAutoRedirect = false, UseCookies = false, SslOptions = ServerTrust.Of(authorityFile),
        }),
        disposeHandler: true)
    {
        BaseAddress = parent, Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Posts entries; the answer is the caller's to dispose.</summary>
    public Task<HttpResponseMessage> PostUplinkAsync(string stream, long lowest, bool live, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        var request = Request(HttpMethod.Post, $"uplink?stream={stream}&lowest={lowest}&live={(live ? 1 : 0)}");
        request.Content = new ReadOnlyMemoryContent(lines) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } };
        return http.SendAsync(request, cancellationToken);
    }

    public Task<HttpResponseMessage> PostStatusAsync(GatewayStatus status, CancellationToken cancellationToken)
    {
        var request = Request(HttpMethod.Post, "status");
        request.Content = JsonContent.Create(status, ContractsJson.Default.GatewayStatus);
        return http.SendAsync(request, cancellationToken);
    }

    /// <summary>Asks which certificates are good; the answer waits until that is not <paramref name="version"/> any more, 25 s at most.</summary>
    public Task<HttpResponseMessage> GetTrustAsync(string? version, CancellationToken cancellationToken) => http.SendAsync(Request(HttpMethod.Get, version is null ? "trust" : $"trust?version={version}"), cancellationToken);

    /// <summary>Says what changed of shadows here, and asks what changed there.</summary>
    public Task<HttpResponseMessage> PostShadowsAsync(GatewayShadows asked, CancellationToken cancellationToken)
    {
        var request = Request(HttpMethod.Post, "shadows");
        request.Content = JsonContent.Create(asked, ContractsJson.Default.GatewayShadows);
        return http.SendAsync(request, cancellationToken);
    }

    /// <summary>Asks for the certificate of the gateway's own listener.</summary>
    public Task<HttpResponseMessage> PostCertificateAsync(GatewayCertificateRequest asked, CancellationToken cancellationToken)
    {
        var request = Request(HttpMethod.Post, "certificate");
        request.Content = JsonContent.Create(asked, ContractsJson.Default.GatewayCertificateRequest);
        return http.SendAsync(request, cancellationToken);
    }

    /// <summary>Passes on the request of a gateway that wants to join below this one.</summary>
    public Task<HttpResponseMessage> JoinAsync(JoinRequest join, CancellationToken cancellationToken) => http.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "api/v1/gateways/join")
        {
            Headers = { Authorization = identity.Authorization }, Content = JsonContent.Create(join, ContractsJson.Default.JoinRequest),
        },
        cancellationToken);

    /// <summary>Asks for an artifact on a device's behalf: all of it, the rest from a byte on, or some bytes.</summary>
    public Task<HttpResponseMessage> GetArtifactAsync(string sha256, string device, long from, long? to, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"artifacts/{sha256}") { Headers = { Authorization = identity.Authorization } };
        request.Headers.Add(IArtifactBytes.DeviceHeader, device);
        if (from > 0 || to is not null)
            request.Headers.Range = new RangeHeaderValue(from, to);
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>Opens the link; its events are read from the answer's body.</summary>
    public Task<HttpResponseMessage> OpenLinkAsync(long version, CancellationToken cancellationToken) =>
        http.SendAsync(Request(HttpMethod.Get, version > 0 ? $"link?version={version}" : "link"), HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    public async Task AnswerAsync(string requestId, int status, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var request = Request(HttpMethod.Post, $"link/responses/{Uri.EscapeDataString(requestId)}");
        request.Headers.Add("X-Status", status.ToString());
        request.Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using var answer = await http.SendAsync(request, cancellationToken);
    }

    /// <summary>Says that a message for a device is on this gateway's disk.</summary>
    /// <exception cref="HttpRequestException">The parent did not take it; it sends the message again.</exception>
    public async Task TakenAsync(string messageId, CancellationToken cancellationToken)
    {
        using var answer = await http.SendAsync(Request(HttpMethod.Post, $"link/taken/{Uri.EscapeDataString(messageId)}"), cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Passes on the request of a gateway below as it came; the answer's body is read by the caller.</summary>
    /// <param name="path">Below the gateway's own address.</param>
    public Task<HttpResponseMessage> PostAsync(string path, HttpContent body, CancellationToken cancellationToken)
    {
        var request = Request(HttpMethod.Post, path);
        request.Content = body;
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    public void Dispose()
    {
        if (!isOnBehalf)
            http.Dispose();
    }

    private HttpRequestMessage Request(HttpMethod method, string path) =>
        new(method, $"api/v1/gateways/{identity.Id}/{path}") { Headers = { Authorization = identity.Authorization } };
}
