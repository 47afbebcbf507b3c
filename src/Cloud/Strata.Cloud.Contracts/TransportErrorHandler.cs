using System.Net.Sockets;

namespace Strata.Cloud.Contracts;

/// <summary>
/// Makes a broken connection one kind of error, <see cref="HttpRequestException"/>. The framework's handler lets a bare <see cref="SocketException"/> out
/// when the peer resets a connection between its opening and its first use.
/// </summary>
public sealed class TransportErrorHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException e)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, e.Message, e);
        }
    }
}
