using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Protocol;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>Commands through real processes: verbs, agent, gateways, kills.</summary>
public sealed class CommandTests : IAsyncDisposable
{
    private const string Site = """
        apiVersion: strata/v1
        site: hq
        children: [ { site: a, kind: floor } ]
        gateways: [ { id: gw-a, site: hq/a, uplink: { "*": raw } } ]
        devices: [ { id: d-1, site: hq/a }, { id: e-1, site: hq/a } ]
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Installation installation = new();
    private readonly List<IMqttClient> clients = [];
    private readonly HttpClient http = new(new SocketsHttpHandler(), disposeHandler: true);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agent_answers_what_it_knows_and_says_so_of_what_it_does_not()
    {
        await installation.StartCloudAsync();
        var secrets = (await installation.ApplyAsync(Site)).Secrets;
        var agent = await installation.CreateEdgeAsync("e-1", secrets["e-1"], installation.CloudMqttPort, "--source", "host");
        await agent.StartAsync(Installation.StartLimit, Cancel);
        await Eventually.IsAsync(() => installation.Client.GetDeviceAsync("e-1", Cancel), d => d.State == "active", "that the agent is heard");
        var (code, output, _) = await Tool.RunAsync(Installation.Executable, ["commands", "send", "e-1", "ping", "--wait", "30s", "--data", installation.CloudFolder, "-o", "json"]);
        Assert.Equal(0, code);
        Assert.Equal("succeeded", JsonElement.Parse(output).GetProperty("state").GetString());
        Assert.True(JsonElement.Parse(output).TryGetProperty("delivered", out _), output);
        (code, output, _) = await Tool.RunAsync(Installation.Executable, ["commands", "send", "e-1", "dance", "--wait", "30s", "--data", installation.CloudFolder, "-o", "json"]);
        Assert.NotEqual(0, code);
        Assert.StartsWith("unknown command 'dance'", JsonElement.Parse(output).GetProperty("reason").GetString(), StringComparison.Ordinal);
        var level = await installation.Client.SendCommandAsync("e-1", new SendCommand("set-log-level", JsonElement.Parse("""{"level":"warning"}""")) { Wait = TimeSpan.FromSeconds(30) }, Cancel);
        Assert.Equal("warning", level.Result!.Value.GetProperty("level").GetString());
        Assert.Equal("succeeded", (await installation.Client.SendCommandAsync("e-1", new SendCommand("report-now") { Wait = TimeSpan.FromSeconds(30) }, Cancel)).State);
    }

    [Fact]
    public async Task An_answer_of_sixty_kilobytes_comes_whole_through_a_gateway_and_its_acknowledgement_is_known()
    {
        var (secrets, fog) = await StartAsync();
        var device = await ConnectAsync(fog, "d-1", secrets["d-1"]);
        await HeardAsync(device);
        var sent = await installation.Client.SendCommandAsync("d-1", new SendCommand("dump") { Request = "dump-1" }, Cancel);
        Assert.Equal("devices/d-1/commands/dump/dump-1", await device.NextAsync());
        var result = $"\"{new string('x', 60_000)}\"";
        await device.Client.PublishStringAsync("devices/d-1/commands/dump/dump-1/response", $$"""{"status":"succeeded","result":{{result}}}""", MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken: Cancel);
        var done = await installation.Client.GetCommandAsync("d-1", sent.Request, Patience, Cancel);
        Assert.Equal(("succeeded", "gw-a"), (done.State, done.Gateway));
        Assert.Equal(result, done.Result!.Value.GetRawText());
        Assert.NotNull(done.Delivered);
        // Said again until its acknowledgement was heard, it is the same.
        while (device.Commands.Reader.TryRead(out var again))
            Assert.Equal("devices/d-1/commands/dump/dump-1", again);
    }

    [Fact]
    public async Task A_gateway_tells_its_device_while_the_cloud_is_away_survives_a_kill_before_the_answer_and_the_cloud_has_it_afterwards()
    {
        var (secrets, fog) = await StartAsync();
        var device = await ConnectAsync(fog, "d-1", secrets["d-1"]);
        await HeardAsync(device);
        await installation.Cloud.KillAsync();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(installation.Folder, "gw-a", "admin.token"), Cancel)).Trim());
        using var told = await http.PostAsync(AtFog(fog, "commands"), JsonContent.Create(new { name = "valve", request = "rule-7", payload = new { open = true } }), Cancel);
        Assert.Equal(HttpStatusCode.Accepted, told.StatusCode);
        Assert.Equal("devices/d-1/commands/valve/rule-7", await device.NextAsync());
        await fog.KillAsync();
        await fog.StartAsync(Installation.StartLimit, Cancel);
        device = await ConnectAsync(fog, "d-1", secrets["d-1"]);
        // It may hear it again, under the same request; and answers once.
        await device.Client.PublishStringAsync("devices/d-1/commands/valve/rule-7/response", """{"status":"succeeded","result":{"open":true}}""", MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken: Cancel);
        var here = JsonSerializer.Deserialize(await http.GetStringAsync(AtFog(fog, "commands/rule-7"), Cancel), ContractsJson.Default.CommandInfo)!;
        Assert.Equal(("succeeded", """{"open":true}"""), (here.State, here.Result!.Value.GetRawText()));
        // The same again is the same, another content is refused.
        using var again = await http.PostAsync(AtFog(fog, "commands"), JsonContent.Create(new { name = "valve", request = "rule-7", payload = new { open = true } }), Cancel);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        using var other = await http.PostAsync(AtFog(fog, "commands"), JsonContent.Create(new { name = "valve", request = "rule-7", payload = new { open = false } }), Cancel);
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        await installation.Cloud.StartAsync(Installation.StartLimit, Cancel);
        var there = await Eventually.IsAsync(async () => (await installation.Client.ListCommandsAsync("d-1", cancellationToken: Cancel)).Items.FirstOrDefault(c => c.Request == "rule-7"), c => c?.State == "succeeded", "that the cloud has the gateway's command");
        Assert.Equal(("valve", "gw-a"), (there!.Name, there.Gateway));
        Assert.StartsWith("gw-a: ", there.Actor, StringComparison.Ordinal);
        Assert.Equal("""{"open":true}""", (await installation.Client.GetCommandAsync("d-1", "rule-7", cancellationToken: Cancel)).Payload!.Value.GetRawText());
    }

    [Fact]
    public async Task What_was_acknowledged_survives_a_kill_of_the_cloud_in_each_state_and_goes_on_under_its_id()
    {
        await installation.StartCloudAsync();
        var secret = (await installation.Client.CreateDeviceAsync(new CreateDevice("k-1"), Cancel)).Secret;
        await installation.Client.MoveDeviceAsync("k-1", new MoveDevice("active"), cancellationToken: Cancel);
        // Queued.
        var first = await installation.Client.SendCommandAsync("k-1", new SendCommand("one") { AnswerWithin = TimeSpan.FromMinutes(10) }, Cancel);
        var second = await installation.Client.SendCommandAsync("k-1", new SendCommand("two") { AnswerWithin = TimeSpan.FromMinutes(10) }, Cancel);
        await RestartAsync();
        Assert.Equal("queued", (await installation.Client.GetCommandAsync("k-1", first.Request, cancellationToken: Cancel)).State);
        // Sent and not acknowledged: the device hears it again, the same one.
        var device = await ConnectAsync(installation.Cloud, "k-1", secret, acknowledges: false);
        Assert.Equal($"devices/k-1/commands/one/{first.Request}", await device.NextAsync());
        await RestartAsync();
        device = await ConnectAsync(installation.Cloud, "k-1", secret);
        Assert.Equal($"devices/k-1/commands/one/{first.Request}", await device.NextAsync());
        await Eventually.IsAsync(() => installation.Client.GetCommandAsync("k-1", first.Request, cancellationToken: Cancel), c => c.State == "delivered", "that it is delivered");
        // Delivered, then running: not said again.
        await RestartAsync();
        device = await ConnectAsync(installation.Cloud, "k-1", secret);
        await device.AnswerAsync("one", first.Request, """{"status":"running"}""");
        await RestartAsync();
        device = await ConnectAsync(installation.Cloud, "k-1", secret);
        Assert.Equal("running", (await installation.Client.GetCommandAsync("k-1", first.Request, cancellationToken: Cancel)).State);
        // Its answer is acknowledged: it is there after a kill, and the next one goes.
        await device.AnswerAsync("one", first.Request, """{"status":"succeeded","result":1}""");
        await RestartAsync();
        Assert.Equal(("succeeded", "1"), (await installation.Client.GetCommandAsync("k-1", first.Request, cancellationToken: Cancel)) is var done ? (done.State, done.Result?.GetRawText()) : default);
        device = await ConnectAsync(installation.Cloud, "k-1", secret);
        Assert.Equal($"devices/k-1/commands/two/{second.Request}", await device.NextAsync());
        Assert.Equal(2, (await installation.Client.ListCommandsAsync("k-1", cancellationToken: Cancel)).Items.Count);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients)
            client.Dispose();
        http.Dispose();
        await installation.DisposeAsync();
    }

    private static Uri AtFog(StrataProcess fog, string rest) => new($"http://{fog.Ready["http"]}/api/v1/devices/d-1/{rest}");

    private async Task RestartAsync()
    {
        await installation.Cloud.KillAsync();
        await installation.Cloud.StartAsync(Installation.StartLimit, Cancel);
    }

    private async Task<(IReadOnlyDictionary<string, string> Secrets, StrataProcess Fog)> StartAsync()
    {
        await installation.StartCloudAsync();
        var secrets = (await installation.ApplyAsync(Site)).Secrets;
        return (secrets, await installation.StartFogAsync("gw-a", "hq/a"));
    }

    private async Task HeardAsync(Device device)
    {
        await device.Client.PublishStringAsync("devices/d-1/telemetry", """{"temperature":21}""", MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken: Cancel);
        await Eventually.IsAsync(() => installation.Client.GetDeviceAsync("d-1", Cancel), d => d.Gateway == "gw-a" && d.State == "active", "that it is heard through its gateway");
    }

    private async Task<Device> ConnectAsync(StrataProcess node, string id, string secret, bool acknowledges = true)
    {
        var client = new MqttClientFactory().CreateMqttClient();
        clients.Add(client);
        var commands = Channel.CreateUnbounded<string>();
        client.ApplicationMessageReceivedAsync += e =>
        {
            e.AutoAcknowledge = acknowledges;
            if (!e.ApplicationMessage.Topic.EndsWith("/response", StringComparison.Ordinal))
                commands.Writer.TryWrite(e.ApplicationMessage.Topic);
            return Task.CompletedTask;
        };
        await Eventually.IsAsync(async () => (await client.ConnectAsync(
            new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", Installation.Port(node)).WithCredentials(id, secret).WithClientId(id).WithTimeout(TimeSpan.FromSeconds(5)).Build(), Cancel)).ResultCode,
            c => c == MqttClientConnectResultCode.Success, "that the node knows its device");
        await client.SubscribeAsync($"devices/{id}/commands/#", MqttQualityOfServiceLevel.AtLeastOnce, Cancel);
        return new Device(id, client, commands);
    }

    private sealed record Device(string Id, IMqttClient Client, Channel<string> Commands)
    {
        public async Task<string> NextAsync() => await Commands.Reader.ReadAsync(Cancel).AsTask().WaitAsync(Patience, Cancel);

        public Task<MqttClientPublishResult> AnswerAsync(string name, string request, string payload) =>
            Client.PublishStringAsync($"devices/{Id}/commands/{name}/{request}/response", payload, MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken: Cancel);
    }
}
