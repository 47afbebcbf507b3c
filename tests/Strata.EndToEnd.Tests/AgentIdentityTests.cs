using System.Text.Json;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>The agent with an identity of its own: from its birth certificate to a year of renewals, without hands.</summary>
public sealed class AgentIdentityTests : IAsyncDisposable
{
    private readonly Installation installation = new();

    /// <summary>Two thirds of a certificate's life and a day.</summary>
    private static DateTime LongAgo => (TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(61)).UtcDateTime;

    private string Batch => Path.Combine(installation.Folder, "batch");

    private string Root => Path.Combine(installation.Folder, "root.pem");

    private string Data => Path.Combine(installation.Folder, "agent");

    private string Identity(string file) => Path.Combine(Data, "identity", file);

    [Fact]
    public async Task An_agent_gets_its_certificate_by_its_birth_renews_it_and_comes_back_from_a_long_sleep_and_a_kill()
    {
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}");
        await File.WriteAllTextAsync(Root, (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
        var made = await Tool.RunAsync(Installation.Executable, ["factory", "batch", "--sku", "T-100", "--batch", "b", "--prefix", "sn-", "--count", "1", "--out", Batch, "--data", installation.CloudFolder]);
        Assert.True(made.ExitCode == 0, made.Error);
        await installation.Client.CreateDeviceAsync(new CreateDevice("sn-000001", null, null));

        var agent = await StartAgentAsync("agent-1");
        await CertificatesAsync(1);
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("sn-000001"), c => c.Count > 0, "its first readings");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Identity("current.pem")));
        Assert.False(File.Exists(Identity("next.key.pem")));

        // Two thirds of the life are over: it renews while it is connected. Old and new are both good.
        var first = await File.ReadAllTextAsync(Identity("current.pem"), TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(Identity("current.pem"), LongAgo);
        await agent.KillAsync();
        agent = await StartAgentAsync("agent-2");
        await CertificatesAsync(2);
        await Eventually.IsAsync(() => ReadAsync(Identity("previous.pem")), text => text == first, "what was in use is kept");
        await Eventually.IsAsync(() => Task.FromResult(File.Exists(Identity("next.key.pem"))), static there => !there, "the new one is in use");

        // Power was cut while what is in use was replaced, and the key that was asked for last was never certified.
        await agent.KillAsync();
        File.Copy(Identity("previous.pem"), Identity("current.pem.next"), overwrite: true);
        await File.WriteAllTextAsync(Identity("current.pem"), "-----BEGIN PRIVATE KEY-----\ncut sh", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Identity("next.key.pem"), "-----BEGIN PRI", TestContext.Current.CancellationToken);
        var before = (await installation.Client.CountReadingsAsync("sn-000001")).Count;
        agent = await StartAgentAsync("agent-3");
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("sn-000001"), c => c.Count > before, "readings by the certificate before");

        // The tenant's authority is replaced: the agent renews by the new one, then the old one goes.
        Assert.Equal(("none", 1), await RolloverAsync("status"));
        Assert.Equal(("renewing", 1), await RolloverAsync("run"));
        Assert.Equal(("renewing", 1), await RolloverAsync("run")); // It waits.
        await agent.KillAsync();
        foreach (var file in new[] { "current.pem", "previous.pem" })
            File.SetLastWriteTimeUtc(Identity(file), LongAgo);
        agent = await StartAgentAsync("agent-3b");
        await Eventually.IsAsync(() => installation.Client.GetRolloverAsync(), r => r is { Waiting: 0, Moved: 1 }, "the agent's renewal by the new authority");
        Assert.Equal(("none", 1), await RolloverAsync("run"));
        before = (await installation.Client.CountReadingsAsync("sn-000001")).Count;
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("sn-000001"), c => c.Count > before, "readings after the roll-over");

        // What it has is revoked: its birth certificate gives it another one.
        await agent.KillAsync();
        foreach (var certificate in (await installation.Client.ListCertificatesAsync("sn-000001")).Items.Where(c => c.Use == "operational" && c.Standing == "good"))
            await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(certificate.Serial, Reason: "superseded"));
        before = (await installation.Client.CountReadingsAsync("sn-000001")).Count;
        agent = await StartAgentAsync("agent-4");
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("sn-000001"), c => c.Count > before, "readings by a new certificate");
        Assert.Single((await installation.Client.ListCertificatesAsync("sn-000001")).Items, c => c.Use == "operational" && c.Standing == "good");

        // With its batch it is shut out for good, once what it has is revoked too.
        await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(Batch: "b", Reason: "key-compromise"));
        await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(Device: "sn-000001", Reason: "key-compromise"));
        await Eventually.IsAsync(() => installation.Client.ListRejectionsAsync(), r => r.Items.Any(i => i.Reason.Contains("no authority that is registered", StringComparison.Ordinal)), "that its birth certificate was refused");
        await agent.KillAsync();
    }

    [Fact]
    public async Task What_an_agent_reads_before_it_has_an_identity_is_kept_through_a_kill_and_sent_when_it_has()
    {
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}");
        await File.WriteAllTextAsync(Root, (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
        var made = await Tool.RunAsync(Installation.Executable, ["factory", "batch", "--sku", "T-100", "--batch", "b", "--prefix", "sn-", "--count", "1", "--out", Batch, "--data", installation.CloudFolder]);
        Assert.True(made.ExitCode == 0, made.Error);

        // Nobody has registered it yet.
        var agent = await StartAgentAsync("agent-1");
        Assert.Equal("sn-000001", agent.Ready["serial"]);
        await Eventually.IsAsync(StatusAsync, s => s is { Waiting: > 3, Device: null }, "readings in the buffer");
        await agent.KillAsync();
        var before = (await StatusAsync()).Waiting;
        agent = await StartAgentAsync("agent-2");
        var waiting = (await Eventually.IsAsync(StatusAsync, s => s.Waiting > before, "more readings beside those before the kill")).Waiting;
        var registered = TimeProvider.System.GetUtcNow();
        await installation.Client.CreateDeviceAsync(new CreateDevice("sn-000001", null, null));

        await Eventually.IsAsync(StatusAsync, s => s is { Waiting: < 4, Device: "sn-000001" }, "that they are sent");
        var status = await StatusAsync();
        Assert.Equal((0, 0), (status.Lost, status.Unexplained));
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("sn-000001"), c => c.Count >= waiting, $"the {waiting} readings from before");
        var stored = await installation.Client.ListReadingsAsync(new ReadingsQuery { Devices = ["sn-000001"], To = registered, Limit = 1000 });
        Assert.True(stored.Items.Count >= waiting, $"{stored.Items.Count} of {waiting}");
        await agent.KillAsync();
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private async Task<(string? Device, long Waiting, long Lost, long Unexplained)> StatusAsync()
    {
        var file = Path.Combine(Data, "status.json");
        if (!File.Exists(file))
            return default;
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        long Get(string name) => json.RootElement.GetProperty(name).GetInt64();
        return (json.RootElement.GetProperty("device").GetString(), Get("waiting"), Get("lost"), Get("unexplained"));
    }

    private async Task<StrataProcess> StartAgentAsync(string name)
    {
        var agent = installation.Create(name,
        [
            "edge", "--data", Data, "--birth", Path.Combine(Batch, "sn-000001.crt.pem"), "--birth-key", Path.Combine(Batch, "sn-000001.key.pem"), "--ca", Root,
            "--to", $"mqtts://{installation.Cloud.Ready["mqtts"]}", "--source", "host", "--interval", "1s", "--health-interval", "1s", "--heartbeat", "1s",
        ]);
        await agent.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        return agent;
    }

    private async Task<(string State, int Waiting)> RolloverAsync(string verb)
    {
        var run = await Tool.RunAsync(Installation.Executable, ["ca", "rollover", verb, "-o", "json", "--data", installation.CloudFolder]);
        Assert.True(run.ExitCode == 0, run.Error);
        using var json = JsonDocument.Parse(run.Output);
        return (json.RootElement.GetProperty("state").GetString()!, json.RootElement.GetProperty("waiting").GetInt32());
    }

    private static async Task<string> ReadAsync(string file) => File.Exists(file) ? await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) : "";

    private async Task CertificatesAsync(int count) => await Eventually.IsAsync(
        () => installation.Client.ListCertificatesAsync("sn-000001"), c => c.Items.Count(i => i is { Use: "operational", Standing: "good" }) == count, $"{count} operational certificates");
}
