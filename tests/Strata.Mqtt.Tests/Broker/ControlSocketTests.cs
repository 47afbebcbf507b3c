using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Strata.Mqtt.Broker;

namespace Strata.Mqtt.Tests.Broker;

/// <summary>A running broker is administered by a Unix socket of its owner.</summary>
public sealed class ControlSocketTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-ctl-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_control_socket_answers_its_owner_and_no_other_endpoint_does()
    {
        var path = Path.Combine(folder, "c.sock");
        await using (var server = await BrokerServer.StartAsync(Options with { ControlPath = path }, TestContext.Current.CancellationToken))
        {
            Assert.Equal(path, server.Control);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            using var control = Client(path);
            Assert.Contains($"\"mqtt\":\"{server.Mqtt}\"", await control.GetStringAsync("status", TestContext.Current.CancellationToken), StringComparison.Ordinal);
            using var client = await RawClient.OpenAsync(server.Mqtt!.Port);
            await client.SendAsync(new ConnectBuilder { ClientId = "sensor/1" }.Build());
            await client.ReadAsync(2);
            Assert.Contains("\"clientId\":\"sensor/1\"", await control.GetStringAsync("clients?client=sensor%2F*", TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.BadRequest, await StatusOf(control, HttpMethod.Get, "clients?limit=0"));
            Assert.Equal(HttpStatusCode.BadRequest, await StatusOf(control, HttpMethod.Put, "log-level?level=loud"));
            Assert.Equal(HttpStatusCode.OK, await StatusOf(control, HttpMethod.Put, "log-level?level=none"));
            Assert.Equal(HttpStatusCode.OK, await StatusOf(control, HttpMethod.Post, "disconnect?client=sensor%2F1"));
            await client.AssertDisconnectedAsync(MqttReasonCode.AdministrativeAction);
            using var foreign = new HttpClient(new SocketsHttpHandler()) { BaseAddress = new Uri($"http://{server.WebSocket}/api/v1/mqtt/") };
            foreach (var (method, what) in new[] { (HttpMethod.Get, "status"), (HttpMethod.Get, "clients"), (HttpMethod.Get, "trace?client=c"), (HttpMethod.Post, "disconnect?client=c"), (HttpMethod.Put, "log-level?level=none"), (HttpMethod.Get, "bans"), (HttpMethod.Post, "bans?kind=client&value=c"), (HttpMethod.Delete, "bans?kind=client&value=c") })
                Assert.Equal(HttpStatusCode.NotFound, await StatusOf(foreign, method, what));
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Bans_are_listed_added_and_taken_back_and_the_file_of_bans_leaves_them_alone()
    {
        var (path, file) = (Path.Combine(folder, "c.sock"), Path.Combine(folder, "bans.txt"));
        await File.WriteAllTextAsync(file, "user eve\n", TestContext.Current.CancellationToken);
        await using var server = await BrokerServer.StartAsync(Options with { ControlPath = path, BansFile = file, Engine = static e => e.MaxBans = 2 }, TestContext.Current.CancellationToken);
        using var control = Client(path);
        using var client = await RawClient.OpenAsync(server.Mqtt!.Port);
        await client.SendAsync(new ConnectBuilder { ClientId = "sensor/1" }.Build());
        await client.ReadAsync(2);
        Assert.Equal(HttpStatusCode.OK, await StatusOf(control, HttpMethod.Post, "bans?kind=client&value=sensor%2F1&until=2070-01-01T00:00:00Z"));
        await client.AssertDisconnectedAsync(MqttReasonCode.AdministrativeAction);
        Assert.Equal(HttpStatusCode.Conflict, await StatusOf(control, HttpMethod.Post, "bans?kind=user&value=bob"));
        await File.WriteAllTextAsync(file, "user mallory\n", TestContext.Current.CancellationToken);
        string list;
        do
            list = await Deadline.For(control.GetStringAsync("bans", TestContext.Current.CancellationToken), "the list of bans");
        while (list.Contains("eve", StringComparison.Ordinal));
        Assert.Equal("{\"items\":[{\"kind\":\"client\",\"value\":\"sensor/1\",\"until\":\"2070-01-01T00:00:00+00:00\"},{\"kind\":\"user\",\"value\":\"mallory\"}]}", list);
        Assert.Equal(HttpStatusCode.OK, await StatusOf(control, HttpMethod.Delete, "bans?kind=client&value=sensor%2F1"));
        using var again = await RawClient.OpenAsync(server.Mqtt!.Port);
        await again.SendAsync(new ConnectBuilder { ClientId = "sensor/1" }.Build());
        Assert.Equal(0, (await again.ReadAsync(2)).Body[1]);
        foreach (var wrong in new[] { "bans?kind=device&value=x", "bans?kind=client", "bans?kind=client&value=x&until=tomorrow", "bans?kind=address&value=here" })
            Assert.Equal(HttpStatusCode.BadRequest, await StatusOf(control, HttpMethod.Post, wrong));
    }

    [Fact]
    public async Task A_trace_that_somebody_reads_does_not_hold_up_the_stop()
    {
        var path = Path.Combine(folder, "c.sock");
        var server = await BrokerServer.StartAsync(Options with { ControlPath = path }, TestContext.Current.CancellationToken);
        using var control = Client(path);
        await using var lines = await Deadline.For(control.GetStreamAsync("trace?client=c", TestContext.Current.CancellationToken), "the trace begins");
        using var client = await RawClient.OpenAsync(server.Mqtt!.Port);
        await client.SendAsync(new ConnectBuilder { ClientId = "c" }.Build());
        using var reader = new StreamReader(lines);
        Assert.Contains("\"type\":\"CONNECT\"", await Deadline.For(reader.ReadLineAsync(), "a line of the trace"), StringComparison.Ordinal);
        var rest = reader.ReadToEndAsync();
        await Deadline.For(server.DisposeAsync().AsTask(), "the broker stops");
        await Deadline.For(rest, "the trace ends");
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_stops_the_start()
    {
        var fault = await Assert.ThrowsAsync<BrokerConfigurationException>(() => BrokerServer.StartAsync(
            Options with { ControlPath = Path.Combine(folder, new string('x', 120)) }, TestContext.Current.CancellationToken));
        Assert.Contains("--control", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_where_a_socket_should_be_stays_and_stops_the_start()
    {
        var path = Path.Combine(folder, "precious.txt");
        await File.WriteAllTextAsync(path, "x", TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<BrokerConfigurationException>(() => BrokerServer.StartAsync(Options with { ControlPath = path }, TestContext.Current.CancellationToken));
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task The_socket_of_a_broker_that_was_killed_is_taken_over()
    {
        var path = Path.Combine(folder, "c.sock");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + ".kept"); // .NET removes the path of a socket that it closes.
        }

        File.Move(path + ".kept", path);
        await using var server = await BrokerServer.StartAsync(Options with { ControlPath = path }, TestContext.Current.CancellationToken);
        using var control = Client(path);
        Assert.Equal(HttpStatusCode.OK, await StatusOf(control, HttpMethod.Get, "status"));
    }

    private static BrokerOptions Options => new()
    {
        Mqtt = new IPEndPoint(IPAddress.Loopback, 0), WebSocket = new IPEndPoint(IPAddress.Loopback, 0), Anonymous = true, LogLevel = LogLevel.None,
    };

    private static async Task<HttpStatusCode> StatusOf(HttpClient client, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private static HttpClient Client(string path) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    }) { BaseAddress = new Uri("http://broker/api/v1/mqtt/") };
}
