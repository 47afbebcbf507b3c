using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>Devices that are connected to a gateway are told to wipe themselves through it, and their word comes back: also when the gateway was away, or is killed between taking the message and saying it.</summary>
public sealed class FogWipeTests : IAsyncDisposable
{
    private const string Site = """
        apiVersion: strata/v1
        site: hq
        children: [ { site: a, kind: floor } ]
        gateways: [ { id: gw-a, site: hq/a, uplink: { "*": raw } } ]
        devices: [ { id: d-1, site: hq/a }, { id: d-2, site: hq/a } ]
        """;

    private readonly Installation installation = new();
    private readonly List<IMqttClient> clients = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_at_a_gateway_is_wiped_through_it_and_its_proof_is_in_the_statement()
    {
        var (secrets, fog) = await StartAsync();
        var device = await ConnectAsync(fog, "d-1", secrets["d-1"], answers: true);
        await HeardAsync(device, "d-1");
        await installation.Client.BeginDecommissionAsync("d-1", new BeginDecommission("scrapped", WipeWithin: TimeSpan.FromMinutes(2)), Cancel);
        await AssertProvedAsync("d-1");
        Assert.Single(device.Commands.Different());
        Assert.Contains((await installation.Client.ListEventsAsync("d-1")).Items, e => e.Kind == "device.response" && e.Gateway == "gw-a");
    }

    [Fact]
    public async Task A_gateway_that_is_away_gets_it_when_it_comes_back_and_once()
    {
        var (secrets, fog) = await StartAsync();
        var device = await ConnectAsync(fog, "d-1", secrets["d-1"], answers: true);
        await HeardAsync(device, "d-1");
        await fog.KillAsync();
        await installation.Client.BeginDecommissionAsync("d-1", new BeginDecommission(WipeWithin: TimeSpan.FromMinutes(3)), Cancel);
        await Eventually.IsAsync(() => installation.Client.GetDecommissionAsync("d-1", Cancel), d => d.State == "wiping", "that it is to be wiped");
        // The cloud is killed as well: what waits is in its database.
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, Cancel);
        await installation.Cloud.KillAsync();
        await installation.Cloud.StartAsync(Installation.StartLimit, Cancel);
        Assert.Null((await installation.Client.GetDecommissionAsync("d-1", Cancel)).WipeProof);
        await fog.StartAsync(Installation.StartLimit, Cancel);
        device = await ConnectAsync(fog, "d-1", secrets["d-1"], answers: true);
        await AssertProvedAsync("d-1");
        Assert.Single(device.Commands.Different());
    }

    [Fact]
    public async Task A_gateway_that_is_killed_between_taking_it_and_saying_it_says_it_after_its_start()
    {
        var (secrets, fog) = await StartAsync();
        var device = await ConnectAsync(fog, "d-1", secrets["d-1"], answers: true);
        var other = await ConnectAsync(fog, "d-2", secrets["d-2"], answers: true);
        await HeardAsync(device, "d-1");
        // Not there just now: the gateway takes the message and has nobody to say it to.
        await device.Client.DisconnectAsync(cancellationToken: Cancel);
        await installation.Client.BeginDecommissionAsync("d-1", new BeginDecommission(WipeWithin: TimeSpan.FromMinutes(3)), Cancel);
        var inbox = Path.Combine(installation.Folder, "gw-a", "downward.json");
        await Eventually.IsAsync(async () => File.Exists(inbox) ? await File.ReadAllTextAsync(inbox, Cancel) : "", t => t.Contains("commands/wipe/", StringComparison.Ordinal), "that the gateway has the message on its disk");
        await fog.KillAsync();
        // The parent is away too when it starts: it is said all the same.
        await installation.Cloud.KillAsync();
        await fog.StartAsync(Installation.StartLimit, Cancel);
        device = await ConnectAsync(fog, "d-1", secrets["d-1"], answers: true);
        Assert.NotNull(await device.Commands.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Cancel));
        await installation.Cloud.StartAsync(Installation.StartLimit, Cancel);
        await AssertProvedAsync("d-1");
        // Nobody else's.
        Assert.Equal(0, other.Commands.Count);
        Assert.Equal("provisioning", (await installation.Client.GetDeviceAsync("d-2", Cancel)).State);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients)
            client.Dispose();
        await installation.DisposeAsync();
    }

    private async Task<(IReadOnlyDictionary<string, string> Secrets, StrataProcess Fog)> StartAsync()
    {
        await installation.StartCloudAsync();
        var secrets = (await installation.ApplyAsync(Site)).Secrets;
        return (secrets, await installation.StartFogAsync("gw-a", "hq/a"));
    }

    private async Task HeardAsync(Device device, string id)
    {
        await device.Client.PublishStringAsync($"devices/{id}/telemetry", """{"temperature":21}""", MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken: Cancel);
        await Eventually.IsAsync(() => installation.Client.GetDeviceAsync(id, Cancel), d => d.Gateway == "gw-a" && d.State == "active", "that it is heard through its gateway");
    }

    private async Task AssertProvedAsync(string id)
    {
        var done = await Eventually.IsAsync(() => installation.Client.GetDecommissionAsync(id, Cancel), d => d.State == "done", "the end of it");
        Assert.Equal("""{"wiped":true,"words":"two spaces  kept"}""", done.WipeProof);
        Assert.NotNull(done.WipeProved);
    }

    private async Task<Device> ConnectAsync(StrataProcess fog, string id, string secret, bool answers)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        clients.Add(client);
        var commands = Channel.CreateUnbounded<string>();
        client.ApplicationMessageReceivedAsync += async e =>
        {
            var topic = e.ApplicationMessage.Topic;
            if (topic.EndsWith("/response", StringComparison.Ordinal))
                return;
            commands.Writer.TryWrite(topic);
            if (answers)
                await client.PublishStringAsync(topic + "/response", """{"wiped":true,"words":"two spaces  kept"}""", MqttQualityOfServiceLevel.AtLeastOnce);
        };
        await Eventually.IsAsync(async () => (await client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", Installation.Port(fog)).WithCredentials(id, secret).WithClientId(id).WithTimeout(TimeSpan.FromSeconds(5)).Build(), Cancel)).ResultCode,
            c => c == MqttClientConnectResultCode.Success, "that the gateway knows its device");
        await client.SubscribeAsync($"devices/{id}/commands/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancel);
        return new Device(client, new CommandLog(commands));
    }

    private sealed record Device(IMqttClient Client, CommandLog Commands);

    /// <summary>What a device was told.</summary>
    private sealed class CommandLog(Channel<string> channel)
    {
        public ChannelReader<string> Reader => channel.Reader;

        public int Count => channel.Reader.Count;

        /// <summary>What it was told since it was asked last; said again until its answer was heard, it is the same.</summary>
        public HashSet<string> Different()
        {
            var topics = new HashSet<string>(StringComparer.Ordinal);
            while (channel.Reader.TryRead(out var topic))
                topics.Add(topic);
            return topics;
        }
    }
}
