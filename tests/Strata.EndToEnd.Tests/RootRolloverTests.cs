using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>The root and the installation's intermediate are replaced under a fleet, by processes that are killed at each step; judged by openssl.</summary>
public sealed class RootRolloverTests : IAsyncDisposable
{
    private const string Device = "sn-000001";
    private readonly Installation installation = new();

    private string Safe => PathOf("safe");

    private string NewSafe => PathOf("safe-2");

    private string Https => installation.Cloud.Ready["https"];

    private string Agent => PathOf("agent");

    [Fact]
    public async Task The_root_is_replaced_and_an_agent_that_knew_only_the_old_one_is_never_cut_off()
    {
        Tool.Require("openssl");
        await StartAsync();
        var agent = await StartAgentAsync("agent-1");
        await Eventually.IsAsync(CountAsync, c => c > 0, "its first readings");
        await File.WriteAllTextAsync(PathOf("old-chain.pem"), await installation.Client.GetChainAsync(), TestContext.Current.CancellationToken);

        // Asked for, and killed: the same request is there. What is signed for another one is not taken.
        await StrataAsync("ca", "rollover", "plan", "--installation");
        Assert.Equal(("requested", 1), await RolloverAsync("run", "--request", PathOf("request.pem")));
        await KillCloudAsync();
        Assert.Equal(("requested", 1), await RolloverAsync("run", "--request", PathOf("again.pem")));
        Assert.Equal(await SubjectAsync("request.pem"), await SubjectAsync("again.pem"));
        await OpensslAsync("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf("x.key"), "-subj", "/CN=x", "-out", PathOf("x.csr"));
        await StrataAsync("ca", "sign", PathOf("x.csr"), "--root", Safe, "--out", PathOf("x.pem"));
        var wrong = await Tool.RunAsync(Installation.Executable, ["ca", "rollover", "run", "--installation", "--signed", PathOf("x.pem"), "--data", installation.CloudFolder]);
        Assert.True(wrong.ExitCode != 0 && wrong.Error.Contains("none of its certificates is of the key that was asked for", StringComparison.Ordinal), wrong.Error);

        // Signed off the node. Taken into use, and killed before the tenants' authorities were certified anew: that is done at the next start.
        await StrataAsync("ca", "sign", PathOf("again.pem"), "--root", Safe, "--new-root-out", NewSafe, "--out", PathOf("signed.pem"));
        Assert.DoesNotContain("PRIVATE", await File.ReadAllTextAsync(PathOf("signed.pem"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await installation.Cloud.StopAsync(TimeSpan.FromSeconds(20));
        var tables = Directory.GetFiles(installation.CloudFolder, "*.db");
        foreach (var file in tables)
            File.Copy(file, file + ".before");
        await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        Assert.Equal(("renewing", 1), await RolloverAsync("run", "--signed", PathOf("signed.pem")));
        await installation.Cloud.KillAsync();
        foreach (var file in Directory.GetFiles(installation.CloudFolder, "*.db*").Where(f => !f.EndsWith(".before", StringComparison.Ordinal)))
            File.Delete(file);
        foreach (var file in tables)
            File.Move(file + ".before", file);
        await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        Assert.Equal(("renewing", 1), await RolloverAsync("run")); // It waits, and says for whom.
        Assert.Equal([$"main/{Device}"], (await installation.Client.GetInstallationRolloverAsync()).WaitingDevices);

        // Who knows one of the roots verifies the server and the devices, those from before too.
        Assert.True(await IsTrustedAsync(Safe) && await IsTrustedAsync(NewSafe), "the server is not trusted by both roots");
        await File.WriteAllTextAsync(PathOf("new-chain.pem"), await installation.Client.GetChainAsync(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(PathOf("device.pem"), Certificate(await File.ReadAllTextAsync(Path.Combine(Agent, "identity", "current.pem"), TestContext.Current.CancellationToken)), TestContext.Current.CancellationToken);
        await OpensslAsync("verify", "-CAfile", Path.Combine(Safe, "root.crt.pem"), "-untrusted", PathOf("old-chain.pem"), PathOf("device.pem"));
        await OpensslAsync("verify", "-CAfile", Path.Combine(NewSafe, "root.crt.pem"), "-untrusted", PathOf("new-chain.pem"), PathOf("device.pem"));
        await OpensslAsync("verify", "-CAfile", Path.Combine(Safe, "root.crt.pem"), "-untrusted", Crossed("new-chain.pem"), PathOf("device.pem"));
        await OpensslAsync("verify", "-CAfile", Path.Combine(NewSafe, "root.crt.pem"), "-untrusted", Crossed("old-chain.pem"), PathOf("device.pem"));

        // The agent has only the old root: it comes in, renews, and is given both.
        await agent.KillAsync();
        agent = await StartAgentAsync("agent-2");
        await MoreReadingsAsync("by the old root");
        await RenewAsync(agent, "agent-3");
        await Eventually.IsAsync(() => installation.Client.GetInstallationRolloverAsync(), r => r is { Waiting: 0, Moved: 1 }, "that it was given the new root");
        await Eventually.IsAsync(TrustAsync, text => Certificates(text) == 2, "that it trusts both");

        // Over, and killed: the old root leads nowhere any more, and nothing is left of the intermediate's key.
        Assert.Equal(("none", 1), await RolloverAsync("run"));
        await KillCloudAsync();
        Assert.Equal("none", (await installation.Client.GetInstallationRolloverAsync()).State);
        Assert.True(!await IsTrustedAsync(Safe) && await IsTrustedAsync(NewSafe), "the server is trusted by the old root, or not by the new one");
        Assert.Single(Directory.GetFiles(Path.Combine(installation.CloudFolder, "ca"), "*.key.wrapped", SearchOption.AllDirectories));
        await MoreReadingsAsync("by the new root");
        await RenewAsync(running, "agent-4");
        await Eventually.IsAsync(TrustAsync, text => Certificates(text) == 1 && text.Contains("# retired", StringComparison.Ordinal), "that it trusts the new root alone");
        await MoreReadingsAsync("at the end");
        await running.KillAsync();
    }

    [Fact]
    public async Task The_intermediate_alone_is_replaced_at_once_and_an_end_that_is_forced_says_who_is_left()
    {
        Tool.Require("openssl");
        await StartAsync();
        var agent = await StartAgentAsync("agent-1");
        await Eventually.IsAsync(CountAsync, c => c > 0, "its first readings");

        await RolloverAsync("run", "--request", PathOf("request.pem"));
        await StrataAsync("ca", "sign", PathOf("request.pem"), "--root", Safe, "--out", PathOf("signed.pem"));
        Assert.Equal(("renewing", 0), await RolloverAsync("run", "--signed", PathOf("signed.pem"))); // The root stays: nobody has to be told anything.
        Assert.True(await IsTrustedAsync(Safe), "the server is not trusted");
        await agent.KillAsync();
        agent = await StartAgentAsync("agent-2");
        await MoreReadingsAsync("below the new intermediate");
        Assert.Equal(("none", 1), await RolloverAsync("run"));

        // And once more, with the root: forced.
        await RolloverAsync("run", "--request", PathOf("request.pem"));
        await StrataAsync("ca", "sign", PathOf("request.pem"), "--root", Safe, "--new-root-out", NewSafe, "--out", PathOf("signed.pem"));
        Assert.Equal(("renewing", 1), await RolloverAsync("run", "--signed", PathOf("signed.pem")));
        var ended = await Tool.RunAsync(Installation.Executable, ["ca", "rollover", "run", "--installation", "--end-now", "--data", installation.CloudFolder]);
        Assert.True(ended.ExitCode == 0 && (ended.Output + ended.Error).Contains($"main/{Device}", StringComparison.Ordinal), ended.Output + ended.Error);
        Assert.False(await IsTrustedAsync(Safe), "the server is trusted by the old root");
        await agent.KillAsync();
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private StrataProcess running = null!;

    private string PathOf(string file) => Path.Combine(installation.Folder, file);

    private async Task StartAsync()
    {
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}", "--https", $"127.0.0.1:{FreePort.Draw()}");
        await StrataAsync("ca", "init", "--root-out", Safe);
        await StrataAsync("factory", "batch", "--sku", "T-100", "--batch", "b", "--prefix", "sn-", "--count", "1", "--out", PathOf("batch"));
        await installation.Client.CreateDeviceAsync(new CreateDevice(Device, null, null));
    }

    private async Task<StrataProcess> StartAgentAsync(string name)
    {
        running = installation.Create(name,
        [
            "edge", "--data", Agent, "--birth", PathOf($"batch/{Device}.crt.pem"), "--birth-key", PathOf($"batch/{Device}.key.pem"), "--ca", Path.Combine(Safe, "root.crt.pem"),
            "--to", $"mqtts://{installation.Cloud.Ready["mqtts"]}", "--source", "host", "--interval", "1s", "--health-interval", "1s", "--heartbeat", "1s",
        ]);
        await running.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        return running;
    }

    /// <summary>The agent that is started next finds that two thirds of its certificate's life are over.</summary>
    private async Task RenewAsync(StrataProcess agent, string next)
    {
        await agent.KillAsync();
        File.SetLastWriteTimeUtc(Path.Combine(Agent, "identity", "current.pem"), (TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(61)).UtcDateTime);
        var before = (await installation.Client.ListCertificatesAsync(Device)).Items.Count;
        await StartAgentAsync(next);
        await Eventually.IsAsync(() => installation.Client.ListCertificatesAsync(Device), c => c.Items.Count > before, "its renewal");
    }

    private async Task KillCloudAsync()
    {
        await installation.Cloud.KillAsync();
        await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
    }

    private async Task<long> CountAsync() => (await installation.Client.CountReadingsAsync(Device)).Count;

    private async Task MoreReadingsAsync(string what)
    {
        var before = await CountAsync();
        await Eventually.IsAsync(CountAsync, c => c > before + 2, $"readings {what}");
    }

    private async Task<string> TrustAsync() => await File.ReadAllTextAsync(Path.Combine(Agent, "identity", "trust.pem"), TestContext.Current.CancellationToken);

    private async Task<bool> IsTrustedAsync(string root)
    {
        var run = await Tool.RunAsync("openssl", ["s_client", "-connect", Https, "-CAfile", Path.Combine(root, "root.crt.pem"), "-no-CApath", "-verify_return_error", "-verify_ip", "127.0.0.1"]);
        return run.ExitCode == 0 && (run.Output + run.Error).Contains("Verify return code: 0", StringComparison.Ordinal);
    }

    private async Task<(string State, int Waiting)> RolloverAsync(string verb, params string[] more)
    {
        using var json = JsonDocument.Parse(await StrataAsync(["ca", "rollover", verb, "--installation", "-o", "json", .. more]));
        return (json.RootElement.GetProperty("state").GetString()!, json.RootElement.GetProperty("waiting").GetInt32());
    }

    private async Task<string> StrataAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync(Installation.Executable, arguments is ["ca", "sign", ..] ? arguments : [.. arguments, "--data", installation.CloudFolder]);
        Assert.True(run.ExitCode == 0, run.Error);
        return run.Output;
    }

    private async Task<string> SubjectAsync(string file) => await OpensslAsync("req", "-in", PathOf(file), "-noout", "-subject", "-pubkey");

    private static async Task<string> OpensslAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync("openssl", arguments);
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        return run.Output;
    }

    /// <summary>A chain with what leads from either root to the other, and without roots: openssl takes a root that it is sent for the end of the chain.</summary>
    private string Crossed(string chain)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(PathOf(chain));
        all.ImportFromPemFile(PathOf("signed.pem"));
        File.WriteAllText(PathOf($"crossed-{chain}"), string.Concat(all.Where(c => c.Subject != c.Issuer).Select(c => c.ExportCertificatePem() + "\n")));
        return PathOf($"crossed-{chain}");
    }

    private static string Certificate(string keyAndCertificate) => keyAndCertificate[keyAndCertificate.IndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..];

    private static int Certificates(string pem) => pem.Split("-----BEGIN CERTIFICATE").Length - 1;
}
