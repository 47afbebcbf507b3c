using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>Births from the factory line and authorities of others, by clients that are not ours: openssl, mosquitto.</summary>
public sealed class FactoryTests : IAsyncDisposable
{
    private readonly Installation installation = new();

    private string Folder => Directory.CreateDirectory(Path.Combine(installation.Folder, "factory")).FullName;

    private string Mqtts => installation.Cloud.Ready["mqtts"];

    [Fact]
    public async Task A_device_of_a_batch_asks_for_its_identity_over_MQTT_renews_it_and_is_shut_out_with_its_batch()
    {
        await StartAsync();
        var batch = Path.Combine(installation.Folder, "batch");
        var made = await installation.OkAsync("factory", "batch", "--sku", "T-100", "--batch", "line-1", "--prefix", "sn-", "--count", "70", "--out", batch);
        Assert.Contains("70 devices", made, StringComparison.Ordinal);
        Assert.Equal(71, (await File.ReadAllLinesAsync(Path.Combine(batch, "manifest.csv"), TestContext.Current.CancellationToken)).Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(batch, "sn-000001.key.pem")));
        Assert.True(File.Exists(Path.Combine(batch, "labels.svg")) && File.Exists(Path.Combine(batch, "labels-2.svg")));
        await OpensslAsync("verify", "-CAfile", PathOf("root.pem"), "-untrusted", Path.Combine(batch, "chain.pem"), "-purpose", "sslclient", Path.Combine(batch, "sn-000001.crt.pem"));
        var again = await Tool.RunAsync(Installation.Executable, ["factory", "batch", "--sku", "T-100", "--count", "1", "--out", batch, "--data", installation.CloudFolder]);
        Assert.Contains("is not empty", again.Error, StringComparison.Ordinal);

        // Its birth certificate does nothing but ask, and its request names itself.
        await installation.Client.CreateDeviceAsync(new CreateDevice("sn-000001", null, null));
        File.Copy(Path.Combine(batch, "sn-000001.key.pem"), PathOf("birth.key"));
        File.Copy(Path.Combine(batch, "sn-000001.crt.pem"), PathOf("birth.crt"));
        await RequestAsync("sn-000002", "other");
        var refused = await AskAsync("birth", "claim", "other", "rejected");
        Assert.Contains("common name is 'sn-000002'", refused.GetProperty("error").GetString(), StringComparison.Ordinal);
        await RequestAsync("sn-000001", "own");
        var accepted = await AskAsync("birth", "claim", "own");
        Assert.Equal("sn-000001", accepted.GetProperty("deviceId").GetString());
        await File.WriteAllTextAsync(PathOf("own.crt"), accepted.GetProperty("certificate").GetString(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(PathOf("chain.pem"), accepted.GetProperty("chain").GetString(), TestContext.Current.CancellationToken);
        await OpensslAsync("verify", "-CAfile", PathOf("root.pem"), "-untrusted", PathOf("chain.pem"), PathOf("own.crt"));
        await PublishAsync("birth", "sn-000001", "1");
        Assert.Equal(0, (await installation.Client.CountReadingsAsync("sn-000001")).Count);
        Assert.Equal(0, await PublishAsync("own", "sn-000001", "2"));

        await RequestAsync("sn-000001", "next");
        var renewed = await AskAsync("own", "renew", "next");
        await File.WriteAllTextAsync(PathOf("next.crt"), renewed.GetProperty("certificate").GetString(), TestContext.Current.CancellationToken);
        Assert.Equal(0, await PublishAsync("next", "sn-000001", "3"));

        // A device of the batch that nobody has registered is not let in without a rule.
        await RequestAsync("sn-000003", "third");
        File.Copy(Path.Combine(batch, "sn-000003.key.pem"), PathOf("b3.key"));
        File.Copy(Path.Combine(batch, "sn-000003.crt.pem"), PathOf("b3.crt"));
        Assert.True((await AskAsync("b3", "claim", "third", "rejected")).TryGetProperty("error", out _));

        // The batch is revoked: no birth certificate of it enrols; what was enrolled before is its own.
        await installation.OkAsync("certificates", "revoke", "--batch", "line-1", "--reason", "key-compromise");
        Assert.NotEqual(0, (await SubscribeOnceAsync("birth", "provision/claim/+")).ExitCode);
        Assert.Equal(0, await PublishAsync("next", "sn-000001", "4"));

        // Out of service, and its name given to another: the one before is not taken for it.
        await installation.Client.DeleteDeviceAsync("sn-000001");
        await installation.Client.CreateDeviceAsync(new CreateDevice("sn-000001", null, null));
        await Eventually.IsAsync(() => installation.Client.ListCertificatesAsync("sn-000001", "good"), c => c.Items.Count == 0, "that none of its certificates is good");
        Assert.NotEqual(0, await PublishAsync("next", "sn-000001", "5"));
        await RequestAsync("sn-000001", "another");
        await installation.OkAsync("certificates", "issue", "sn-000001", "--csr", PathOf("another.csr"), "--out", PathOf("another.crt"));

        // Where the tenant's policy refuses secrets, the certificate alone lets in.
        var secret = (await installation.Client.CreateDeviceAsync(new CreateDevice("d-2", null, null))).Secret;
        Assert.Equal(0, await PublishBySecretAsync("d-2", secret));
        await installation.OkAsync("certificates", "policy", "--secrets", "refused");
        Assert.NotEqual(0, await PublishBySecretAsync("d-2", secret));
        Assert.Equal(0, await PublishAsync("another", "sn-000001", "6"));
    }

    [Fact]
    public async Task A_foreign_authority_is_trusted_when_it_has_proved_its_key_and_never_for_another_s_devices()
    {
        await StartAsync();
        await AuthorityAsync("maker", "Maker CA");
        var registered = await installation.OkAsync("ca", "register", PathOf("maker.crt"), "-o", "json");
        var (id, challenge) = (Field(registered, "id"), Field(registered, "challenge"));

        // Not with somebody else's key, and not with another name.
        await AuthorityAsync("forger", "Maker CA");
        await LeafAsync("forger", challenge, "forged");
        Assert.Contains("not signed with the authority's key", await FailAsync("ca", "prove", id, PathOf("forged.crt")), StringComparison.Ordinal);
        await LeafAsync("maker", "something else", "named");
        Assert.Contains("not the challenge", await FailAsync("ca", "prove", id, PathOf("named.crt")), StringComparison.Ordinal);
        await LeafAsync("maker", "m-1", "m-1");
        Assert.NotEqual(0, (await SubscribeOnceAsync("m-1", "devices/m-1/x")).ExitCode);
        await LeafAsync("maker", challenge, "proof");
        Assert.Contains("trusted", await installation.OkAsync("ca", "prove", id, PathOf("proof.crt")), StringComparison.Ordinal);

        // Trusted, but nobody is registered because of it without a rule; and a certificate cannot say whose it is.
        await installation.Client.CreateDeviceAsync(new CreateDevice("m-1", null, null));
        Assert.NotEqual(0, (await SubscribeOnceAsync("m-1", "devices/m-1/x")).ExitCode);
        await Eventually.IsAsync(() => installation.Client.ListRejectionsAsync(), r => r.Items.Any(i => i.Reason.Contains("There is no template", StringComparison.Ordinal)), "why it was refused");
        await installation.Client.CreateTenantAsync(new CreateTenant("rival"));
        Assert.Contains("another tenant's", await FailAsync("ca", "prove", Field(await RivalRegistersAsync(), "id"), await RivalProofAsync(), "--tenant", "rival"), StringComparison.Ordinal);

        await installation.OkAsync("certificates", "revoke", "--issuer", id, "--reason", "ca-compromise");
        Assert.Contains("revoked (ca-compromise)", await installation.OkAsync("ca", "list", "--kind", "foreign"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_claim_certificate_gets_one_of_its_own_and_can_do_nothing_else()
    {
        await StartAsync();
        await File.WriteAllTextAsync(PathOf("templates.yaml"), """
            apiVersion: strata/v1
            templates:
              - name: line-2
                match: { serial: { from: c-001, to: c-100 } }
                assign: { name: "hall-{serial}", model: C-1 }
            """, TestContext.Current.CancellationToken);
        await installation.OkAsync("templates", "apply", PathOf("templates.yaml"));
        await installation.Client.CreateDeviceAsync(new CreateDevice("hall-c-002", null, null));
        await RequestAsync("line-2", "claim");
        await installation.OkAsync("certificates", "claim", "line-2", "--csr", PathOf("claim.csr"), "--out", PathOf("claim.crt"));

        // Nothing but asking: what it publishes is refused, what it subscribes to is denied.
        await PublishAsync("claim", "hall-c-002", "1");
        Assert.Equal(0, (await installation.Client.CountReadingsAsync("hall-c-002")).Count);
        Assert.Contains("denied", (await SubscribeOnceAsync("claim", "devices/#")).Error, StringComparison.Ordinal);
        Assert.Contains("denied", (await SubscribeOnceAsync("claim", "fleet/#")).Error, StringComparison.Ordinal);

        await RequestAsync("c-001", "own");
        var accepted = await AskAsync("claim", "claim", "own");
        Assert.Equal("hall-c-001", accepted.GetProperty("deviceId").GetString());
        await File.WriteAllTextAsync(PathOf("own.crt"), accepted.GetProperty("certificate").GetString(), TestContext.Current.CancellationToken);
        Assert.Equal(0, await PublishAsync("own", "hall-c-001", "2"));
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("hall-c-001"), c => c.Count == 1, "the reading of the device that claimed its own");

        // No template for it, and a device that is there already and was heard is not taken over by whoever has the shared key.
        await RequestAsync("x-9", "stranger");
        Assert.True((await AskAsync("claim", "claim", "stranger", "rejected")).TryGetProperty("error", out _));
        await Eventually.IsAsync(() => installation.Client.GetDeviceAsync("hall-c-001"), d => d.State == "active", "that the device was heard");
        await RequestAsync("c-001", "thief");
        Assert.True((await AskAsync("claim", "claim", "thief", "rejected")).TryGetProperty("error", out _));
        await installation.OkAsync("certificates", "revoke", "--device", "line-2", "--reason", "key-compromise");
        Assert.NotEqual(0, (await SubscribeOnceAsync("claim", "provision/claim/+")).ExitCode);
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private string rivalChallenge = "";

    private async Task<string> RivalRegistersAsync()
    {
        var registered = await installation.OkAsync("ca", "register", PathOf("maker.crt"), "-o", "json", "--tenant", "rival");
        rivalChallenge = Field(registered, "challenge");
        return registered;
    }

    private async Task<string> RivalProofAsync()
    {
        await LeafAsync("maker", rivalChallenge, "rival");
        return PathOf("rival.crt");
    }

    private async Task StartAsync()
    {
        foreach (var tool in new[] { "openssl", "mosquitto_pub", "mosquitto_sub" })
            Tool.Require(tool);
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}", "--https", $"127.0.0.1:{FreePort.Draw()}");
        await File.WriteAllTextAsync(PathOf("root.pem"), (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
    }

    private string PathOf(string file) => Path.Combine(Folder, file);

    private static string Field(string json, string name) => JsonDocument.Parse(json).RootElement.GetProperty(name).GetString()!;

    private Task AuthorityAsync(string name, string subject) => OpensslAsync(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf($"{name}.key"), "-out", PathOf($"{name}.crt"), "-subj", $"/CN={subject}", "-days", "30",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign");

    private async Task LeafAsync(string authority, string subject, string name)
    {
        await OpensslAsync("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf($"{name}.key"), "-out", PathOf($"{name}.csr"), "-subj", $"/CN={subject}");
        await OpensslAsync("x509", "-req", "-in", PathOf($"{name}.csr"), "-CA", PathOf($"{authority}.crt"), "-CAkey", PathOf($"{authority}.key"), "-CAcreateserial", "-days", "10", "-out", PathOf($"{name}.crt"));
    }

    private Task RequestAsync(string subject, string name) => OpensslAsync(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf($"{name}.key"), "-out", PathOf($"{name}.csr"), "-subj", $"/CN={subject}");

    private static async Task OpensslAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync("openssl", arguments);
        Assert.True(run.ExitCode == 0, $"openssl {string.Join(' ', arguments)}: {run.Output}{run.Error}");
    }

    /// <summary>Publishes a request and reads the answer, by mosquitto's own request and response client.</summary>
    private async Task<JsonElement> AskAsync(string identity, string what, string request, string answer = "accepted")
    {
        var payload = JsonSerializer.Serialize(new { csr = await File.ReadAllTextAsync(PathOf($"{request}.csr"), TestContext.Current.CancellationToken) });
        var run = await Tool.RunAsync("mosquitto_rr", [.. Connection(identity), "-q", "1", "-t", $"provision/{what}", "-e", $"provision/{what}/{answer}", "-m", payload, "-W", "20"]);
        Assert.True(run.ExitCode == 0, $"provision/{what}: {run.Output}{run.Error}");
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private async Task<int> PublishAsync(string identity, string device, string value) => (await Tool.RunAsync("mosquitto_pub",
        [.. Connection(identity), "-q", "1", "-t", $"devices/{device}/telemetry", "-m", $$"""{"n":{{value}}}"""])).ExitCode;

    private async Task<int> PublishBySecretAsync(string device, string secret) => (await Tool.RunAsync("mosquitto_pub",
        ["-h", "127.0.0.1", "-p", Mqtts.Split(':')[1], "--cafile", PathOf("root.pem"), "-u", device, "-P", secret, "-q", "1", "-V", "5", "-t", $"devices/{device}/telemetry", "-m", """{"n":1}"""])).ExitCode;

    private async Task<Tool.Outcome> SubscribeOnceAsync(string identity, string filter) => await Tool.RunAsync("mosquitto_sub", [.. Connection(identity), "-t", filter, "-E"]);

    private string[] Connection(string identity) =>
        ["-h", "127.0.0.1", "-p", Mqtts.Split(':')[1], "--cafile", PathOf("root.pem"), "--cert", PathOf($"{identity}.crt"), "--key", PathOf($"{identity}.key"), "-V", "5"];

    private async Task<string> FailAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync(Installation.Executable, [.. arguments, "--data", installation.CloudFolder]);
        Assert.NotEqual(0, run.ExitCode);
        return run.Error;
    }
}
