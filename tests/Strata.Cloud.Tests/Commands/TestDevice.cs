using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Commands;

/// <summary>A device with a foreign MQTT client that hears its commands.</summary>
internal sealed class TestDevice : IAsyncDisposable
{
    private readonly RunningCloud cloud;
    private readonly Channel<(string Topic, string Payload)> commands = Channel.CreateUnbounded<(string, string)>();
    private IMqttClient? client;

    private TestDevice(RunningCloud cloud, string id, string secret) => (this.cloud, Id, Secret) = (cloud, id, secret);

    public string Id { get; }

    public string Secret { get; }

    /// <summary>Whether it acknowledges what it hears.</summary>
    public bool Acknowledges { get; set; } = true;

    public int Heard => commands.Reader.Count;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Registers a device that is active, and away.</summary>
    public static async Task<TestDevice> CreateAsync(RunningCloud cloud, string id, string? model = null, string? site = null)
    {
        var secret = (await cloud.Client.CreateDeviceAsync(new CreateDevice(id, site, model), Cancel)).Secret;
        await cloud.Client.MoveDeviceAsync(id, new MoveDevice("active"), cancellationToken: Cancel);
        return new TestDevice(cloud, id, secret);
    }

    public async Task ConnectAsync(MqttQualityOfServiceLevel qos = MqttQualityOfServiceLevel.AtLeastOnce, bool listens = true)
    {
        client = new MqttClientFactory().CreateMqttClient();
        client.ApplicationMessageReceivedAsync += e =>
        {
            e.AutoAcknowledge = Acknowledges;
            if (!e.ApplicationMessage.Topic.EndsWith("/response", StringComparison.Ordinal))
                commands.Writer.TryWrite((e.ApplicationMessage.Topic, e.ApplicationMessage.ConvertPayloadToString() ?? ""));
            return Task.CompletedTask;
        };
        await client.ConnectAsync(new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithCredentials(Id, Secret).WithClientId(Id).Build(), Cancel);
        if (listens)
            await ListenAsync(qos);
    }

    public Task ListenAsync(MqttQualityOfServiceLevel qos = MqttQualityOfServiceLevel.AtLeastOnce) => client!.SubscribeAsync($"devices/{Id}/commands/#", qos, Cancel);

    /// <summary>The connection is cut.</summary>
    public Task LeaveAsync()
    {
        client!.Dispose();
        client = null;
        return Task.CompletedTask;
    }

    /// <summary>The next command: its name, its request and its payload.</summary>
    public async Task<(string Name, string Request, string Payload)> NextAsync()
    {
        var (topic, payload) = await commands.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        var parts = topic.Split('/');
        Assert.Equal(("devices", Id, "commands"), (parts[0], parts[1], parts[2]));
        return (parts[3], parts[4], payload);
    }

    /// <summary>Answers, and waits until it is acknowledged.</summary>
    public async Task AnswerAsync(string name, string request, string payload) =>
        await client!.PublishStringAsync($"devices/{Id}/commands/{name}/{request}/response", payload, MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken: Cancel);

    public ValueTask DisposeAsync()
    {
        client?.Dispose();
        return ValueTask.CompletedTask;
    }
}
