using Strata.Cli.Processes;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>A rollout of a real cloud over a real agent in two slots: artifacts that the operator's key has signed, jobs by the cloud's own MQTT, bytes from the cloud. A version is a script that starts the agent.</summary>
public sealed class RolloutOverAgentTests : IAsyncDisposable
{
    private const string Device = "agent-1";
    private readonly Installation installation = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_good_build_goes_through_and_a_bad_one_goes_back_by_itself_and_stops_its_rollout()
    {
        await installation.StartCloudAsync("--look-every", "500ms");
        var secret = await installation.Client.CreateDeviceAsync(new CreateDevice(Device, Model: "T-100"), Cancel);
        await StrataAsync("artifacts", "keygen", "k1", "--out", installation.Folder);
        await StrataAsync("artifacts", "keys", "add", KeyFile, "--data", installation.CloudFolder);
        var (good, bad) = (await AddAsync("2.0", Starts), await AddAsync("3.0", "#!/bin/sh\nexit 3\n"));
        await using var agent = await SuperviseAsync(secret);
        await Eventually.IsAsync(async () => (await installation.Client.GetDeviceAsync(Device, Cancel)).State, state => state == "active", "the agent's first reading");

        var done = await RollOutAsync(good);
        Assert.Equal(("done", 1, 0), (done.State, done.Rings[0].Updated, done.Rings[0].Failed));
        Assert.Equal([("edge", "2.0", done.Id)], (await installation.Client.ListDeviceSoftwareAsync(Device, Cancel)).Items.Select(s => (s.Component, s.Version, s.Rollout!)));

        var stopped = await RollOutAsync(bad);
        Assert.Equal(("aborted", "abort", "installation"), (stopped.State, stopped.Rings[0].Decision, stopped.Rings[0].Gate!.Rule));
        Assert.StartsWith("1 of 1 installations failed (1 went back by themselves).", stopped.Why, StringComparison.Ordinal);
        var member = Assert.Single((await installation.Client.ListRolloutDevicesAsync(stopped.Id, cancellationToken: Cancel)).Items);
        Assert.Equal(("rolledBack", "2.0", "2.0"), (member.State, member.From, member.Runs));
        Assert.Contains("it ended with 3", member.Reason, StringComparison.Ordinal);
        Assert.Equal("2.0", Assert.Single((await installation.Client.ListDeviceSoftwareAsync(Device, Cancel)).Items).Version);
        var audit = (await installation.Client.ListAuditAsync(new AuditQuery(Kind: "rollout"), cancellationToken: Cancel)).Items.Where(a => a.Id == stopped.Id).Select(a => a.Action).Reverse();
        Assert.Equal(["draft", "start", "stop"], audit);
    }

    [Theory]
    [InlineData("soon", "--look-every is 'soon'; it takes a span from 100ms to 10m, for example 10s.")]
    [InlineData("1ms", "LookInterval must be 100 ms to 10 min.")]
    public async Task A_node_that_is_to_look_at_rollouts_at_no_time_does_not_start(string span, string why)
    {
        var run = await Tool.RunAsync(Installation.Executable, ["cloud", "--data", installation.CloudFolder, "--look-every", span]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private string KeyFile => Path.Combine(installation.Folder, "k1.key.pem");

    /// <summary>A version of the agent.</summary>
    private static string Starts => $"#!/bin/sh\nexec \"{Installation.Executable}\" edge \"$@\"\n";

    private async Task<string> AddAsync(string version, string script)
    {
        var file = Path.Combine(installation.Folder, $"edge-{version}.sh");
        await File.WriteAllTextAsync(file, $"{script}# {version}\n", Cancel);
        await StrataAsync("artifacts", "add", file, "--component", "edge", "--version", version, "--model", "T-100", "--key", KeyFile, "--data", installation.CloudFolder);
        return Assert.Single((await installation.Client.ListArtifactsAsync("edge", cancellationToken: Cancel)).Items, a => a.Version == version).Id;
    }

    /// <summary>Rolls it out to the one device, until the gate has decided.</summary>
    private async Task<RolloutInfo> RollOutAsync(string artifact)
    {
        var draft = await installation.Client.CreateRolloutAsync(
            new CreateRollout(artifact, Devices: [Device], Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false, ConfirmWithin: TimeSpan.FromSeconds(30)), Cancel);
        await installation.Client.StepRolloutAsync(draft.Id, "start", cancellationToken: Cancel);
        return await Eventually.IsAsync(() => installation.Client.GetRolloutAsync(draft.Id, Cancel), r => r.State is "done" or "aborted", $"the end of the rollout of {artifact}; {installation.Folder} has the logs", TimeSpan.FromMinutes(3));
    }

    private async Task<StrataProcess> SuperviseAsync(DeviceSecret secret)
    {
        var (data, updates) = (Directory.CreateDirectory(Path.Combine(installation.Folder, "agent")).FullName, Directory.CreateDirectory(Path.Combine(installation.Folder, "updates")).FullName);
        var (secretFile, first) = (Path.Combine(data, "device.secret"), Path.Combine(installation.Folder, "first.sh"));
        await File.WriteAllTextAsync(secretFile, secret.Secret, Cancel);
        File.SetUnixFileMode(secretFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(first, Starts, Cancel);
        await StrataAsync("artifacts", "keys", "ring", "--out", Path.Combine(updates, "keys.json"), "--data", installation.CloudFolder);
        var agent = installation.Create("agent", [
            "edge", "supervise", "--updates", updates, "--install", first, "--install-version", "1.0", "--until-stdin-closes", "--", "--data", data, "--device", Device, "--secret-file", secretFile,
            "--to", $"mqtt://127.0.0.1:{installation.CloudMqttPort}", "--source", "host", "--updates-from", installation.CloudHttp, "--model", "T-100", "--ask-every", "10s", "--flush-limit", "100ms"]);
        await agent.StartAsync(Installation.StartLimit, Cancel);
        return agent;
    }

    private static async Task StrataAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync(Installation.Executable, arguments);
        Assert.True(run.ExitCode == 0, $"strata {string.Join(' ', arguments)}: {run.Output}{run.Error}");
    }
}
