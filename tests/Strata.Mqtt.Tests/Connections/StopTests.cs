namespace Strata.Mqtt.Tests.Connections;

public sealed class StopTests
{
    [Fact]
    public async Task A_stop_says_8B_and_closes_everyone()
    {
        await using var server = await TestServer.StartAsync();
        using var modern = await server.ConnectAsync("a");
        using var old = await server.ConnectAsync("b", 4);
        using var silent = await server.OpenAsync();
        var stopping = server.StopAsync();
        await modern.AssertDisconnectedAsync(MqttReasonCode.ServerShuttingDown);
        await old.AssertClosedAsync();
        await silent.AssertClosedAsync();
        await Deadline.For(stopping, "the server stops");
        Assert.Equal(0, server.Broker.ClientCount);
    }

    [Fact]
    public async Task A_stop_waits_for_the_acknowledgements_that_are_due()
    {
        await using var server = await TestServer.StartAsync();
        var held = new TaskCompletionSource<MqttClient>();
        server.Host.Verdict = (client, _) =>
        {
            held.TrySetResult(client);
            return PublishVerdict.Deferred;
        };
        using var client = await server.ConnectAsync();
        await client.SendAsync(Packets.Publish("a", "b", 1));
        var taken = await Deadline.For(held.Task, "the host has the publish");
        await client.PingAsync();
        var stopping = server.StopAsync();
        taken.Acknowledge([new PublishAck(1, MqttReasonCode.Success)]);
        Assert.Equal(1, (await client.ReadAsync(4)).PacketId);
        await client.AssertDisconnectedAsync(MqttReasonCode.ServerShuttingDown);
        await Deadline.For(stopping, "the server stops");
    }
}
