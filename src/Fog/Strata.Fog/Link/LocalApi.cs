using System.Net;
using System.Net.Http.Headers;
using Strata.Cloud.Contracts;

namespace Strata.Fog.Link;

/// <summary>The gateway's own API, asked over loopback for its parent: GET only, answers of bounded size.</summary>
internal sealed class LocalApi : IDisposable
{
    private readonly HttpClient http;
    private readonly FogListeners listeners;
    private readonly string token;

    /// <param name="token">As whom it asks.</param>
    /// <param name="maxBytes">Of an answer.</param>
    public LocalApi(FogListeners listeners, string token, int maxBytes)
    {
        (this.listeners, this.token) = (listeners, token);
        http = new HttpClient(new TransportErrorHandler(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }), disposeHandler: true)
        {
            MaxResponseContentBufferSize = maxBytes,
        };
    }

    public async Task<(int Status, ReadOnlyMemory<byte> Body)> GetAsync(string path, CancellationToken cancellationToken)
    {
        if (listeners.Address is not { } address)
            return ((int)HttpStatusCode.ServiceUnavailable, default);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            return ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        }
        catch (HttpRequestException)
        {
            return ((int)HttpStatusCode.BadGateway, """{"detail":"The gateway's answer is too long or its API does not answer."}"""u8.ToArray());
        }
    }

    public void Dispose() => http.Dispose();
}
