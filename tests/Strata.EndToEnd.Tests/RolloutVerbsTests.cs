using System.Text.Json;
using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary><c>strata rollout</c> by the real program, from the rehearsal to the end, and what scripts read of it.</summary>
public sealed class RolloutVerbsTests : IAsyncDisposable
{
    private readonly Installation installation = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rollout_is_rehearsed_drafted_approved_by_another_paused_aborted_and_deleted()
    {
        await installation.StartCloudAsync();
        await installation.ApplyAsync("""
            apiVersion: strata/v1
            site: hq
            devices: [ { id: a, site: hq }, { id: b, site: hq }, { id: c, site: hq }, { id: d, site: hq } ]
            """);
        await installation.Client.PutConfigurationLayerAsync("site/hq", """{"interval":300}""", cancellationToken: Cancel);
        foreach (var id in (string[])["a", "b", "c", "d"])
            await installation.Client.UpdateShadowAsync(id, """{"state":{"desired":{"x":1}}}""", cancellationToken: Cancel);
        var file = await WriteAsync("faster.json", """{"interval":60}""");
        string[] what = ["--layer", "site/hq", "--content", file, "--rings", "50%:1h,100%:0s"];

        Assert.Contains("concerns 0 devices: there are none of site/hq/flor-1 yet", await installation.OkAsync("config", "set", "site/hq/flor-1", file), StringComparison.Ordinal);
        await installation.RefusedAsync("--confirm-within is a duration", ["rollout", "plan", .. what, "--confirm-within", "soon"]);
        await installation.RefusedAsync("10 s", ["rollout", "plan", .. what, "--confirm-within", "5s"]);
        using (var plan = await installation.JsonAsync(["rollout", "plan", .. what, "--confirm-within", "90s"]))
            Assert.Equal([2, 2], plan.RootElement.GetProperty("rings").EnumerateArray().Select(r => r.GetProperty("targets").GetInt32()));
        Assert.Contains("a bad build has hit 2", await installation.OkAsync(["rollout", "plan", .. what]), StringComparison.Ordinal);

        // Nothing is left of a start that is refused.
        await installation.RefusedAsync("has no devices", "rollout", "start", "--layer", "device/nope", "--content", file);
        Assert.Empty((await installation.Client.ListRolloutsAsync(cancellationToken: Cancel)).Items);

        var id1 = await IdOfAsync("drafted", ["rollout", "draft", .. what]);
        await IdOfAsync("waitingForApproval", "rollout", "start", id1);
        await installation.RefusedAsync("somebody else approves it", "rollout", "approve", id1);
        var bob = await installation.Client.CreateTokenAsync(new CreateToken([new GrantInfo("tenant-admin")], "bob"), Cancel);
        var token = await WriteAsync("bob.token", bob.Token);
        File.SetUnixFileMode(token, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var approved = await Tool.RunAsync(Installation.Executable, ["rollout", "approve", id1, "--url", installation.CloudHttp, "--token-file", token]);
        Assert.True(approved.ExitCode == 0, approved.Error);
        Assert.Contains("approved by bob", approved.Output, StringComparison.Ordinal);

        await IdOfAsync("paused", "rollout", "pause", id1, "--why", "heat wave");
        Assert.Contains("heat wave", await installation.OkAsync("rollout", "show", id1), StringComparison.Ordinal);
        await IdOfAsync("running", "rollout", "resume", id1);
        using (var devices = await installation.JsonAsync("rollout", "devices", id1))
            Assert.Equal(["a", "b", "c", "d"], devices.RootElement.EnumerateArray().Select(d => d.GetProperty("device").GetString()).Order());
        using (var listed = await installation.JsonAsync("rollout", "list", "--state", "running"))
            Assert.Equal(id1, Assert.Single(listed.RootElement.EnumerateArray()).GetProperty("id").GetString());
        await IdOfAsync("aborted", "rollout", "abort", id1, "--why", "wrong value");
        await installation.RefusedAsync("aborted", "rollout", "pause", id1);
        using (var back = await installation.JsonAsync("rollout", "rollback", id1, "--dry-run"))
            Assert.Empty(back.RootElement.GetProperty("stranded").EnumerateArray());
        await installation.OkAsync("rollout", "delete", id1);
        await installation.RefusedAsync(id1, "rollout", "show", id1);
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    /// <summary>Its id, when it is in a state; what scripts rely on is there.</summary>
    private async Task<string> IdOfAsync(string state, params string[] arguments)
    {
        using var rollout = await installation.JsonAsync(arguments);
        Assert.Equal(state, rollout.RootElement.GetProperty("state").GetString());
        Assert.All(rollout.RootElement.GetProperty("rings").EnumerateArray(), ring =>
            Assert.All((string[])["share", "targets", "updated", "failed"], name => Assert.Equal(JsonValueKind.Number, ring.GetProperty(name).ValueKind)));
        return rollout.RootElement.GetProperty("id").GetString()!;
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(installation.Folder, name);
        await File.WriteAllTextAsync(path, text, Cancel);
        return path;
    }
}
