using System.Security.Cryptography;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Edge.Tests.Updates.Rauc;

namespace Strata.EndToEnd.Tests;

/// <summary>A rollout of a real cloud over a machine whose whole system is updated: a real agent, a real RAUC, a real bundle. To start the machine again is a script of the test's.</summary>
public sealed class RolloutOverRaucTests : IAsyncDisposable
{
    private const string Device = "board-1";
    private static readonly byte[] New = RandomNumberGenerator.GetBytes(150_000);
    private readonly Installation installation = new();
    private RaucMachine machine = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_good_system_is_kept_and_one_that_fails_its_self_test_goes_back()
    {
        machine = await RaucMachine.StartAsync();
        await machine.RequireMountsAsync();
        await installation.StartCloudAsync("--set", "updates.lookInterval=500ms");
        var secret = await installation.Client.CreateDeviceAsync(new CreateDevice(Device, Model: "T-100"), Cancel);
        await StrataAsync("artifacts", "keygen", "k1", "--out", installation.Folder);
        await StrataAsync("artifacts", "keys", "add", KeyFile, "--data", installation.CloudFolder);
        await StrataAsync("artifacts", "keys", "ring", "--out", Path.Combine(Directory.CreateDirectory(Updates).FullName, "keys.json"), "--data", installation.CloudFolder);

        var agent = await StartAgentAsync(secret);
        await Eventually.IsAsync(async () => (await installation.Client.GetDeviceAsync(Device, Cancel)).State, state => state == "active", "the agent's first reading");
        var good = await BeginAsync("2.0");
        await RestartMachineAsync(agent);
        Assert.Equal("B", machine.Booted);
        agent = await StartAgentAsync(secret);
        var done = await EndAsync(good);
        Assert.Equal(("done", 1, 0), (done.State, done.Rings[0].Updated, done.Rings[0].Failed));
        Assert.Equal((3, "B"), (machine.TriesOf("B"), machine.Primary));
        Assert.Equal(New, machine.System("B", New.Length));
        await Eventually.IsAsync(() => installation.Client.ListDeviceSoftwareAsync(Device, Cancel), all => all.Items.Any(s => (s.Component, s.Version) == ("os", "2.0")), "it is written what the device runs");

        var bad = await BeginAsync("3.0");
        await RestartMachineAsync(agent);
        Assert.Equal("A", machine.Booted);
        await RestartMachineAsync(await StartAgentAsync(secret, "--self-test", await ScriptAsync("self-test", "echo the sensor bus is silent; exit 1")));
        Assert.Equal("B", machine.Booted);
        agent = await StartAgentAsync(secret);
        Assert.Equal("aborted", (await EndAsync(bad)).State);
        var member = Assert.Single((await installation.Client.ListRolloutDevicesAsync(bad, cancellationToken: Cancel)).Items);
        Assert.Equal(("rolledBack", "2.0"), (member.State, member.Runs));
        Assert.Contains("the sensor bus is silent", member.Reason, StringComparison.Ordinal);
        Assert.Equal(0, machine.TriesOf("A"));
        await agent.DisposeAsync();
    }

    [Theory]
    [InlineData("grub", "--update-with is 'grub'; it takes slots or rauc.")]
    [InlineData("rauc", "--update-with rauc: there is no program 'rauc' here; on Debian: apt-get install rauc rauc-service.")]
    public async Task An_agent_that_cannot_update_so_says_why_and_does_not_start(string with, string why)
    {
        var data = Path.Combine(installation.Folder, "data");
        var run = await Tool.RunAsync(
            Installation.Executable,
            ["edge", "--data", data, "--device", Device, "--secret-file", "none", "--to", "mqtt://127.0.0.1:1", "--source", "host", "--updates", Updates, "--update-with", with, "--updates-from", "http://127.0.0.1:1", "--model", "T-100"],
            environment: new Dictionary<string, string> { ["PATH"] = installation.Folder, ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../..")) });
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await installation.DisposeAsync();
        if (machine is not null)
            await machine.DisposeAsync();
    }

    private string KeyFile => Path.Combine(installation.Folder, "k1.key.pem");

    private string Updates => Path.Combine(installation.Folder, "updates");

    private string Restarted => Path.Combine(installation.Folder, "restarted");

    /// <summary>A rollout of a bundle to the one device; gives its id.</summary>
    private async Task<string> BeginAsync(string version)
    {
        var bundle = await machine.BundleAsync($"system-{version}", New, version);
        await StrataAsync("artifacts", "add", bundle, "--component", "os", "--version", version, "--model", "T-100", "--key", KeyFile, "--data", installation.CloudFolder);
        var artifact = Assert.Single((await installation.Client.ListArtifactsAsync("os", cancellationToken: Cancel)).Items, a => a.Version == version);
        var draft = await installation.Client.CreateRolloutAsync(
            new CreateRollout(artifact.Id, Devices: [Device], Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false, ConfirmWithin: TimeSpan.FromSeconds(60)), Cancel);
        await installation.Client.StepRolloutAsync(draft.Id, "start", cancellationToken: Cancel);
        return draft.Id;
    }

    private Task<RolloutInfo> EndAsync(string rollout) =>
        Eventually.IsAsync(() => installation.Client.GetRolloutAsync(rollout, Cancel), r => r.State is "done" or "aborted", $"the end of the rollout; {installation.Folder} has the logs", TimeSpan.FromMinutes(3));

    /// <summary>Waits until the agent asks for it and has ended.</summary>
    private async Task RestartMachineAsync(StrataProcess agent)
    {
        await Eventually.IsAsync(() => Task.FromResult((File.Exists(Restarted), agent.HasExited)), s => s is (true, true), $"the agent restarts the machine; {installation.Folder} has the logs", TimeSpan.FromMinutes(2));
        await agent.DisposeAsync();
        File.Delete(Restarted);
        await machine.RestartAsync();
    }

    private async Task<StrataProcess> StartAgentAsync(DeviceSecret secret, params string[] further)
    {
        var data = Directory.CreateDirectory(Path.Combine(installation.Folder, "agent")).FullName;
        var secretFile = Path.Combine(data, "device.secret");
        await File.WriteAllTextAsync(secretFile, secret.Secret, Cancel);
        File.SetUnixFileMode(secretFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        // `env` gives the agent this machine's `rauc` and becomes the agent.
        var agent = new StrataProcess(
            "agent", "/usr/bin/env",
            [
                $"PATH={Path.GetDirectoryName(machine.Program)}:{Environment.GetEnvironmentVariable("PATH")}", Installation.Executable, "edge", "--until-stdin-closes", "--data", data, "--device", Device, "--secret-file", secretFile,
                "--to", $"mqtt://127.0.0.1:{installation.CloudMqttPort}", "--source", "host", "--updates", Updates, "--update-with", "rauc", "--restart-with", await ScriptAsync("restart", $"touch {Restarted}"),
                "--updates-from", installation.CloudHttp, "--model", "T-100", "--ask-every", "10s", "--flush-limit", "100ms", .. further,
            ],
            Path.Combine(installation.Folder, "agent.log"));
        await agent.StartAsync(Installation.StartLimit, Cancel);
        return agent;
    }

    private async Task<string> ScriptAsync(string name, string content)
    {
        var path = Path.Combine(installation.Folder, name);
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{content}\n", Cancel);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private static async Task StrataAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync(Installation.Executable, arguments);
        Assert.True(run.ExitCode == 0, $"strata {string.Join(' ', arguments)}: {run.Output}{run.Error}");
    }
}
