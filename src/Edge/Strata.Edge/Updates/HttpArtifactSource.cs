using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Text;
using Strata.Edge.Delivery;

namespace Strata.Edge.Updates;

/// <summary>Downloads by HTTP with the device's own credentials: its secret, or its certificate by TLS.</summary>
internal sealed class HttpArtifactSource(Uri address, Func<(string Device, LinkProof Proof)> show) : IArtifactSource
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(15);

    public async Task<ArtifactStream> OpenAsync(string url, long from, long size, CancellationToken cancellationToken)
    {
        HttpClient? client = null;
        try
        {
            var (device, proof) = show();
            client = Connect(proof);
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, url));
            if (proof.Secret is { } secret)
                request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String([.. Encoding.UTF8.GetBytes(device + ":"), .. secret]));
            if (from > 0)
                request.Headers.Range = new RangeHeaderValue(from, null);
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent)
                return new ArtifactStream(new OwnedStream(await response.Content.ReadAsStreamAsync(cancellationToken), client), response.StatusCode is HttpStatusCode.PartialContent ? from : 0);
            throw new ArtifactSourceException($"{address.Authority} answers {(int)response.StatusCode} to {url}", response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden or HttpStatusCode.RequestedRangeNotSatisfiable);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            client?.Dispose();
            throw new ArtifactSourceException($"{address.Authority} cannot be asked: {e.GetBaseException().Message}", isFinal: false, e);
        }
        catch
        {
            client?.Dispose();
            throw;
        }
    }

    /// <summary>A client for one download: a certificate that was renewed is shown by the next one.</summary>
    private static HttpClient Connect(LinkProof proof) => new(
        new SocketsHttpHandler
        {
            ConnectTimeout = ConnectLimit, AllowAutoRedirect = false, UseCookies = false, UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, shown, chain, errors) => proof.Trust.Accepts(shown, chain, errors, proof.Certificate),
                ClientCertificates = proof.Certificate is { } own ? [own] : null,
            },
        },
        disposeHandler: true) { Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>The client's life is its one stream's.</summary>
    private sealed class OwnedStream(Stream inner, HttpClient client) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
                client.Dispose();
            }
            base.Dispose(disposing);
        }
    }
}
