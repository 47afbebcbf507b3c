using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using MQTTnet;
using MQTTnet.Formatter;
using Strata.Cli.Processes;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>Devices that show their certificates to a gateway: the processes themselves, mosquitto's client and openssl; while the cloud is away too.</summary>
public sealed class GatewayCertificateTests : IAsyncDisposable
{
    private readonly Installation installation = new();
    private int sent;

    private string Folder => Directory.CreateDirectory(Path.Combine(installation.Folder, "device")).FullName;

    [Fact]
    public async Task A_gateway_takes_the_certificates_of_its_tenant_s_devices_as_the_cloud_does_and_without_it()
    {
        foreach (var tool in new[] { "openssl", "curl", "mosquitto_pub" })
            Tool.Require(tool);
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}", "--https", $"127.0.0.1:{FreePort.Draw()}");
        await installation.ApplyAsync("apiVersion: strata/v1\nsite: hq\ngateways: [{id: gw, site: hq}]\n");
        await File.WriteAllTextAsync(PathOf("root.pem"), (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
        await installation.OkAsync("factory", "batch", "--sku", "T-100", "--batch", "b", "--prefix", "sn-", "--count", "2", "--out", PathOf("batch"));
        foreach (var device in new[] { "sn-000001", "sn-000002", "d-late" })
            await installation.Client.CreateDeviceAsync(new CreateDevice(device, "hq"));
        await EnrolAsync("sn-000001");
        await EnrolAsync("sn-000002");
        await File.WriteAllTextAsync(PathOf("birth.crt"), await File.ReadAllTextAsync(PathOf("batch/sn-000001.crt.pem"), TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        File.Copy(PathOf("batch/sn-000001.key.pem"), PathOf("birth.key"));

        // Another tenant's device, and strangers.
        await installation.Client.CreateTenantAsync(new CreateTenant("rival"));
        await installation.ClientOf("rival").CreateDeviceAsync(new CreateDevice("sn-000001", null));
        await IssueAsync("rival", "sn-000001", "--tenant", "rival");
        await OpensslAsync("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf("self.key"), "-out", PathOf("self.crt"), "-subj", "/CN=sn-000001",
            "-addext", "subjectAltName=URI:urn:strata:device:main/sn-000001");
        using (var maker = await MakerAsync())
        {
            var now = TimeProvider.System.GetUtcNow();
            Leaf(maker, "expired", now.AddDays(-9), now.AddDays(-1), "1.3.6.1.5.5.7.3.2");
            Leaf(maker, "early", now.AddDays(1), now.AddDays(9), "1.3.6.1.5.5.7.3.2");
            Leaf(maker, "server", now.AddDays(-1), now.AddDays(9), "1.3.6.1.5.5.7.3.1");
        }

        var fog = await StartFogAsync((await installation.Client.CreateJoinTokenAsync(new CreateJoinToken("hq", null, null))).Token);
        await Eventually.IsAsync(() => PublishAsync("sn-000001"), code => code == 0, "that the gateway takes the device's certificate");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(FogFolder, "server.pem")));
        Assert.Equal(0, await PublishAsync("sn-000002", device: "sn-000002"));
        await StoredAsync();

        var refusals = new Dictionary<string, string>
        {
            ["rival"] = "no authority that is registered here", ["self"] = "no authority that is registered here", ["expired"] = "expired at", ["early"] = "is not valid before", ["server"] = "not for clients",
            ["birth"] = "devices do not enrol at this node",
        };
        foreach (var identity in refusals.Keys)
            Assert.True(await PublishAsync(identity) != 0, $"the gateway has taken the certificate '{identity}'");
        Assert.NotEqual(0, await PublishAsync("sn-000001", login: ["-u", "sn-000002", "-P", "x"]));
        Assert.NotEqual(0, await PublishAsync("sn-000001", device: "sn-000002")); // Its certificate, another's topic.
        foreach (var why in refusals.Values)
            await Eventually.IsAsync(() => installation.Client.ListRejectionsAsync(), r => r.Items.Any(i => i.Reason.Contains(why, StringComparison.Ordinal)), $"at the cloud: {why}");

        // Revoked at the cloud: what is open at the gateway ends.
        using var listener = new MqttClientFactory().CreateMqttClient();
        var ended = await ListenAsync(listener, "sn-000002");
        await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(Device: "sn-000002", Reason: "key-compromise"));
        Assert.Equal(MqttClientDisconnectReason.NotAuthorized, await ended.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.NotEqual(0, await PublishAsync("sn-000002", device: "sn-000002"));

        // The cloud is away, and the gateway starts anew: the same holds, for as long as it may be relied on.
        await installation.Cloud.KillAsync();
        Assert.Equal(0, await PublishAsync("sn-000001"));
        await fog.KillAsync();
        fog = await StartFogAsync(null);
        Assert.Equal(0, await PublishAsync("sn-000001"));
        Assert.NotEqual(0, await PublishAsync("sn-000002", device: "sn-000002"));
        await fog.KillAsync();
        var kept = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(FogFolder, "trust.json"), TestContext.Current.CancellationToken))!;
        kept["heard"] = TimeProvider.System.GetUtcNow().AddDays(-8);
        await File.WriteAllTextAsync(Path.Combine(FogFolder, "trust.json"), kept.ToJsonString(), TestContext.Current.CancellationToken);
        await StartFogAsync(null);
        Assert.NotEqual(0, await PublishAsync("sn-000001"));

        // It hears again; nothing that it took is lost.
        await installation.Cloud.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        await Eventually.IsAsync(() => PublishAsync("sn-000001"), code => code == 0, "that it takes certificates again");
        await StoredAsync();
        Assert.NotEqual(0, await PublishAsync("sn-000002", device: "sn-000002"));
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private StrataProcess? gateway;

    private string FogFolder => Path.Combine(installation.Folder, "gw");

    private string PathOf(string file) => Path.Combine(Folder, file);

    private async Task<StrataProcess> StartFogAsync(string? token)
    {
        gateway = installation.Create($"gw-{Guid.NewGuid():N}",
        [
            "fog", "--data", FogFolder, "--cloud", installation.CloudHttp, "--http", $"127.0.0.1:{FreePort.Draw()}", "--mqtt", $"127.0.0.1:{FreePort.Draw()}", "--mqtts", $"127.0.0.1:{FreePort.Draw()}",
            .. token is null ? [] : new[] { "--join-token", token, "--site", "hq", "--name", "gw" },
        ]);
        await gateway.StartAsync(Installation.StartLimit, TestContext.Current.CancellationToken);
        return gateway;
    }

    private async Task<X509Certificate2> MakerAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Maker", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        var maker = request.CreateSelfSigned(now.AddDays(-20), now.AddDays(20));
        var registered = await installation.Client.RegisterAuthorityAsync(new CertificatePem(maker.ExportCertificatePem()), TestContext.Current.CancellationToken);
        Leaf(maker, "proof", now.AddDays(-1), now.AddDays(1), "1.3.6.1.5.5.7.3.2", registered.Challenge!);
        await installation.Client.ProveAuthorityAsync(registered.Id, new CertificatePem(await File.ReadAllTextAsync(PathOf("proof.crt"), TestContext.Current.CancellationToken)), TestContext.Current.CancellationToken);
        return maker;
    }

    private void Leaf(X509Certificate2 maker, string name, DateTimeOffset from, DateTimeOffset to, string usage, string? common = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={common ?? "sn-000001"}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(maker, true, false));
        var serial = RandomNumberGenerator.GetBytes(12);
        serial[0] &= 0x7f;
        using var issued = request.Create(maker, from, to, serial);
        File.WriteAllText(PathOf($"{name}.crt"), issued.ExportCertificatePem());
        File.WriteAllText(PathOf($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>By EST with the birth certificate of the factory, as a device does.</summary>
    private async Task EnrolAsync(string device)
    {
        await OpensslAsync("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf($"{device}.key"), "-out", PathOf($"{device}.csr"), "-subj", $"/CN={device}");
        var run = await Tool.RunAsync("curl",
        [
            "-sS", "--fail", "--cacert", PathOf("root.pem"), "-o", PathOf($"{device}.p7"), "-H", "Content-Type: application/pkcs10", "--data-binary", $"@{PathOf($"{device}.csr")}",
            "--cert", PathOf($"batch/{device}.crt.pem"), "--key", PathOf($"batch/{device}.key.pem"), $"https://{installation.Cloud.Ready["https"]}/.well-known/est/simpleenroll",
        ]);
        Assert.True(run.ExitCode == 0, run.Error);
        await File.WriteAllBytesAsync(PathOf($"{device}.der"), Convert.FromBase64String(await File.ReadAllTextAsync(PathOf($"{device}.p7"), TestContext.Current.CancellationToken)), TestContext.Current.CancellationToken);
        await OpensslAsync("pkcs7", "-inform", "DER", "-in", PathOf($"{device}.der"), "-print_certs", "-out", PathOf($"{device}.crt"));
    }

    private async Task IssueAsync(string name, string device, params string[] more)
    {
        await OpensslAsync("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf($"{name}.key"), "-out", PathOf($"{name}.csr"), "-subj", $"/CN={device}");
        await installation.OkAsync(["certificates", "issue", device, "--csr", PathOf($"{name}.csr"), "--out", PathOf($"{name}.crt"), .. more]);
    }

    private async Task<int> PublishAsync(string identity, string device = "sn-000001", string[]? login = null)
    {
        var run = await Tool.RunAsync("mosquitto_pub",
        [
            "-h", "127.0.0.1", "-p", gateway!.Ready["mqtts"].Split(':')[1], "--cafile", PathOf("root.pem"), "--cert", PathOf($"{identity}.crt"), "--key", PathOf($"{identity}.key"), "-q", "1", "-V", "5",
            "-t", $"devices/{device}/telemetry", "-m", $$"""{"n":{{sent}}}""", .. login ?? [],
        ]);
        var code = run.ExitCode == 0 && (run.Output + run.Error).Contains("failed", StringComparison.Ordinal) ? 1 : run.ExitCode; // It ends well also when the publish was refused.
        if (code == 0)
            sent++;
        return code;
    }

    /// <summary>Whatever was acknowledged is at the cloud, and nothing else.</summary>
    private Task<long> StoredAsync() => Eventually.IsAsync(
        async () => (await installation.Client.CountReadingsAsync("sn-000001")).Count + (await installation.Client.CountReadingsAsync("sn-000002")).Count, count => count == sent, $"the {sent} readings at the cloud");

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
        var options = new MqttClientOptionsBuilder().WithTcpServer("127.0.0.1", int.Parse(gateway!.Ready["mqtts"].Split(':')[1])).WithClientId($"listener of {name}").WithProtocolVersion(MqttProtocolVersion.V500)
            .WithTlsOptions(tls => tls.UseTls().WithTrustChain(root).WithRevocationMode(X509RevocationMode.NoCheck).WithClientCertificates([own])).Build();
        Assert.Equal(MqttClientConnectResultCode.Success, (await client.ConnectAsync(options, TestContext.Current.CancellationToken)).ResultCode);
        return ended.Task;
    }

    private static async Task OpensslAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync("openssl", arguments);
        Assert.True(run.ExitCode == 0, $"openssl {string.Join(' ', arguments)}: {run.Output}{run.Error}");
    }
}
