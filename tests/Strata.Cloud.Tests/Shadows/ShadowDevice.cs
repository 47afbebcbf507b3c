using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Shadows;

/// <summary>A device that speaks of its shadow, by MQTTnet.</summary>
internal sealed class ShadowDevice : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly Channel<(string Topic, JsonElement Payload)> received = Channel.CreateUnbounded<(string, JsonElement)>();

    private ShadowDevice(string id) => Id = id;

    public string Id { get; }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <param name="filters">Below <c>devices/{id}/</c>; subscribed before this completes.</param>
    public static async Task<ShadowDevice> ConnectAsync(int port, DeviceSecret device, bool keeps, params string[] filters) => await ConnectAsync(port, device.Id, device.Id, device.Secret, keeps, filters);

    /// <param name="keeps">One client that comes back; otherwise one of its own, beside others of the device.</param>
    public static async Task<ShadowDevice> ConnectAsync(int port, string id, string user, string password, bool keeps, params string[] filters)
    {
        var device = new ShadowDevice(id);
        device.client.ApplicationMessageReceivedAsync += message =>
        {
            using var document = JsonDocument.Parse(message.ApplicationMessage.Payload);
            device.received.Writer.TryWrite((message.ApplicationMessage.Topic[$"devices/{id}/".Length..], document.RootElement.Clone()));
            return Task.CompletedTask;
        };
        await device.client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithClientId(keeps ? $"client-{user}-{id}" : null).WithCredentials(user, password).WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500)
                .WithCleanStart(!keeps).WithSessionExpiryInterval(keeps ? 3600u : 0).Build(), Cancelled);
        foreach (var filter in filters)
            await device.SubscribeAsync(filter);
        return device;
    }

    /// <param name="filter">Below <c>devices/{id}/</c>.</param>
    public Task SubscribeAsync(string filter) => client.SubscribeAsync($"devices/{Id}/{filter}", MqttQualityOfServiceLevel.AtLeastOnce, Cancelled);

    /// <summary>Completes with the acknowledgement.</summary>
    public async Task<MqttClientPublishResult> PublishAsync(string rest, string payload) => await client.PublishAsync(
        new MqttApplicationMessageBuilder().WithTopic($"devices/{Id}/{rest}").WithPayload(Encoding.UTF8.GetBytes(payload)).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancelled);

    /// <summary>The next message, of whatever topic.</summary>
    public async Task<(string Topic, JsonElement Payload)> NextAsync()
    {
        try
        {
            return await received.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(Patience, Cancelled);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{Id} heard nothing within {Patience}.");
        }
    }

    /// <summary>The next message, which is on this topic.</summary>
    public async Task<JsonElement> NextAsync(string topic)
    {
        var (heard, payload) = await NextAsync();
        Assert.True(topic == heard, $"{Id} was to hear {topic}, and heard {heard}: {payload}");
        return payload;
    }

    public int Waiting => received.Reader.Count;

    public Task EndAsync() => client.DisconnectAsync(cancellationToken: Cancelled);

    public async ValueTask DisposeAsync()
    {
        if (client.IsConnected)
            await client.DisconnectAsync();
        client.Dispose();
    }
}
