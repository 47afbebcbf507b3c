using MQTTnet;
using MQTTnet.Protocol;

namespace Strata.Mqtt.Tests.ForeignClients;

public sealed class MqttNetTests
{
    [Theory]
    [InlineData(MqttProtocolVersionNet.V311)]
    [InlineData(MqttProtocolVersionNet.V500)]
    public async Task MQTTnet_publishes_to_itself(MqttProtocolVersionNet version)
    {
        await using var server = await TestServer.StartAsync();
        var factory = new MqttClientFactory();
        using var client = factory.CreateMqttClient();
        var received = new TaskCompletionSource<MqttApplicationMessage>();
        client.ApplicationMessageReceivedAsync += message =>
        {
            received.TrySetResult(message.ApplicationMessage);
            return Task.CompletedTask;
        };
        var options = new MqttClientOptionsBuilder()
            .WithTcpServer("127.0.0.1", server.Port)
            .WithCredentials("u", "p")
            .WithProtocolVersion(version == MqttProtocolVersionNet.V500
                ? MQTTnet.Formatter.MqttProtocolVersion.V500 : MQTTnet.Formatter.MqttProtocolVersion.V311)
            .Build();
        await client.ConnectAsync(options, TestContext.Current.CancellationToken);
        await client.SubscribeAsync("a/#", MqttQualityOfServiceLevel.AtLeastOnce, TestContext.Current.CancellationToken);
        var message = new MqttApplicationMessageBuilder().WithTopic("a/b").WithPayload("hello").WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce);
        if (version == MqttProtocolVersionNet.V500)
            message = message.WithContentType("text/plain");
        var result = await client.PublishAsync(message.Build(), TestContext.Current.CancellationToken);
        Assert.True(result.IsSuccess);
        var seen = await Deadline.For(received.Task, "MQTTnet receives its message");
        Assert.Equal("hello", seen.ConvertPayloadToString());
        if (version == MqttProtocolVersionNet.V500)
            Assert.Equal("text/plain", seen.ContentType);
        await client.DisconnectAsync(new MqttClientDisconnectOptions(), TestContext.Current.CancellationToken);
        Assert.Equal(DisconnectCause.ByClient, (await server.Host.NextGone()).Cause);
    }
}

/// <summary>Which version the client speaks; MQTTnet's own enum has the name of ours.</summary>
public enum MqttProtocolVersionNet
{
    V311,
    V500,
}
