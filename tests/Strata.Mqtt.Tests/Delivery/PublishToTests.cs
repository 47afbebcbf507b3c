namespace Strata.Mqtt.Tests.Delivery;

/// <summary>What the host sends to one client alone.</summary>
public sealed class PublishToTests
{
    [Fact]
    public async Task A_message_to_one_client_reaches_nobody_else_and_only_by_its_own_subscription()
    {
        await using var server = await TestServer.StartAsync(static _ => { });
        var known = new Dictionary<string, MqttClient>();
        server.Host.Subscribe = (client, _) =>
        {
            known[client.ClientId] = client;
            return true;
        };
        using var one = await server.ConnectAsync("one");
        using var other = await server.ConnectAsync("other");
        await one.SubscribeAsync("answers/+", 1);
        Assert.False(server.Broker.PublishTo(known["one"], "elsewhere"u8, "early"u8, qos: 1));
        await other.SubscribeAsync("answers/+", 1);
        await other.SubscribeAsync("$share/g/answers/+", 1);
        Assert.True(server.Broker.PublishTo(known["one"], "answers/one"u8, "x"u8, qos: 1));
        Assert.Equal("x", (await one.ReadPublishAsync()).Payload);
        Assert.Equal(3, server.Broker.Publish("tests", "answers/all"u8, "y"u8, qos: 0));
        Assert.Equal("y", (await other.ReadPublishAsync()).Payload); // The first that it gets.
    }
}
