using System.Text;
using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Protocol;

namespace Strata.Cloud.Tests;

/// <summary>An application of a tenant that listens by MQTT.</summary>
internal sealed class TestApplication : IDisposable
{
    private readonly IMqttClient client = new MqttClientFactory().CreateMqttClient();
    private readonly Channel<(string Topic, string Text)> heard = Channel.CreateUnbounded<(string, string)>();

    private TestApplication() => client.ApplicationMessageReceivedAsync += message =>
    {
        heard.Writer.TryWrite((message.ApplicationMessage.Topic, Encoding.UTF8.GetString(message.ApplicationMessage.Payload)));
        return Task.CompletedTask;
    };

    /// <param name="token">An API token of the tenant.</param>
    /// <param name="tenant">Null for the installation's first.</param>
    public static async Task<TestApplication> ListenAsync(RunningCloud cloud, string token, string filter, CancellationToken cancellationToken, string? tenant = null)
    {
        var application = new TestApplication();
        await application.client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithCredentials(tenant is null ? "app" : $"{tenant}/app", token).Build(), cancellationToken);
        var granted = Assert.Single((await application.client.SubscribeAsync(filter, MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken)).Items);
        Assert.Equal(MqttClientSubscribeResultCode.GrantedQoS1, granted.ResultCode);
        return application;
    }

    public async Task<(string Topic, string Text)> NextAsync(CancellationToken cancellationToken) => await heard.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);

    public void Dispose() => client.Dispose();
}
