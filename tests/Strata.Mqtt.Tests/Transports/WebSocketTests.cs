using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Strata.Mqtt.Tests.Transports;

/// <summary>MQTT 5.0 6: the frames of a WebSocket mean nothing but their bytes.</summary>
public sealed class WebSocketTests
{
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    [Fact]
    [Spec("MQTT-6.0.0-2")]
    [Spec("MQTT-6.0.0-2", Version = "3.1.1")]
    [Spec("MQTT-6.0.0-4")]
    [Spec("MQTT-6.0.0-4", Version = "3.1.1")]
    public async Task Packets_may_be_cut_anywhere_and_stand_together_in_a_frame()
    {
        await using var app = await StartAsync();
        using var socket = await OpenAsync(app);
        Assert.Equal("mqtt", socket.SubProtocol);
        byte[] all =
        [
            .. new ConnectBuilder { ClientId = "c" }.Build(), .. Packets.Subscribe(1, 5, ("t/#", 1)), .. Packets.Publish("t/a", "hello", 2), .. Packets.PingReq,
        ];
        for (var at = 0; at < all.Length - 20; at++)
            await socket.SendAsync(all.AsMemory(at, 1), WebSocketMessageType.Binary, endOfMessage: at % 3 == 0, Soon);
        await socket.SendAsync(all.AsMemory(all.Length - 20), WebSocketMessageType.Binary, true, Soon);
        var types = new List<int>();
        var got = new List<byte>();
        while (types.Count < 5)
        {
            got.AddRange(await ReceiveAsync(socket));
            types = Types(got);
        }

        Assert.Equal([2, 3, 4, 9, 13], types.Order());
        await socket.SendAsync(Packets.Disconnect, WebSocketMessageType.Binary, true, Soon);
        Assert.Empty(await ReceiveAsync(socket));
        Assert.Equal(WebSocketState.CloseReceived, socket.State);
    }

    [Fact]
    [Spec("MQTT-6.0.0-1")]
    [Spec("MQTT-6.0.0-1", Version = "3.1.1")]
    public async Task A_text_frame_ends_the_connection()
    {
        await using var app = await StartAsync();
        using var socket = await OpenAsync(app);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Soon);
        Assert.Empty(await ReceiveAsync(socket));
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, socket.CloseStatus);
    }

    [Fact]
    [Spec("MQTT-6.0.0-3")]
    [Spec("MQTT-6.0.0-3", Version = "3.1.1")]
    public async Task Without_the_subprotocol_it_is_refused()
    {
        await using var app = await StartAsync();
        using var socket = new ClientWebSocket();
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Address(app), Soon));
    }

    [Fact]
    public async Task A_peer_that_vanishes_is_a_lost_connection_and_a_stop_says_goodbye()
    {
        await using var app = await StartAsync();
        var host = app.Services.GetRequiredService<TestHost>();
        var gone = await OpenAsync(app);
        await gone.SendAsync(new ConnectBuilder { ClientId = "gone" }.Build(), WebSocketMessageType.Binary, true, Soon);
        await ReceiveAsync(gone);
        gone.Abort();
        Assert.Equal(DisconnectCause.ConnectionLost, (await host.NextGone()).Cause);
        using var stays = await OpenAsync(app);
        await stays.SendAsync(new ConnectBuilder { ClientId = "stays" }.Build(), WebSocketMessageType.Binary, true, Soon);
        await ReceiveAsync(stays);
        var stop = app.StopAsync(Soon);
        Assert.Equal((byte)MqttReasonCode.ServerShuttingDown, (await ReceiveAsync(stays))[2]);
        await stays.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Soon);
        await stop;
    }

    [Fact]
    public async Task A_length_larger_than_the_frame_waits_for_the_next_and_one_beyond_the_limit_is_refused()
    {
        await using var app = await StartAsync();
        using var socket = await OpenAsync(app);
        await socket.SendAsync(new ConnectBuilder { ClientId = "c" }.Build(), WebSocketMessageType.Binary, true, Soon);
        await ReceiveAsync(socket);
        await socket.SendAsync((byte[])[0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1], WebSocketMessageType.Binary, true, Soon);
        Assert.Equal((byte)MqttReasonCode.PacketTooLarge, (await ReceiveAsync(socket))[2]);
    }

    private static List<int> Types(List<byte> bytes)
    {
        var types = new List<int>();
        for (var at = 0; at + 1 < bytes.Count && at + 2 + bytes[at + 1] <= bytes.Count; at += 2 + bytes[at + 1])
            types.Add(bytes[at] >> 4);
        return types;
    }

    private static async Task<byte[]> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[4096];
        var result = await socket.ReceiveAsync(buffer.AsMemory(), Soon);
        return buffer[..result.Count];
    }

    private static async Task<ClientWebSocket> OpenAsync(WebApplication app)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("mqtt");
        await socket.ConnectAsync(Address(app), Soon);
        return socket;
    }

    private static Uri Address(WebApplication app) => new(app.Urls.Single().Replace("http:", "ws:", StringComparison.Ordinal) + "/mqtt");

    private static async Task<WebApplication> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddMqttBroker<TestHost>();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.UseWebSockets();
        app.MapMqtt();
        await app.StartAsync();
        return app;
    }
}
