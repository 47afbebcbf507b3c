using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>Devices of another maker with keys of other kinds than ours, Ed25519 and RSA, by openssl, mosquitto and curl.</summary>
public sealed class ForeignKeyTests : IAsyncDisposable
{
    private readonly Installation installation = new();

    private string Folder => Directory.CreateDirectory(Path.Combine(installation.Folder, "maker")).FullName;

    [Theory]
    [InlineData("ed25519", "ed25519")]
    [InlineData("ec", "ed25519")]
    [InlineData("rsa", "rsa")]
    public async Task Devices_of_another_maker_come_in_by_themselves_with_keys_of_his_kind(string authorityKey, string deviceKey)
    {
        foreach (var tool in new[] { "openssl", "curl", "mosquitto_pub" })
            Tool.Require(tool);
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}", "--https", $"127.0.0.1:{FreePort.Draw()}");
        await File.WriteAllTextAsync(PathOf("root.pem"), (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(PathOf("templates.yaml"), """
            apiVersion: strata/v1
            templates:
              - name: maker
                match: { serial: { from: m-001, to: m-100 } }
                assign: { name: "{serial}", model: M-1 }
            """, TestContext.Current.CancellationToken);
        await installation.OkAsync("templates", "apply", PathOf("templates.yaml"));
        await OpensslAsync(["req", "-x509", .. NewKey(authorityKey), "-keyout", PathOf("maker.key"), "-out", PathOf("maker.crt"), "-subj", "/CN=Maker", "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]);
        var registered = JsonDocument.Parse(await installation.OkAsync("ca", "register", PathOf("maker.crt"), "-o", "json")).RootElement;
        await LeafAsync("proof", registered.GetProperty("challenge").GetString()!, authorityKey);
        await installation.OkAsync("ca", "prove", registered.GetProperty("id").GetString()!, PathOf("proof.crt"));

        // Nobody has registered it: in its first connection it is taken in, by MQTT or by HTTP.
        await LeafAsync("one", "m-001", deviceKey);
        await LeafAsync("two", "m-002", deviceKey);
        Assert.Equal(0, await PublishAsync("one", "m-001"));
        Assert.Equal("204", await PostAsync("two", "m-002"));
        foreach (var device in new[] { "m-001", "m-002" })
            await Eventually.IsAsync(() => installation.Client.CountReadingsAsync(device), c => c.Count == 1, $"the reading of {device}");
        Assert.Equal(64, (await installation.Client.ListCertificatesAsync("m-001")).Items.Single().KeyHash.Length);

        // Another's key, and revoked.
        await OpensslAsync(["genpkey", "-out", PathOf("maker.key"), .. authorityKey switch
        {
            "ec" => ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            "rsa" => ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            _ => new[] { "-algorithm", "ed25519" },
        }]);
        await OpensslAsync("req", "-x509", "-key", PathOf("maker.key"), "-out", PathOf("maker.crt"), "-subj", "/CN=Maker", "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign");
        await LeafAsync("forged", "m-001", deviceKey);
        Assert.NotEqual(0, await PublishAsync("forged", "m-001"));
        await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(Device: "m-001", Reason: "key-compromise"));
        Assert.NotEqual(0, await PublishAsync("one", "m-001"));
        Assert.Equal(1, (await installation.Client.CountReadingsAsync("m-001")).Count);

        // A certificate of ours for such a key: RSA has one, Ed25519 is told why not.
        var (status, said) = await EnrolAsync("two", "m-002", deviceKey);
        if (deviceKey == "ed25519")
            Assert.True(status == "400" && said.Contains("Ed25519", StringComparison.Ordinal) && said.Contains("ECDSA P-256", StringComparison.Ordinal), $"{status} {said}");
        else
            Assert.True(status == "200", $"{status} {said}");
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private string PathOf(string file) => Path.Combine(Folder, file);

    private static string[] NewKey(string kind) => kind switch
    {
        "ec" => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        "rsa" => ["-newkey", "rsa:2048", "-nodes"],
        _ => ["-newkey", kind, "-nodes"],
    };

    private async Task LeafAsync(string name, string subject, string kind)
    {
        await OpensslAsync(["req", "-new", .. NewKey(kind), "-keyout", PathOf($"{name}.key"), "-out", PathOf($"{name}.csr"), "-subj", $"/CN={subject}"]);
        await OpensslAsync("x509", "-req", "-in", PathOf($"{name}.csr"), "-CA", PathOf("maker.crt"), "-CAkey", PathOf("maker.key"), "-CAcreateserial", "-days", "10", "-out", PathOf($"{name}.crt"));
    }

    private async Task<int> PublishAsync(string identity, string device) => (await Tool.RunAsync("mosquitto_pub",
    [
        "-h", "127.0.0.1", "-p", installation.Cloud.Ready["mqtts"].Split(':')[1], "--cafile", PathOf("root.pem"), "--cert", PathOf($"{identity}.crt"), "--key", PathOf($"{identity}.key"), "-V", "5", "-q", "1",
        "-t", $"devices/{device}/telemetry", "-m", """{"n":1}""",
    ])).ExitCode;

    private async Task<string> PostAsync(string identity, string device) => (await Tool.RunAsync("curl",
    [
        "-s", "-o", "/dev/null", "-w", "%{http_code}", .. Shown(identity), "-H", "Content-Type: application/json", "-d", """{"n":1}""", $"https://{installation.Cloud.Ready["https"]}/api/v1/devices/{device}/telemetry",
    ])).Output;

    private async Task<(string Status, string Said)> EnrolAsync(string identity, string device, string kind)
    {
        await OpensslAsync(["req", "-new", .. NewKey(kind), "-keyout", PathOf("own.key"), "-out", PathOf("own.csr"), "-subj", $"/CN={device}"]);
        var run = await Tool.RunAsync("curl",
        [
            "-s", "-w", "\n%{http_code}", .. Shown(identity), "-H", "Content-Type: application/pkcs10", "--data-binary", $"@{PathOf("own.csr")}", $"https://{installation.Cloud.Ready["https"]}/.well-known/est/simplereenroll",
        ]);
        var lines = run.Output.Split('\n');
        return (lines[^1], string.Concat(lines[..^1]));
    }

    private string[] Shown(string identity) => ["--cacert", PathOf("root.pem"), "--cert", PathOf($"{identity}.crt"), "--key", PathOf($"{identity}.key")];

    private static async Task OpensslAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync("openssl", arguments);
        Assert.True(run.ExitCode == 0, $"openssl {string.Join(' ', arguments)}: {run.Output}{run.Error}");
    }
}
