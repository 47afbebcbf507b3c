using System.Net;
using System.Net.Http.Headers;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests;

/// <summary>The whole way on a real node: a device made by the API, its telemetry by MQTT, visible and counted, also after a restart.</summary>
public abstract class DeviceToReadingTests(RunningCloud cloud)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_acknowledged_is_visible_counted_traced_and_there_after_a_restart()
    {
        var device = await cloud.Client.CreateDeviceAsync(new CreateDevice("t-101"), Cancelled);
        await PublishAsync(device, """{"ts":1673924800000,"values":{"temperature":22.4,"door":true}}""");
        await PublishAsync(device, """{"temperature":23.1}""");
        Assert.Equal(3, (await cloud.Client.CountReadingsAsync("t-101", Cancelled)).Count);
        var trace = await cloud.Client.GetTraceAsync("t-101", "temperature", Cancelled);
        Assert.True(trace.Complete);
        Assert.Equal([("edge", 1), ("cloud", 2), ("cloud", 4), ("cloud", 5)], trace.Hops.Select(h => (h.Tier, h.Level)));
        Assert.Equal(trace.Hops.Select(h => h.TimeIn).Order(), trace.Hops.Select(h => h.TimeIn));

        await cloud.StopAsync();
        await cloud.StartAsync();
        Assert.Equal(3, (await cloud.Client.CountReadingsAsync("t-101", Cancelled)).Count);
        var latest = (await cloud.Client.ListLatestAsync("t-101", cancellationToken: Cancelled)).Items;
        Assert.Equal([("door", "store"), ("temperature", "store")], latest.Select(l => (l.Metric, l.Via)));
        Assert.Equal(23.1, latest[1].Value.GetDouble());
        await PublishAsync(device, """{"temperature":24}""");

        var statistics = await cloud.Client.GetStatisticsAsync(Cancelled);
        Assert.Equal((4L, 4L, 0L), (statistics.Edge.ReadingsIn, statistics.Stored, statistics.Unexplained));
    }

    [Fact]
    public async Task A_device_reads_nothing_and_a_stranger_gets_in_nowhere()
    {
        var device = await cloud.Client.CreateDeviceAsync(new CreateDevice("t-102"), Cancelled);
        using var http = cloud.NewClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{device.Id}:{device.Secret}")));
        using var refused = await http.GetAsync("api/v1/readings", Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var root = await http.GetAsync("", Cancelled);
        Assert.Equal(HttpStatusCode.Forbidden, root.StatusCode);
    }

    private async Task PublishAsync(DeviceSecret device, string payload)
    {
        using var client = new MqttClientFactory().CreateMqttClient();
        await client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", cloud.Node.Mqtt.Port).WithClientId(device.Id).WithCredentials(device.Id, device.Secret)
                .WithProtocolVersion(MqttProtocolVersion.V500).Build(), Cancelled);
        var result = await client.PublishAsync(
            new MqttApplicationMessageBuilder().WithTopic($"devices/{device.Id}/telemetry").WithPayload(payload)
                .WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build(), Cancelled);
        Assert.Equal(MqttClientPublishReasonCode.Success, result.ReasonCode);
        await client.DisconnectAsync(new MqttClientDisconnectOptions(), Cancelled);
    }
}
