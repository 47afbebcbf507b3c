namespace Strata.Mqtt.Tests.Connections;

public sealed class TakeoverTests
{
    [Fact]
    [Spec("MQTT-3.1.4-3")]
    public async Task The_same_client_id_in_the_same_namespace_ends_the_older_connection()
    {
        await using var server = await TestServer.StartAsync();
        using var first = await server.ConnectAsync("same");
        using var second = await server.ConnectAsync("same");
        await first.AssertDisconnectedAsync(MqttReasonCode.SessionTakenOver);
        Assert.Equal(DisconnectCause.TakenOver, (await server.Host.NextGone()).Cause);
        await second.PingAsync();
        Assert.Equal(1, server.Broker.ClientCount);
    }

    [Fact]
    public async Task The_same_client_id_in_another_namespace_is_another_client()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = static (request, _) => new(ConnectDecision.Accept(request.UserName!));
        using var first = await server.ConnectAsync("same", 5, static c => c.UserName = "a");
        using var second = await server.ConnectAsync("same", 5, static c => c.UserName = "b");
        await first.SubscribeAsync("#");
        await second.SendAsync(Packets.Publish("t", "not for a", 1));
        await second.ReadAsync(4);
        await first.PingAsync();
    }

    [Fact]
    public async Task The_same_client_id_of_another_owner_is_another_client()
    {
        await using var server = await TestServer.StartAsync();
        server.Host.Connect = static (request, _) => new(ConnectDecision.Accept("tests", owner: request.UserName!));
        using var first = await server.ConnectAsync("same", 5, static c => c.UserName = "a");
        using var second = await server.ConnectAsync("same", 5, static c => c.UserName = "b");
        await first.PingAsync();
        await second.PingAsync();
        Assert.Equal(2, server.Broker.ClientCount);
        using var third = await server.ConnectAsync("same", 5, static c => c.UserName = "a");
        await first.AssertDisconnectedAsync(MqttReasonCode.SessionTakenOver);
        Assert.Equal(DisconnectCause.TakenOver, (await server.Host.NextGone()).Cause);
        await second.PingAsync();
        await third.PingAsync();
        Assert.Equal(2, server.Broker.ClientCount);
    }

    [Fact]
    public async Task The_newer_connection_keeps_the_id_when_the_older_one_is_gone()
    {
        await using var server = await TestServer.StartAsync();
        var clients = new List<RawClient>();
        for (var i = 0; i < 20; i++)
            clients.Add(await server.ConnectAsync("same", (byte)(4 + (i % 2))));
        for (var i = 0; i < 19; i++)
            await server.Host.NextGone();
        await clients[^1].PingAsync();
        Assert.Equal(1, server.Broker.ClientCount);
        clients.ForEach(static client => client.Dispose());
    }
}
