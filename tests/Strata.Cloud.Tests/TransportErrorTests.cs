using System.Net.Sockets;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests;

public sealed class TransportErrorTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_bare_socket_error_comes_out_as_the_error_that_callers_expect()
    {
        using var http = new HttpClient(new TransportErrorHandler(new Failing(new SocketException((int)SocketError.NotConnected))));
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("http://127.0.0.1/"), Cancelled));
        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
        Assert.IsType<SocketException>(error.InnerException);
    }

    [Fact]
    public async Task Other_errors_pass_as_they_are()
    {
        using var http = new HttpClient(new TransportErrorHandler(new Failing(new InvalidOperationException("mine"))));
        await Assert.ThrowsAsync<InvalidOperationException>(() => http.GetAsync(new Uri("http://127.0.0.1/"), Cancelled));
    }

    private sealed class Failing(Exception error) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromException<HttpResponseMessage>(error);
    }
}
