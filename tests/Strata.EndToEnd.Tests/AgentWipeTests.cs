using System.Diagnostics;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>The agent as a real process, taken out of service by <c>strata devices decommission</c>.</summary>
public sealed class AgentWipeTests : IAsyncDisposable
{
    private const int Wiped = 5;
    private readonly Installation installation = new();
    private readonly List<Process> running = [];

    private string Batch => Path.Combine(installation.Folder, "batch");

    private string Root => Path.Combine(installation.Folder, "root.pem");

    private string Data => Path.Combine(installation.Folder, "agent");

    [Fact]
    public async Task It_proves_that_it_wipes_itself_loses_all_and_does_not_come_back()
    {
        await StartAsync();
        var agent = Run();
        await ReadingsAsync("sn-000001");
        await installation.OkAsync("devices", "decommission", "sn-000001", "--cause", "scrapped", "--wait");
        var ended = await EndAsync(agent);
        Assert.True(ended.ExitCode == Wiped, ended.Error);
        Assert.Contains("has wiped itself (request", ended.Error, StringComparison.Ordinal);
        Assert.Equal(["wiped"], Directory.GetFileSystemEntries(Data).Select(Path.GetFileName));
        Assert.Contains("""\u0022wiped\u0022:true""", await installation.OkAsync("devices", "erasure", "sn-000001"), StringComparison.Ordinal);

        // Started again, by whatever starts it: nothing. By hand, without the mark: it asks by its birth certificate, and is refused.
        Assert.Equal(Wiped, (await EndAsync(Run())).ExitCode);
        File.Delete(Path.Combine(Data, "wiped"));
        agent = Run();
        await Eventually.IsAsync(() => installation.Client.ListRejectionsAsync(), r => r.Items.Any(i => i.Reason.Contains("revoked", StringComparison.Ordinal)), "that its birth certificate is refused");
        Assert.False(File.Exists(Path.Combine(Data, "identity", "current.pem")));
        agent.Kill();
    }

    [Fact]
    public async Task Killed_while_it_wipes_itself_it_finishes_at_the_next_start()
    {
        await StartAsync();
        var agent = Run();
        await ReadingsAsync("sn-000001");
        await KillAtAsync(WatcherChangeTypes.Renamed, "wiping", () => agent, () => installation.OkAsync("devices", "decommission", "sn-000001", "--wipe-within", "00:05:00"));
        Assert.True(File.Exists(Path.Combine(Data, "wiping")) && Directory.Exists(Path.Combine(Data, "identity")));
        // It may have got so far before the kill.
        if (File.Exists(Path.Combine(Data, "status.json")))
            await KillAtAsync(WatcherChangeTypes.Deleted, "status.json", Run);
        var ended = await EndAsync(Run());
        Assert.True(ended.ExitCode == Wiped, ended.Error);
        Assert.Contains("the cloud was told", ended.Error, StringComparison.Ordinal);
        Assert.Equal(["wiped"], Directory.GetFileSystemEntries(Data).Select(Path.GetFileName));
        Assert.Contains("wiped", (await Eventually.IsAsync(() => installation.Client.GetDecommissionAsync("sn-000001"), d => d.State == "done", "the end of it")).WipeProof, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in running)
        {
            process.Kill();
            process.Dispose();
        }
        await installation.DisposeAsync();
    }

    private async Task StartAsync()
    {
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}");
        await File.WriteAllTextAsync(Root, (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
        await installation.OkAsync("factory", "batch", "--sku", "T-100", "--batch", "b", "--prefix", "sn-", "--count", "1", "--out", Batch);
        await installation.Client.CreateDeviceAsync(new CreateDevice("sn-000001", null, null));
    }

    private Process Run()
    {
        var process = Tool.Start(Installation.Executable,
        [
            "edge", "--data", Data, "--birth", Path.Combine(Batch, "sn-000001.crt.pem"), "--birth-key", Path.Combine(Batch, "sn-000001.key.pem"), "--ca", Root,
            "--to", $"mqtts://{installation.Cloud.Ready["mqtts"]}", "--source", "host", "--interval", "1s", "--health-interval", "1s", "--heartbeat", "1s", "--until-stdin-closes",
        ]);
        running.Add(process);
        return process;
    }

    /// <summary>Kills an agent in the moment in which something becomes of a file in its folder.</summary>
    private async Task KillAtAsync(WatcherChangeTypes what, string file, Func<Process> start, Func<Task>? then = null)
    {
        using var watcher = new FileSystemWatcher(Data);
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Process? agent = null;
        void Look(object sender, FileSystemEventArgs change)
        {
            if (change.ChangeType != what || change.Name != file)
                return;
            Volatile.Read(ref agent)?.Kill();
            seen.TrySetResult();
        }
        watcher.Renamed += Look;
        watcher.Deleted += Look;
        watcher.EnableRaisingEvents = true;
        Volatile.Write(ref agent, start());
        if (then is not null)
            await then();
        await Deadline.For(seen.Task, file);
        agent.Kill();
        await Deadline.For(agent.WaitForExitAsync(), "the agent is gone");
    }

    private static async Task<Tool.Outcome> EndAsync(Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await process.WaitForExitAsync(limit.Token);
        return new Tool.Outcome(process.ExitCode, await output, await error);
    }

    private async Task ReadingsAsync(string device) => await Eventually.IsAsync(() => installation.Client.CountReadingsAsync(device), c => c.Count > 0, $"readings of {device}");
}
