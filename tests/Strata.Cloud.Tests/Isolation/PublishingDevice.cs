using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests.Isolation;

/// <summary>A real MQTT client that publishes one reading after the other and knows which were acknowledged. A refusal or a lost connection is a failure of the test.</summary>
internal sealed class PublishingDevice : IAsyncDisposable
{
    /// <summary>Of the first reading, milliseconds; each is one later.</summary>
    public const long Begin = 1_767_225_600_000;

    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly CancellationTokenSource stop = new();
    private Task<int> loop = Task.FromResult(0);

    public int Acknowledged { get; private set; }

    public static async Task<PublishingDevice> StartAsync(int port, string tenant, DeviceSecret device, CancellationToken cancellationToken)
    {
        var publisher = new PublishingDevice();
        var user = $"{tenant}/{device.Id}";
        await publisher.client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", port).WithClientId(user).WithCredentials(user, device.Secret).WithProtocolVersion(MqttProtocolVersion.V500).Build(), cancellationToken);
        publisher.loop = publisher.RunAsync($"devices/{device.Id}/telemetry");
        return publisher;
    }

    /// <summary>Stops and returns how many were acknowledged.</summary>
    public async Task<int> StopAsync()
    {
        await stop.CancelAsync();
        return await loop;
    }

    /// <summary>Waits until so many more are acknowledged.</summary>
    public async Task MoreAsync(int count, CancellationToken cancellationToken)
    {
        var goal = Acknowledged + count;
        while (Acknowledged < goal)
        {
            if (loop.IsFaulted)
                await loop;
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        client.Dispose();
        stop.Dispose();
    }

    private async Task<int> RunAsync(string topic)
    {
        while (!stop.IsCancellationRequested)
        {
            var result = await client.PublishAsync(
                new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload($$$"""{"ts":{{{Begin + Acknowledged}}},"values":{"n":{{{Acknowledged}}}}}""")
                    .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), CancellationToken.None);
            if (result.ReasonCode != MqttClientPublishReasonCode.Success)
                throw new InvalidOperationException($"Reading {Acknowledged} was answered with {result.ReasonCode}.");
            Acknowledged++;
        }
        return Acknowledged;
    }
}
