using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>A gateway whose parent is reached by TLS: the processes themselves, with an authority of their own.</summary>
public sealed class GatewayTlsTests
{
    [Fact]
    public async Task A_gateway_joins_by_TLS_where_the_certificate_leads_to_its_authority_and_says_what_is_wrong_where_it_does_not()
    {
        await using var installation = new Installation();
        var (right, foreign) = (Directory.CreateDirectory(Path.Combine(installation.Folder, "ca")).FullName, Directory.CreateDirectory(Path.Combine(installation.Folder, "foreign")).FullName);
        using var authority = new TestAuthority(right);
        using var other = new TestAuthority(foreign);
        var (certificate, key) = (Path.Combine(right, "server.pem"), Path.Combine(right, "server.key"));
        authority.IssueServer(certificate, key);
        await installation.StartCloudAsync("--https", $"127.0.0.1:{FreePort.Draw()}", "--cert", certificate, "--key", key);
        await installation.ApplyAsync("apiVersion: strata/v1\nsite: hq\ngateways: [{id: gw-tls, site: hq}, {id: gw-not, site: hq}]\n");
        var parent = $"https://localhost:{installation.Cloud.Ready["https"].Split(':')[^1]}";

        // It goes on asking, for the certificate may be put right, and says why it waits.
        var refused = installation.Create("gw-not", Fog("gw-not", parent, (await installation.Client.CreateJoinTokenAsync(new CreateJoinToken("hq", null, null))).Token, other.CaFile));
        using (var given = new CancellationTokenSource())
        {
            var starting = refused.StartAsync(TimeSpan.FromMinutes(2), given.Token);
            var log = await Eventually.IsAsync(() => ReadAsync(Path.Combine(installation.Folder, "gw-not.log")), text => text.Contains("certificate", StringComparison.Ordinal), "what the gateway says");
            Assert.Contains($"an authority of --ca {other.CaFile}", log, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", log, StringComparison.Ordinal);
            Assert.False(starting.IsCompleted);
            await given.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting);
        }

        var fog = installation.Create("gw-tls", Fog("gw-tls", parent, (await installation.Client.CreateJoinTokenAsync(new CreateJoinToken("hq", null, null))).Token, authority.CaFile));
        await fog.StartAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await Eventually.IsAsync(async () => (await installation.Client.GetGatewayAsync("gw-tls")).State, state => state == "online", "the gateway is online over TLS");
        Assert.Equal("expected", (await installation.Client.GetGatewayAsync("gw-not")).State);

        static async Task<string> ReadAsync(string file) => File.Exists(file) ? await File.ReadAllTextAsync(file) : "";

        string[] Fog(string name, string cloud, string token, string ca) =>
        [
            "fog", "--data", Path.Combine(installation.Folder, name), "--cloud", cloud, "--ca", ca, "--join-token", token, "--site", "hq", "--name", name,
            "--http", $"127.0.0.1:{FreePort.Draw()}", "--mqtt", $"127.0.0.1:{FreePort.Draw()}",
        ];
    }
}
