using System.Security.Cryptography.X509Certificates;
using MQTTnet;
using MQTTnet.Formatter;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>Devices with certificates, by clients that are not ours: openssl, curl, mosquitto.</summary>
public sealed class CertificateTests : IAsyncDisposable
{
    private readonly Installation installation = new();

    private string Folder => Directory.CreateDirectory(Path.Combine(installation.Folder, "device")).FullName;

    private string Mqtts => installation.Cloud.Ready["mqtts"];

    private string Https => $"https://{installation.Cloud.Ready["https"]}";

    [Fact]
    public async Task A_device_enrols_by_EST_and_publishes_by_its_certificate_until_it_is_revoked()
    {
        RequireTools();
        var secret = await StartAsync("d-1");
        await File.WriteAllTextAsync(PathOf("root.pem"), (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
        await KeyAndRequestAsync("d-1");

        // cacerts: the root that was handed out is the one that EST says.
        await CurlAsync("-o", PathOf("cacerts.p7"), $"{Https}/.well-known/est/cacerts");
        await DecodeAsync("cacerts.p7", "cacerts.pem");
        Assert.Contains("Strata root", await File.ReadAllTextAsync(PathOf("cacerts.pem"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        // Nobody enrols without proof, with another's secret, or for another.
        Assert.Equal("401", await EnrolAsync("simpleenroll", "d-1"));
        Assert.Equal("401", await EnrolAsync("simpleenroll", "d-1", "-u", "d-1:wrong"));
        await KeyAndRequestAsync("d-2", "other.csr");
        Assert.Equal("403", await EnrolAsync("simpleenroll", "other", "-u", $"d-1:{secret}"));
        Assert.Equal("401", await EnrolAsync("main-corp/simpleenroll", "d-1", "-u", $"d-1:{secret}"));
        Assert.Equal("200", await EnrolAsync("main/simpleenroll", "d-1", "-u", $"d-1:{secret}"));
        await DecodeAsync("d-1.p7", "d-1.crt");
        await File.WriteAllTextAsync(PathOf("chain.pem"), await installation.Client.GetChainAsync(), TestContext.Current.CancellationToken);
        await OpensslAsync("verify", "-CAfile", PathOf("root.pem"), "-untrusted", PathOf("chain.pem"), "-purpose", "sslclient", PathOf("d-1.crt"));

        Assert.Equal(0, await PublishAsync("d-1", "1"));
        Assert.NotEqual(0, await PublishAsync("d-1", "2", "-u", "d-2", "-P", "x")); // Its certificate, another's name.
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("d-1"), c => c.Count == 1, "the reading of the certified device");

        // Renewal with the certificate before: both are good, for the device must never have none.
        Assert.Equal("200", await EnrolAsync("simplereenroll", "d-1", "--cert", PathOf("d-1.crt"), "--key", PathOf("d-1.key")));
        await DecodeAsync("d-1.p7", "next.crt");
        var listed = (await installation.Client.ListCertificatesAsync("d-1")).Items;
        Assert.Equal(["good", "good"], listed.Select(c => c.Standing));
        Assert.Equal(0, await PublishAsync("next", "3"));

        await StatusIsAsync("d-1.crt", "good");
        using var listener = new MqttClientFactory().CreateMqttClient();
        var ended = await ListenAsync(listener, "d-1");
        var serial = await SerialAsync("d-1.crt");
        await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(serial, null, "key-compromise"));
        Assert.Equal(MqttClientDisconnectReason.NotAuthorized, await ended.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)); // What was opened with it has ended.
        Assert.NotEqual(0, await PublishAsync("d-1", "4"));
        Assert.Equal(0, await PublishAsync("next", "5")); // The other one is good.
        await StatusIsAsync("d-1.crt", "revoked");
        await StatusIsAsync("next.crt", "good");
        await RevokedInListAsync(serial);
        await Eventually.IsAsync(() => installation.Client.ListRejectionsAsync(), r => r.Items.Any(i => i.Reason.Contains("the certificate is revoked", StringComparison.Ordinal)), "why it was refused");

        // The same over HTTPS; and from hold a certificate comes back.
        Assert.Equal(("401", "204"), (await PostAsync("d-1"), await PostAsync("next")));
        var next = await SerialAsync("next.crt");
        await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(next, null, "hold"));
        Assert.Equal("401", await PostAsync("next"));
        await installation.Client.ReinstateCertificateAsync(next);
        Assert.Equal("204", await PostAsync("next"));
        await Assert.ThrowsAsync<StrataApiException>(() => installation.Client.ReinstateCertificateAsync(serial));

        // Over a restart the same holds.
        await installation.Cloud.StopAsync(TimeSpan.FromSeconds(10));
        await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        Assert.NotEqual(0, await PublishAsync("d-1", "6"));
        Assert.Equal(0, await PublishAsync("next", "7"));
    }

    [Fact]
    public async Task A_birth_certificate_may_only_enrol_and_strangers_certificates_nothing()
    {
        RequireTools();
        await StartAsync("d-1");
        await File.WriteAllTextAsync(PathOf("root.pem"), (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
        await KeyAndRequestAsync("d-1");
        var issued = await installation.OkAsync("certificates", "issue", "d-1", "--csr", PathOf("d-1.csr"), "--birth", "--out", PathOf("d-1.crt"));
        Assert.Contains("birth", issued, StringComparison.Ordinal);
        await PublishAsync("d-1", "1"); // Refused: there is one reading in the end.
        await Eventually.IsAsync(() => installation.Client.ListRejectionsAsync(), r => r.Items.Any(i => i.Reason.Contains("may only enrol", StringComparison.Ordinal)), "that it may only enrol");
        Assert.Equal("401", await EnrolAsync("simplereenroll", "d-1", "--cert", PathOf("d-1.crt"), "--key", PathOf("d-1.key")));
        Assert.Equal("200", await EnrolAsync("simpleenroll", "d-1", "--cert", PathOf("d-1.crt"), "--key", PathOf("d-1.key")));
        await DecodeAsync("d-1.p7", "d-1.crt");
        Assert.Equal(0, await PublishAsync("d-1", "2"));

        await OpensslAsync("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf("self.key"), "-out", PathOf("self.crt"), "-subj", "/CN=d-1",
            "-addext", "subjectAltName=URI:urn:strata:device:main/d-1");
        Assert.NotEqual(0, await PublishAsync("self", "3"));
        Assert.Equal(1, (await installation.Client.CountReadingsAsync("d-1")).Count);
        Assert.Equal("400", await EnrolAsync("simpleenroll", "d-1", "--cert", PathOf("d-1.crt"), "--key", PathOf("d-1.key"), "--data-binary", "no request"));
    }

    [Fact]
    public async Task The_root_s_key_leaves_the_node_once()
    {
        await installation.StartCloudAsync();
        var safe = Path.Combine(installation.Folder, "safe");
        await installation.OkAsync("ca", "init", "--root-out", safe);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(safe, "root.key.pem")));
        Assert.Null((await installation.Client.CreateAuthorityAsync()).Key);
        Assert.False(File.Exists(Path.Combine(installation.CloudFolder, "ca", "root.key.wrapped")));
        Assert.DoesNotContain("PRIVATE KEY", string.Concat(Directory.GetFiles(Path.Combine(installation.CloudFolder, "ca")).Select(File.ReadAllText)), StringComparison.Ordinal);
        var again = await Tool.RunAsync(Installation.Executable, ["ca", "init", "--root-out", Path.Combine(installation.Folder, "other"), "--data", installation.CloudFolder]);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("has left the node already", again.Error, StringComparison.Ordinal);
        // Nothing that the node does needs it: also not a new key of the installation, which wraps the rest anew.
        await installation.Client.RotateInstallationKeyAsync();
        await installation.Cloud.StopAsync(TimeSpan.FromSeconds(10));
        await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        Assert.Contains("BEGIN CERTIFICATE", await installation.OkAsync("ca", "export"), StringComparison.Ordinal);
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private static void RequireTools()
    {
        foreach (var tool in new[] { "openssl", "curl", "mosquitto_pub", "mosquitto_sub" })
            Tool.Require(tool);
    }

    private async Task<string> StartAsync(string device)
    {
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}", "--https", $"127.0.0.1:{FreePort.Draw()}");
        return (await installation.Client.CreateDeviceAsync(new CreateDevice(device, null, null))).Secret;
    }

    private string PathOf(string file) => Path.Combine(Folder, file);

    private async Task KeyAndRequestAsync(string device, string? request = null)
    {
        await OpensslAsync("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf($"{device}.key"), "-out", PathOf(request ?? $"{device}.csr"), "-subj", $"/CN={device}");
        if (request is null)
            File.Copy(PathOf($"{device}.key"), PathOf("next.key"), overwrite: true);
    }

    /// <summary>The status of an enrolment; its answer is in NAME.p7.</summary>
    private async Task<string> EnrolAsync(string path, string name, params string[] proof) => (await Tool.RunAsync("curl",
    [
        "-s", "--cacert", PathOf("root.pem"), "-o", PathOf($"{name}.p7"), "-w", "%{http_code}", "-H", "Content-Type: application/pkcs10", .. proof.Contains("--data-binary") ? [] : new[] { "--data-binary", $"@{PathOf($"{name}.csr")}" },
        .. proof, $"{Https}/.well-known/est/{path}",
    ])).Output;

    private async Task CurlAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync("curl", ["-sS", "--fail", "--cacert", PathOf("root.pem"), .. arguments]);
        Assert.True(run.ExitCode == 0, run.Error);
    }

    /// <summary>Base64 of PKCS #7 to PEM.</summary>
    private async Task DecodeAsync(string from, string to)
    {
        await File.WriteAllBytesAsync(PathOf(from + ".der"), Convert.FromBase64String(await File.ReadAllTextAsync(PathOf(from), TestContext.Current.CancellationToken)), TestContext.Current.CancellationToken);
        await OpensslAsync("pkcs7", "-inform", "DER", "-in", PathOf(from + ".der"), "-print_certs", "-out", PathOf(to));
    }

    private static async Task<string> OpensslAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync("openssl", arguments);
        Assert.True(run.ExitCode == 0, $"openssl {string.Join(' ', arguments)}: {run.Output}{run.Error}");
        return run.Output + run.Error;
    }

    private async Task<string> SerialAsync(string certificate) => (await OpensslAsync("x509", "-in", PathOf(certificate), "-noout", "-serial")).Trim().Split('=')[1].ToLowerInvariant();

    private async Task<int> PublishAsync(string name, string value, params string[] login) => (await Tool.RunAsync("mosquitto_pub",
    [
        "-h", "127.0.0.1", "-p", Mqtts.Split(':')[1], "--cafile", PathOf("root.pem"), "--cert", PathOf($"{name}.crt"), "--key", PathOf($"{name}.key"), "-q", "1", "-V", "5",
        "-i", "d-1", "-t", "devices/d-1/telemetry", "-m", $$"""{"n":{{value}}}""", .. login,
    ])).ExitCode;

    private async Task<string> PostAsync(string name) => (await Tool.RunAsync("curl",
    [
        "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", PathOf("root.pem"), "--cert", PathOf($"{name}.crt"), "--key", PathOf($"{name}.key"),
        "-H", "Content-Type: application/json", "-d", """{"n":9}""", $"{Https}/api/v1/devices/d-1/telemetry",
    ])).Output;

    private async Task StatusIsAsync(string certificate, string status)
    {
        await OpensslAsync("x509", "-in", PathOf("chain.pem"), "-out", PathOf("issuer.pem"));
        var said = await OpensslAsync(
            "ocsp", "-issuer", PathOf("issuer.pem"), "-cert", PathOf(certificate), "-url", $"{installation.CloudHttp}/pki/ocsp", "-CAfile", PathOf("root.pem"), "-verify_other", PathOf("chain.pem"));
        Assert.Contains("Response verify OK", said, StringComparison.Ordinal);
        Assert.Contains($": {status}", said, StringComparison.Ordinal);
    }

    private async Task RevokedInListAsync(string serial)
    {
        var issuer = (await installation.Client.ListCertificatesAsync("d-1")).Items[0].Issuer;
        var run = await Tool.RunAsync("curl", ["-sS", "--fail", "-o", PathOf("list.crl"), $"{installation.CloudHttp}/pki/crl/{issuer}.crl"]);
        Assert.True(run.ExitCode == 0, run.Error);
        var text = await OpensslAsync("crl", "-inform", "DER", "-in", PathOf("list.crl"), "-CAfile", PathOf("issuer.pem"), "-text", "-noout");
        Assert.Contains("verify OK", text, StringComparison.Ordinal);
        Assert.Contains(serial.ToUpperInvariant(), text, StringComparison.Ordinal);
        Assert.Contains("Key Compromise", text, StringComparison.Ordinal);
    }

    /// <summary>Connects by the certificate; completes with why the connection ended.</summary>
    private async Task<Task<MqttClientDisconnectReason>> ListenAsync(IMqttClient client, string name)
    {
        var ended = new TaskCompletionSource<MqttClientDisconnectReason>(TaskCreationOptions.RunContinuationsAsynchronously);
        client.DisconnectedAsync += e =>
        {
            ended.TrySetResult(e.Reason);
            return Task.CompletedTask;
        };
        var root = new X509Certificate2Collection();
        root.ImportFromPemFile(PathOf("root.pem"));
        using var own = X509Certificate2.CreateFromPemFile(PathOf($"{name}.crt"), PathOf($"{name}.key"));
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", int.Parse(Mqtts.Split(':')[1])).WithClientId($"listener of {name}").WithProtocolVersion(MqttProtocolVersion.V500)
            .WithTlsOptions(tls => tls.UseTls().WithTrustChain(root).WithRevocationMode(X509RevocationMode.NoCheck).WithClientCertificates([own])).Build();
        Assert.Equal(MqttClientConnectResultCode.Success, (await client.ConnectAsync(options, TestContext.Current.CancellationToken)).ResultCode);
        return ended.Task;
    }
}
