using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Core.Updates.Slots;

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
        await installation.StartCloudAsync("--set", "updates.lookInterval=500ms");
        var secret = await installation.Client.CreateDeviceAsync(new CreateDevice(Device, Model: "T-100"), Cancel);
        await AddKeyAsync();
        var (good, bad) = (await AddAsync("2.0", Starts), await AddAsync("3.0", "#!/bin/sh\nexit 3\n"));
        await using var agent = await SuperviseAsync(secret.Secret, installation.CloudMqttPort, installation.CloudHttp);
        await ActiveAsync();

        var done = await RollOutAsync(good);
        Assert.Equal(("done", 1, 0), (done.State, done.Rings[0].Updated, done.Rings[0].Failed));
        Assert.Equal([("edge", "2.0", done.Id), ("bootloader", "2.1", null), ("edge", "1.0", null)], (await RunsAsync("2.0")).Select(s => (s.Component, s.Version, s.Rollout)).OrderByDescending(s => s.Rollout).ThenBy(s => s.Component));

        var stopped = await RollOutAsync(bad);
        Assert.Equal(("aborted", "abort", "installation"), (stopped.State, stopped.Rings[0].Decision, stopped.Rings[0].Gate!.Rule));
        Assert.StartsWith("1 of 1 installations failed (1 went back by themselves).", stopped.Why, StringComparison.Ordinal);
        var member = Assert.Single((await installation.Client.ListRolloutDevicesAsync(stopped.Id, cancellationToken: Cancel)).Items);
        Assert.Equal(("rolledBack", "2.0", "2.0"), (member.State, member.From, member.Runs));
        Assert.Contains("it ended with 3", member.Reason, StringComparison.Ordinal);
        var ran = await installation.OkAsync("rollout", "software", Device);
        Assert.True(ran.Contains($"rollout {done.Id}", StringComparison.Ordinal) && ran.Contains("bootloader", StringComparison.Ordinal) && !ran.Contains("3.0", StringComparison.Ordinal), ran);
        var audit = (await installation.Client.ListAuditAsync(new AuditQuery(Kind: "rollout"), cancellationToken: Cancel)).Items.Where(a => a.Id == stopped.Id).Select(a => a.Action).Reverse();
        Assert.Equal(["draft", "start", "stop"], audit);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public async Task An_agent_takes_its_update_in_blocks_or_by_HTTP_through_as_many_gateways_as_there_are(int gateways, bool isByHttp)
    {
        await installation.StartCloudAsync("--set", "updates.lookInterval=500ms");
        var secrets = (await installation.ApplyAsync($$"""
            apiVersion: strata/v1
            site: hq
            children: [ { site: a, kind: floor }, { site: region, kind: floor } ]
            gateways: [ { id: gw-a, site: hq/a, uplink: { "*": raw } }, { id: gw-region, site: hq/region } ]
            devices: [ { id: {{Device}}, site: hq/a, model: T-100 } ]
            """)).Secrets;
        await AddKeyAsync();
        var (version, tooNew) = (await AddAsync("2.0", Starts + Padding(700_000), needs: "bootloader=2.0"), await AddAsync("2.1", Starts, needs: "bootloader=3.0"));
        var region = gateways == 2 ? await installation.StartFogAsync("gw-region", "hq/region") : null;
        var last = gateways > 0 ? await installation.StartFogAsync("gw-a", "hq/a", region is null ? null : $"http://{region.Ready["http"]}") : installation.Cloud;
        await using var agent = await SuperviseAsync(secrets[Device], Installation.Port(last), isByHttp ? $"http://{last.Ready["http"]}" : null);
        await ActiveAsync();
        await RunsAsync("2.1");
        var refused = Assert.Single((await installation.Client.PlanRolloutAsync(new CreateRollout(tooNew, Devices: [Device]), Cancel)).Excluded);
        Assert.Equal("it needs bootloader 3.0 or later, and the device has 2.1", refused.Why);
        var done = await RollOutAsync(version);
        Assert.Equal(("done", 1, 0), (done.State, done.Rings[0].Updated, done.Rings[0].Failed));
        await RunsAsync("2.0");
    }

    [Fact]
    public async Task Killed_in_the_middle_of_its_blocks_the_agent_goes_on_where_it_was_and_so_it_does_when_the_cloud_was_killed()
    {
        const int length = 24_000_000;
        await installation.StartCloudAsync("--set", "updates.lookInterval=500ms", "--set", "artifacts.bytesPerSecondOfReader=1600000"); // so slow that it ends long after both were killed
        var secret = await installation.Client.CreateDeviceAsync(new CreateDevice(Device, Model: "T-100"), Cancel);
        await AddKeyAsync();
        var version = await AddAsync("2.0", Starts + Padding(length));
        var agent = await SuperviseAsync(secret.Secret, installation.CloudMqttPort, from: null);
        await ActiveAsync();
        var rollout = await BeginAsync(version);

        await UntilAsync(length / 10);
        await agent.KillAsync();
        System.Diagnostics.Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(Path.Combine(Updates, "program.pid"), Cancel))).Kill();
        var there = Downloaded();
        Assert.InRange(there, length / 10, length - 1);
        await agent.StartAsync(Installation.StartLimit, Cancel);
        Assert.InRange(Downloaded(), there, length + 1_000);

        await UntilAsync(there + (length / 10));
        await installation.Cloud.KillAsync();
        there = Downloaded();
        Assert.InRange(there, length / 5, length - 1);
        await installation.Cloud.StartAsync(Installation.StartLimit, Cancel);
        Assert.InRange(Downloaded(), there, length + 1_000);

        var done = await EndAsync(rollout);
        Assert.Equal(("done", 1, 0), (done.State, done.Rings[0].Updated, done.Rings[0].Failed));
        await agent.DisposeAsync();

        long Downloaded() => Directory.GetFiles(Path.Combine(Updates, "download")) is [var file, ..] ? new FileInfo(file).Length : 0;
        async Task UntilAsync(long bytes) => await Eventually.IsAsync(() => Task.FromResult(Downloaded()), now => now >= bytes, $"{bytes} bytes come; {installation.Folder} has the logs");
    }

    [Fact]
    public async Task Killed_with_its_cloud_in_each_phase_of_an_update_a_gateway_loses_nothing_of_the_rollout()
    {
        await installation.StartCloudAsync("--set", "updates.lookInterval=500ms", "--set", "artifacts.bytesPerSecondOfGateway=1600000");
        var secrets = (await installation.ApplyAsync($$"""
            apiVersion: strata/v1
            site: hq
            gateways: [ { id: gw-hq, site: hq, uplink: { "*": raw } } ]
            devices: [ { id: {{Device}}, site: hq, model: T-100 } ]
            """)).Secrets;
        await AddKeyAsync();
        var version = await AddAsync("2.0", Starts + Padding(12_000_000));
        var fog = await installation.StartFogAsync("gw-hq", "hq");
        var (mayInstall, isWell) = (await ScriptAsync("may-install"), await ScriptAsync("is-well"));
        await using var agent = await SuperviseAsync(secrets[Device], Installation.Port(fog), from: null, "--update-when", mayInstall, "--self-test", isWell);
        await ActiveAsync();
        var rollout = await BeginAsync(version, TimeSpan.FromMinutes(5));

        await MemberAsync("downloading");
        await KillAsync();
        await StartAsync();

        // It may install while neither is there, does when the cloud has taken that, and is started on trial.
        await MemberAsync("downloading", "all of it is here; it waits: may-install ended with 1");
        await KillAsync();
        await AnswerAsync(mayInstall);
        await SlotsAsync(slots => slots.Trial is null);
        await StartAsync();
        await SlotsAsync(slots => slots.Trial is { Started: true });

        await MemberAsync("trial");
        await KillAsync();
        await StartAsync();

        // It proves itself at a gateway that has no cloud, which is killed too; the device keeps its last word until the cloud has it.
        await MemberAsync("trial");
        await installation.Cloud.KillAsync();
        await AnswerAsync(isWell);
        await SlotsAsync(slots => slots is { Trial: null, Outcome: not null });
        await fog.KillAsync();
        await StartAsync();

        var done = await EndAsync(rollout);
        Assert.Equal(("done", 1, 0), (done.State, done.Rings[0].Updated, done.Rings[0].Failed));
        Assert.Equal([("2.0", rollout), ("1.0", null)], (await RunsAsync("2.0")).Where(s => s.Component == "edge").Select(s => (s.Version, s.Rollout)));
        await SlotsAsync(slots => slots.Outcome is null);

        async Task KillAsync()
        {
            await fog.KillAsync();
            await installation.Cloud.KillAsync();
        }
        async Task StartAsync()
        {
            await installation.Cloud.StartAsync(Installation.StartLimit, Cancel);
            await fog.StartAsync(Installation.StartLimit, Cancel);
        }
        Task<RolloutDeviceInfo> MemberAsync(string state, string? why = null) => Eventually.IsAsync(
            async () => Assert.Single((await installation.Client.ListRolloutDevicesAsync(rollout, cancellationToken: Cancel)).Items), m => m.State == state && (why is null || m.Reason == why), $"the device to be {state} {why}; {installation.Folder} has the logs",
            TimeSpan.FromMinutes(2));
        Task<SlotState> SlotsAsync(Func<SlotState, bool> wanted) => Eventually.IsAsync(
            async () => SlotText.Read(await File.ReadAllBytesAsync(Path.Combine(Updates, "slots.json"), Cancel)), wanted, $"the slots; {installation.Folder} has the logs", TimeSpan.FromMinutes(2));
    }

    /// <summary>A program of the operator's that says no until <see cref="AnswerAsync"/>.</summary>
    private async Task<string> ScriptAsync(string name)
    {
        var path = Path.Combine(installation.Folder, name);
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n[ -e \"{path}.yes\" ]\n", Cancel);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private static Task AnswerAsync(string script) => File.WriteAllTextAsync(script + ".yes", "", Cancel);

    /// <summary>First both keys are believed, then the new one alone; each ring is signed by a key that both rings have.</summary>
    [Fact]
    public async Task Keys_are_rotated_on_devices_by_rollouts_of_their_ring()
    {
        await installation.StartCloudAsync("--set", "updates.lookInterval=500ms");
        var secret = await installation.Client.CreateDeviceAsync(new CreateDevice(Device, Model: "T-100"), Cancel);
        await AddKeyAsync();
        await using var agent = await SuperviseAsync(secret.Secret, installation.CloudMqttPort, installation.CloudHttp);
        await ActiveAsync();
        await AddKeyAsync("k2");
        Assert.Equal("done", (await RollOutAsync(await AddRingAsync("2", "k1"))).State);
        Assert.Contains(await RunsAsync("2"), s => (s.Component, s.Version) == ("keys", "2"));

        await StrataAsync("artifacts", "keys", "delete", "k1", "--data", installation.CloudFolder);
        Assert.Equal("done", (await RollOutAsync(await AddRingAsync("3", "k2"))).State);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(installation.Folder, "ring-3.json"), Cancel), await File.ReadAllBytesAsync(Path.Combine(Updates, "keys.json"), Cancel));
        Assert.Equal("done", (await RollOutAsync(await AddAsync("2.0", Starts, "k2"))).State);
        Assert.Equal([("bootloader", "2.1"), ("edge", "1.0"), ("edge", "2.0"), ("keys", "2"), ("keys", "3")], (await RunsAsync("2.0")).Select(s => (s.Component, s.Version)).Order());

        async Task<string> AddRingAsync(string version, string key)
        {
            var file = Path.Combine(installation.Folder, $"ring-{version}.json");
            await StrataAsync("artifacts", "keys", "ring", "--out", file, "--data", installation.CloudFolder);
            return await AddFileAsync(file, "keys", version, key);
        }
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private string Updates => Path.Combine(installation.Folder, "updates");

    private string KeyFile(string key) => Path.Combine(installation.Folder, $"{key}.key.pem");

    /// <summary>A version of the agent.</summary>
    private static string Starts => $"#!/bin/sh\nexec \"{Installation.Executable}\" edge \"$@\"\n";

    /// <summary>So many bytes that a shell does not run.</summary>
    private static string Padding(int bytes) => string.Concat(Enumerable.Repeat("# nothing to do in this line of a program that is only long\n", bytes / 61));

    private async Task AddKeyAsync(string key = "k1")
    {
        await StrataAsync("artifacts", "keygen", key, "--out", installation.Folder);
        await StrataAsync("artifacts", "keys", "add", KeyFile(key), "--data", installation.CloudFolder);
    }

    private Task<string> ActiveAsync() => Eventually.IsAsync(async () => (await installation.Client.GetDeviceAsync(Device, Cancel)).State, state => state == "active", "the agent's first reading");

    /// <summary>What the device runs, once the cloud has written it down.</summary>
    private async Task<IReadOnlyList<DeviceSoftware>> RunsAsync(string version) =>
        (await Eventually.IsAsync(() => installation.Client.ListDeviceSoftwareAsync(Device, Cancel), all => all.Items.Any(s => s.Version == version), $"it is written that the device runs {version}")).Items;

    private async Task<string> AddAsync(string version, string script, string key = "k1", string? needs = null)
    {
        var file = Path.Combine(installation.Folder, $"edge-{version}.sh");
        await File.WriteAllTextAsync(file, $"{script}# {version}\n", Cancel);
        return await AddFileAsync(file, "edge", version, key, needs);
    }

    private async Task<string> AddFileAsync(string file, string component, string version, string key, string? needs = null)
    {
        await StrataAsync(["artifacts", "add", file, "--component", component, "--version", version, "--model", "T-100", "--key", KeyFile(key), "--data", installation.CloudFolder, .. needs is null ? (string[])[] : ["--needs", needs]]);
        return Assert.Single((await installation.Client.ListArtifactsAsync(component, cancellationToken: Cancel)).Items, a => a.Version == version).Id;
    }

    /// <summary>Rolls it out to the one device, until the gate has decided.</summary>
    private async Task<RolloutInfo> RollOutAsync(string artifact) => await EndAsync(await BeginAsync(artifact));

    private async Task<string> BeginAsync(string artifact, TimeSpan? confirmWithin = null)
    {
        var draft = await installation.Client.CreateRolloutAsync(
            new CreateRollout(artifact, Devices: [Device], Rings: [new(1, TimeSpan.Zero)], NeedsApproval: false, ConfirmWithin: confirmWithin ?? TimeSpan.FromSeconds(30)), Cancel);
        await installation.Client.StepRolloutAsync(draft.Id, "start", cancellationToken: Cancel);
        return draft.Id;
    }

    private Task<RolloutInfo> EndAsync(string rollout) =>
        Eventually.IsAsync(() => installation.Client.GetRolloutAsync(rollout, Cancel), r => r.State is "done" or "aborted", $"the end of the rollout; {installation.Folder} has the logs", TimeSpan.FromMinutes(3));

    /// <param name="from">Where artifacts come from by HTTP; null: by MQTT.</param>
    private async Task<StrataProcess> SuperviseAsync(string secret, int mqttPort, string? from, params string[] more)
    {
        var (data, updates) = (Directory.CreateDirectory(Path.Combine(installation.Folder, "agent")).FullName, Directory.CreateDirectory(Updates).FullName);
        var (secretFile, first) = (Path.Combine(data, "device.secret"), Path.Combine(installation.Folder, "first.sh"));
        await File.WriteAllTextAsync(secretFile, secret, Cancel);
        File.SetUnixFileMode(secretFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(first, Starts, Cancel);
        await StrataAsync("artifacts", "keys", "ring", "--out", Path.Combine(updates, "keys.json"), "--data", installation.CloudFolder);
        var agent = installation.Create("agent", [
            "edge", "supervise", "--updates", updates, "--install", first, "--install-version", "1.0", "--until-stdin-closes", "--", "--data", data, "--device", Device, "--secret-file", secretFile,
            "--to", $"mqtt://127.0.0.1:{mqttPort}", "--source", "host", .. from is null ? (string[])[] : ["--updates-from", from], "--model", "T-100", "--has", "bootloader=2.1", "--ask-every", "10s", "--flush-limit", "100ms", .. more]);
        await agent.StartAsync(Installation.StartLimit, Cancel);
        return agent;
    }

    private static async Task StrataAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync(Installation.Executable, arguments);
        Assert.True(run.ExitCode == 0, $"strata {string.Join(' ', arguments)}: {run.Output}{run.Error}");
    }
}
