using System.Diagnostics;
using System.Net;
using Strata.Mqtt.Tests;

namespace Strata.EndToEnd.Tests;

/// <summary>A disk that takes no more: the files of a running node are held at their size by a quota (RLIMIT_FSIZE), as a full disk does.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task A_cloud_node_on_a_full_disk_acknowledges_nothing_says_so_and_goes_on_by_itself_when_there_is_room()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        var created = await installation.Client.CreateDeviceAsync(new("f-0"));
        var device = new LedgerDevice(created.Id, created.Secret, () => installation.CloudMqttPort);
        device.Begin();
        await Eventually.IsAsync(() => Task.FromResult(device.Acknowledged), n => n >= 20, "acknowledgements before the disk is full");

        await LimitFilesAsync(installation.Cloud.Id, "1");
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) });
        await Eventually.IsAsync(() => StatusAsync(http, installation), s => s == HttpStatusCode.ServiceUnavailable, "the node says that it cannot commit");
        var stuck = device.Acknowledged;
        await Eventually.IsAsync(() => StatusAsync(http, installation), s => s == HttpStatusCode.ServiceUnavailable, "the node still says so");
        Assert.Equal(stuck, device.Acknowledged);
        Assert.False(installation.Cloud.HasExited);

        await LimitFilesAsync(installation.Cloud.Id, "unlimited");
        await Eventually.IsAsync(() => Task.FromResult(device.Acknowledged), n => n >= stuck + 20, "acknowledgements once there is room");
        await Eventually.IsAsync(() => StatusAsync(http, installation), s => s == HttpStatusCode.OK, "the node is ready again");
        await device.EndAsync();
        await KillTests.AssertLedgerAsync(installation, device);
    }

    [Fact]
    public async Task A_broker_on_a_full_disk_serves_who_needs_no_disk_and_acknowledges_the_others_when_there_is_room()
    {
        var folder = Directory.CreateTempSubdirectory("strata-broker-");
        try
        {
            using var broker = await BrokerProcess.StartAsync(folder.FullName, 0);
            using (var away = await ConnectAsync(broker, "away", expirySeconds: 200))
                await away.SubscribeAsync("kept", 1);
            using var live = await ConnectAsync(broker, "live", expirySeconds: 0);
            await live.SubscribeAsync("live", 1);
            using var publisher = await ConnectAsync(broker, "publisher", expirySeconds: 0);
            await PublishAsync(publisher, "kept", 1);
            await publisher.ReadAsync(4);

            await LimitFilesAsync(broker.Id, "1");
            await PublishAsync(publisher, "kept", 2);
            await Eventually.IsAsync(
                () => Task.FromResult(broker.Log.Any(static line => line.Contains("is full", StringComparison.Ordinal))), static said => said, "the broker says that the disk is full");
            using var other = await ConnectAsync(broker, "other", expirySeconds: 0);
            await PublishAsync(other, "live", 3);
            await other.ReadAsync(4);
            Assert.Equal("live", (await live.ReadPublishAsync()).Topic);
            await publisher.PingAsync(); // Nothing but the answer to this came: the second publish is not acknowledged.

            await LimitFilesAsync(broker.Id, "unlimited");
            Assert.Equal(2, (await publisher.ReadAsync(4)).Body[1]);
            await broker.KillAsync();
            using var again = await BrokerProcess.StartAsync(folder.FullName, 0);
            using var back = await ConnectAsync(again, "away", expirySeconds: 200);
            Assert.Equal(["1", "2"], [(await back.ReadPublishAsync()).Payload, (await back.ReadPublishAsync()).Payload]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<RawClient> ConnectAsync(BrokerProcess broker, string clientId, byte expirySeconds)
    {
        var client = await RawClient.OpenAsync(broker.Port);
        await client.SendAsync(new ConnectBuilder { ClientId = clientId, CleanStart = false, Properties = Packets.Properties([0x11, 0, 0, 0, expirySeconds]) }.Build());
        Assert.Equal(0, (await client.ReadAsync(2)).Body[1]);
        return client;
    }

    private static Task PublishAsync(RawClient client, string topic, ushort packetId) =>
        client.SendAsync(Packets.Publish(topic, packetId.ToString(System.Globalization.CultureInfo.InvariantCulture), packetId, qos: 1));

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, Installation installation)
    {
        using var answer = await http.GetAsync($"{installation.CloudHttp}/health/ready");
        return answer.StatusCode;
    }

    internal static async Task LimitFilesAsync(int? processId, string bytes)
    {
        using var process = Process.Start("prlimit", ["--pid", $"{processId}", $"--fsize={bytes}:unlimited"]);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
