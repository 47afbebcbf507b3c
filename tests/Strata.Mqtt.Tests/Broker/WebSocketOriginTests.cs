using System.Net;
using System.Net.WebSockets;
using Strata.Mqtt.Broker;

namespace Strata.Mqtt.Tests.Broker;

/// <summary>Whose pages may connect.</summary>
public sealed class WebSocketOriginTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-broker-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(true, null, null, true)] // No browser.
    [InlineData(true, null, "http://localhost:3000", true)]
    [InlineData(true, null, "http://127.0.0.1", true)]
    [InlineData(true, null, "https://elsewhere.example", false)]
    [InlineData(true, null, "http://localhost.elsewhere.example", false)]
    [InlineData(true, null, "null", false)]
    [InlineData(false, null, "https://elsewhere.example", true)] // Its CONNECT needs a password.
    [InlineData(false, "https://app.example", "https://app.example", true)]
    [InlineData(false, "https://app.example", "https://elsewhere.example", false)]
    [InlineData(false, "https://app.example", "https://app.example:8443", false)]
    [InlineData(false, "https://app.example", null, true)]
    [InlineData(true, "https://app.example", "http://localhost:3000", false)]
    public async Task A_page_connects_when_its_origin_may(bool anonymous, string? allowed, string? origin, bool connects)
    {
        var users = Path.Combine(folder, "users.txt");
        UserFile.Set(users, "ada", "correct horse");
        await using var server = await BrokerServer.StartAsync(
            new BrokerOptions
            {
                Mqtt = null, WebSocket = new IPEndPoint(IPAddress.Loopback, 0), Anonymous = anonymous, UsersFile = anonymous ? null : users, WebSocketOrigins = allowed is null ? [] : [allowed],
                LogLevel = Microsoft.Extensions.Logging.LogLevel.None,
            },
            TestContext.Current.CancellationToken);
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("mqtt");
        socket.Options.CollectHttpResponseDetails = true;
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin);
        var connecting = socket.ConnectAsync(new Uri($"ws://{server.WebSocket}/mqtt"), TestContext.Current.CancellationToken);
        if (connects)
            await connecting;
        else
            await Assert.ThrowsAsync<WebSocketException>(() => connecting);
        Assert.Equal(connects ? HttpStatusCode.SwitchingProtocols : HttpStatusCode.Forbidden, socket.HttpStatusCode);
    }

    [Theory]
    [InlineData("app.example", "is no origin")]
    [InlineData("https://app.example/page", "is no origin")]
    [InlineData("ws://app.example", "is no origin")]
    public void What_is_no_origin_stops_the_start(string origin, string says) =>
        Assert.Contains(says, Assert.Throws<BrokerConfigurationException>(new BrokerOptions { Anonymous = true, WebSocket = new IPEndPoint(IPAddress.Loopback, 0), WebSocketOrigins = [origin] }.Validate).Message, StringComparison.Ordinal);
}
