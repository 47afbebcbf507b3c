using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using System.Threading.Channels;

namespace Strata.Node.Tests.Support;

/// <summary>A foreign MQTT client against a <see cref="TestNode"/>.</summary>
internal sealed class MqttTestClient : IAsyncDisposable
{
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly Channel<MqttApplicationMessage> received = Channel.CreateUnbounded<MqttApplicationMessage>();
    private readonly TaskCompletionSource<MqttClientDisconnectedEventArgs> disconnected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private MqttTestClient()
    {
        client.ApplicationMessageReceivedAsync += e =>
        {
            received.Writer.TryWrite(e.ApplicationMessage);
            return Task.CompletedTask;
        };
        client.DisconnectedAsync += e =>
        {
            disconnected.TrySetResult(e);
            return Task.CompletedTask;
        };
    }

    public Task<MqttClientDisconnectedEventArgs> Disconnected => disconnected.Task.WaitAsync(TestNode.Patience);

    public static async Task<MqttTestClient> ConnectAsync(TestNode node, string user, string password, bool v5 = true, string? clientId = null)
    {
        var (made, result) = await TryConnectAsync(node, user, password, v5, clientId);
        Assert.Equal(MqttClientConnectResultCode.Success, result.ResultCode);
        return made;
    }

    public static async Task<(MqttTestClient Client, MqttClientConnectResult Result)> TryConnectAsync(
        TestNode node, string? user, string? password, bool v5 = true, string? clientId = null)
    {
        var made = new MqttTestClient();
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", node.MqttPort).WithClientId(clientId ?? Guid.NewGuid().ToString("N"))
            .WithProtocolVersion(v5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311).WithCleanSession().WithTimeout(TestNode.Patience);
        if (user is not null)
            options = options.WithCredentials(user, password);
        return (made, await made.client.ConnectAsync(options.Build()));
    }

    public Task<MqttClientPublishResult> PublishAsync(
        string topic, string payload, int qos = 1, string? contentType = null, params (string Name, string Value)[] properties)
    {
        var message = new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload).WithQualityOfServiceLevel((MqttQualityOfServiceLevel)qos);
        if (contentType is not null)
            message = message.WithContentType(contentType);
        foreach (var (name, value) in properties)
            message = message.WithUserProperty(name, System.Text.Encoding.UTF8.GetBytes(value));
        return client.PublishAsync(message.Build());
    }

    public async Task<MqttClientSubscribeResultCode> SubscribeAsync(string filter)
    {
        var result = await client.SubscribeAsync(new MqttTopicFilterBuilder().WithTopic(filter).WithAtLeastOnceQoS().Build());
        return result.Items.Single().ResultCode;
    }

    public async Task<MqttApplicationMessage> NextAsync() => await received.Reader.ReadAsync().AsTask().WaitAsync(TestNode.Patience);

    public Task CloseAsync() => client.DisconnectAsync();

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await Task.CompletedTask;
    }
}
