using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;
using Strata.Mqtt;

namespace Strata.Cloud.Tests;

/// <summary>What the cloud node's broker keeps outlives the node, and ends with whose it is.</summary>
public sealed class MqttSessionTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sessions_and_retained_messages_are_there_after_a_restart()
    {
        var device = await cloud.Client.CreateDeviceAsync(new CreateDevice("s-1"), Cancelled);
        using (var app = (await ConnectAsync("app", cloud.Node.AdminToken)).Client)
            await app.SubscribeAsync("devices/s-1/note/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancelled);
        using (var mine = (await ConnectAsync(device.Id, device.Secret)).Client)
        {
            await PublishAsync(mine, "devices/s-1/note/a", "waits", retain: false);
            await PublishAsync(mine, "devices/s-1/kept", "retained", retain: true);
        }

        await cloud.StopAsync();
        await cloud.StartAsync();
        using var again = await ConnectAsync("app", cloud.Node.AdminToken);
        Assert.True(again.IsSessionPresent);
        Assert.Equal("waits", await again.NextAsync());
        await again.Client.SubscribeAsync("devices/s-1/kept", MqttQualityOfServiceLevel.AtLeastOnce, Cancelled);
        Assert.Equal("retained", await again.NextAsync());
        using var back = await ConnectAsync(device.Id, device.Secret);
        Assert.True(back.IsSessionPresent);
    }

    [Fact]
    public async Task A_device_that_is_deleted_leaves_no_session_and_no_retained_message()
    {
        var device = await cloud.Client.CreateDeviceAsync(new CreateDevice("s-2"), Cancelled);
        using (var mine = (await ConnectAsync(device.Id, device.Secret)).Client)
            await PublishAsync(mine, "devices/s-2/kept", "retained", retain: true);
        await cloud.Client.DeleteDeviceAsync("s-2", Cancelled);
        await cloud.Node.Services.GetRequiredService<MqttBroker>().ReviewAccess("none").WaitAsync(Patience, Cancelled); // Behind the review of the deleted device.

        var successor = await cloud.Client.CreateDeviceAsync(new CreateDevice("s-2"), Cancelled);
        using var next = await ConnectAsync(successor.Id, successor.Secret);
        Assert.False(next.IsSessionPresent);
        await next.Client.SubscribeAsync("devices/s-2/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancelled);
        await PublishAsync(next.Client, "devices/s-2/first", "first", retain: false);
        Assert.Equal("first", await next.NextAsync());
    }

    private async Task<Connected> ConnectAsync(string user, string secret)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        var connected = new Connected(client);
        client.ApplicationMessageReceivedAsync += message =>
        {
            connected.Received.Writer.TryWrite(Encoding.UTF8.GetString(message.ApplicationMessage.Payload));
            return Task.CompletedTask;
        };
        var answer = await client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithClientId("the-client").WithCredentials(user, secret)
                .WithProtocolVersion(MQTTnet.Formatter.MqttProtocolVersion.V500).WithCleanStart(false).WithSessionExpiryInterval(3600).Build(), Cancelled);
        connected.IsSessionPresent = answer.IsSessionPresent;
        return connected;
    }

    private static async Task PublishAsync(IMqttClient client, string topic, string payload, bool retain)
    {
        var result = await client.PublishAsync(
            new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload).WithRetainFlag(retain).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancelled);
        Assert.True(result.IsSuccess);
    }

    private sealed class Connected(IMqttClient client) : IDisposable
    {
        public IMqttClient Client { get; } = client;

        public bool IsSessionPresent { get; set; }

        public Channel<string> Received { get; } = Channel.CreateUnbounded<string>();

        public async Task<string> NextAsync() => await Received.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(Patience, Cancelled);

        public void Dispose() => Client.Dispose();
    }
}
