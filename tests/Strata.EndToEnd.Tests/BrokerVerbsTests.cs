using System.Text.Json;

namespace Strata.EndToEnd.Tests;

/// <summary>The verbs that look into a broker look into the engine of a cloud node and of a gateway as well.</summary>
public sealed class BrokerVerbsTests
{
    [Fact]
    public async Task They_find_a_node_by_its_folder_or_its_address_and_token()
    {
        await using var installation = new Installation();
        await installation.StartCloudAsync();
        await installation.ApplyAsync("apiVersion: strata/v1\nsite: hq\ngateways: [ { id: gw, site: hq } ]\n");
        await installation.StartFogAsync("gw", "hq");
        var gateway = Path.Combine(installation.Folder, "gw");
        foreach (var folder in new[] { installation.CloudFolder, gateway })
        {
            var top = await RunAsync("top", "--once", "--data", folder);
            Assert.Equal(0, top.ExitCode);
            Assert.Contains("0 connected of 0 sessions", top.Output, StringComparison.Ordinal);
        }

        var token = Path.Combine(installation.CloudFolder, "admin.token");
        Assert.Equal(0, (await RunAsync("bans", "add", "client", "meter-7", "--for", "1h", "--data", installation.CloudFolder)).ExitCode);
        var bans = await RunAsync("bans", "list", "--json", "--url", installation.CloudHttp, "--token-file", token);
        var ban = JsonDocument.Parse(bans.Output).RootElement.EnumerateArray().Single();
        Assert.Equal(("client", "meter-7", "main"), (ban.GetProperty("kind").GetString(), ban.GetProperty("value").GetString(), ban.GetProperty("namespace").GetString()));
        Assert.Equal("no bans", (await RunAsync("bans", "list", "--data", gateway)).Output.Trim());
        Assert.Equal(0, (await RunAsync("bans", "remove", "client", "meter-7", "--data", installation.CloudFolder)).ExitCode);
        var gone = await RunAsync("bans", "remove", "client", "meter-7", "--data", installation.CloudFolder);
        Assert.Equal((1, true), (gone.ExitCode, gone.Error.Contains("there is no ban of client 'meter-7'", StringComparison.Ordinal)));
        foreach (var verb in new[] { "clients", "subscriptions", "retained" })
            Assert.Equal(0, (await RunAsync(verb, "--data", gateway)).ExitCode);
        Assert.Equal(0, (await RunAsync("trace", "meter-7", "--seconds", "1", "--data", installation.CloudFolder)).ExitCode);
        Assert.Equal(4, (await RunAsync("clients", "--url", installation.CloudHttp)).ExitCode);
        Assert.Equal(2, (await RunAsync("bans", "add", "address", "127.0.0.1", "--data", installation.CloudFolder)).ExitCode);
        Assert.Equal(2, (await RunAsync("bans", "add", "client", "x", "--for", "soon", "--data", installation.CloudFolder)).ExitCode);
    }

    private static Task<Tool.Outcome> RunAsync(params string[] arguments) =>
        Tool.RunAsync(Installation.Executable, ["broker", .. arguments], environment: new Dictionary<string, string> { ["STRATA_TOKEN"] = "" });
}
