using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Strata.Cloud.Contracts;
using Strata.Node.Operations;

namespace Strata.EndToEnd.Tests;

/// <summary>The agent whose key is in a token (PKCS #11): enrolment, connections and renewals by it, and what is said when it does not work.</summary>
public sealed class AgentTokenTests(SoftToken token) : IClassFixture<SoftToken>, IAsyncDisposable
{
    private readonly Installation installation = new();
    private readonly List<Process> running = [];

    private string Root => Path.Combine(installation.Folder, "root.pem");

    private string Batch => Path.Combine(installation.Folder, "batch");

    private string Data => Path.Combine(installation.Folder, "agent");

    private string Current => Path.Combine(Data, "identity", "current.pem");

    [Fact]
    public async Task Its_key_is_in_no_file_and_signs_requests_connections_and_the_next_request()
    {
        SoftToken.Require();
        await installation.StartCloudAsync("--mqtts", $"127.0.0.1:{FreePort.Draw()}");
        await File.WriteAllTextAsync(Root, (await installation.Client.CreateAuthorityAsync()).Certificate, TestContext.Current.CancellationToken);
        await installation.OkAsync("factory", "batch", "--sku", "T-100", "--batch", "b", "--prefix", "sn-", "--count", "1", "--out", Batch);
        await installation.Client.CreateDeviceAsync(new CreateDevice("sn-000001", null, null));

        var agent = Run(SoftToken.Uri(token.PinFile));
        await ReadingsAsync();
        Assert.DoesNotContain("PRIVATE", await ReadAllAsync(), StringComparison.Ordinal);
        using var first = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Current, TestContext.Current.CancellationToken));

        // Two thirds of the life are over: another certificate for the same key.
        await KillAsync(agent);
        File.SetLastWriteTimeUtc(Current, (TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(61)).UtcDateTime);
        agent = Run(SoftToken.Uri(token.PinFile));
        await Eventually.IsAsync(async () => X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Current)).SerialNumber, s => s != first.SerialNumber, "the renewal");
        using var second = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Current, TestContext.Current.CancellationToken));
        Assert.Equal(first.PublicKey.ExportSubjectPublicKeyInfo(), second.PublicKey.ExportSubjectPublicKeyInfo());
        await KillAsync(agent);
        agent = Run(SoftToken.Uri(token.PinFile));
        await ReadingsAsync();
        Assert.DoesNotContain("PRIVATE", await ReadAllAsync(), StringComparison.Ordinal);

        // Out of service: what is in the token only its owner can remove, and the proof says that it is there.
        await installation.OkAsync("devices", "decommission", "sn-000001", "--wait");
        Assert.Equal(5, (await EndAsync(agent)).ExitCode);
        Assert.Contains("""\u0022kept\u0022:[\u0022the key in the token\u0022]""", await installation.OkAsync("devices", "erasure", "sn-000001"), StringComparison.Ordinal);
        Assert.Equal(["wiped"], Directory.GetFileSystemEntries(Data).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("wrong PIN", "Login failed", "a PIN that is wrong (in ")]
    [InlineData("no such key", "private key was not found", "an object of that name that is not there")]
    [InlineData("no way to tokens", "--key: OpenSSL knows no way to tokens here", "install libengine-pkcs11-openssl")]
    [InlineData("no module", "nowhere.so", "a module that cannot be loaded")]
    [InlineData("open PIN", "others than its owner may read it", "chmod 600")]
    [InlineData("PIN with a line's end", "ends with a line's end", "printf")]
    [InlineData("PIN in the URI", "seen by everybody", "pin-source=file:")]
    public async Task What_is_wrong_is_said_and_the_agent_does_not_start(string fault, string symptom, string advice)
    {
        SoftToken.Require();
        using var authority = new TestAuthority(installation.Folder);
        File.Copy(authority.CaFile, Root);
        var environment = new Dictionary<string, string>(token.Environment);
        var uri = SoftToken.Uri(token.PinFile);
        switch (fault)
        {
            case "wrong PIN":
                uri = SoftToken.Uri(token.WritePin("wrong.pin", "0000"));
                break;
            case "no such key":
                uri = SoftToken.Uri(token.PinFile, "nobody");
                break;
            case "no way to tokens":
                environment["OPENSSL_ENGINES"] = environment["OPENSSL_MODULES"] = installation.Folder;
                break;
            case "no module":
                environment["PKCS11_MODULE_PATH"] = environment["PKCS11_PROVIDER_MODULE"] = "/nowhere.so";
                break;
            case "open PIN":
                uri = SoftToken.Uri(token.WritePin("open.pin", "271828", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead));
                break;
            case "PIN with a line's end":
                uri = SoftToken.Uri(token.WritePin("line.pin", "271828\n"));
                break;
            default:
                uri = "pkcs11:token=strata-test;object=agent?pin-value=271828";
                break;
        }
        var ended = await Tool.RunAsync(Installation.Executable, Arguments(uri, "mqtts://127.0.0.1:1"), environment: environment);
        Assert.True(ended.ExitCode == 2, $"{ended.ExitCode}: {ended.Error}");
        Assert.Contains(symptom, ended.Error, StringComparison.Ordinal);
        Assert.Contains(advice, ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
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

    private string[] Arguments(string key, string to) =>
    [
        "edge", "--data", Data, "--birth", Path.Combine(Batch, "sn-000001.crt.pem"), "--birth-key", Path.Combine(Batch, "sn-000001.key.pem"), "--key", key, "--ca", Root,
        "--to", to, "--source", "host", "--interval", "1s", "--health-interval", "1s", "--heartbeat", "1s", "--until-stdin-closes",
    ];

    private Process Run(string key)
    {
        var process = Tool.Start(Installation.Executable, Arguments(key, $"mqtts://{installation.Cloud.Ready["mqtts"]}"), token.Environment);
        running.Add(process);
        return process;
    }

    private static async Task KillAsync(Process process)
    {
        process.Kill();
        await Deadline.For(process.WaitForExitAsync(), "the agent is gone");
    }

    private static async Task<Tool.Outcome> EndAsync(Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1), TimeProvider.System);
        return new Tool.Outcome(process.ExitCode, await output, await error);
    }

    private async Task<string> ReadAllAsync() => string.Concat(await Task.WhenAll(Directory.GetFiles(Path.Combine(Data, "identity")).Select(f => File.ReadAllTextAsync(f))));

    /// <summary>Readings that were not there before.</summary>
    private async Task ReadingsAsync()
    {
        var before = (await installation.Client.CountReadingsAsync("sn-000001")).Count;
        await Eventually.IsAsync(() => installation.Client.CountReadingsAsync("sn-000001"), c => c.Count > before, "readings");
    }
}
