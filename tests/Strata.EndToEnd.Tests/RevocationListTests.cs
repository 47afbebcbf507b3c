using Strata.Cloud.Contracts;

namespace Strata.EndToEnd.Tests;

/// <summary>Revocation lists at every step of the chain, read by openssl.</summary>
public sealed class RevocationListTests : IAsyncDisposable
{
    private readonly Installation installation = new();

    [Fact]
    public async Task Every_authority_of_the_chain_has_a_list_and_what_is_revoked_stands_in_its_issuer_s()
    {
        foreach (var tool in new[] { "openssl", "curl" })
            Tool.Require(tool);
        await installation.StartCloudAsync();
        await StrataAsync("ca", "init", "--root-out", PathOf("safe"));
        await StrataAsync("factory", "batch", "--sku", "T-100", "--batch", "b", "--prefix", "sn-", "--count", "1", "--out", PathOf("batch"));
        await installation.Client.CreateDeviceAsync(new CreateDevice("d-1", null));
        await IssueAsync("d-1");
        var mine = (await installation.Client.ListCertificatesAsync("d-1")).Items.Single();
        var chain = await ChainAsync();

        // The root's list is signed off the node: before that there is none.
        await OpensslAsync("x509", "-in", PathOf("safe/root.crt.pem"), "-outform", "DER", "-out", PathOf("root.der"));
        Assert.Equal("404", await FetchAsync((await installation.Client.GetRootListAsync()).Id, "root"));
        await PublishRootListAsync();
        var ids = new Dictionary<string, string> { ["leaf"] = mine.Issuer, ["middle"] = (await installation.Client.GetInstallationRolloverAsync()).Old, ["root"] = (await installation.Client.GetRootListAsync()).Id };
        await VerifyAsync(ids, chain, "d-1.crt", "OK");

        // Made once, not for each request; anew with a change.
        var first = await File.ReadAllBytesAsync(PathOf("leaf.crl"), TestContext.Current.CancellationToken);
        Assert.Equal("200", await FetchAsync(ids["leaf"], "leaf"));
        Assert.Equal(first, await File.ReadAllBytesAsync(PathOf("leaf.crl"), TestContext.Current.CancellationToken));
        await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(mine.Serial, Reason: "hold"));
        await VerifyAsync(ids, chain, "d-1.crt", "certificate revoked");
        await installation.Client.ReinstateCertificateAsync(mine.Serial);
        await VerifyAsync(ids, chain, "d-1.crt", "OK");

        // A batch's authority stands in the list of the installation's intermediate.
        var birth = (await installation.Client.ListAuthoritiesAsync("batch")).Items.Single();
        await File.WriteAllTextAsync(PathOf("batch.crt"), birth.Certificate, TestContext.Current.CancellationToken);
        await VerifyOfMiddleAsync(ids, chain, "OK");
        await installation.Client.RevokeCertificatesAsync(new RevokeCertificates(Batch: "b", Reason: "key-compromise"));
        await VerifyOfMiddleAsync(ids, chain, "certificate revoked");
        await VerifyAsync(ids, chain, "d-1.crt", "OK");

        // The intermediate is replaced, and stands in the root's list; one that leaves it out is not taken.
        await StrataAsync("ca", "rollover", "run", "--installation", "--request", PathOf("request.pem"));
        await StrataAsync("ca", "sign", PathOf("request.pem"), "--root", PathOf("safe"), "--out", PathOf("signed.pem"));
        await StrataAsync("ca", "rollover", "run", "--installation", "--signed", PathOf("signed.pem"));
        await StrataAsync("ca", "rollover", "run", "--installation");
        var stale = await Tool.RunAsync(Installation.Executable, ["ca", "root-list", "publish", PathOf("root.crl"), "--data", installation.CloudFolder]);
        Assert.True(stale.ExitCode != 0 && stale.Error.Contains("which is revoked", StringComparison.Ordinal), stale.Error);
        await PublishRootListAsync();
        await FetchAsync(ids["root"], "root");
        Assert.Contains("certificate revoked", await OpensslAnyAsync("verify", "-crl_check", "-CAfile", PathOf("safe/root.crt.pem"), "-CRLfile", await PemAsync("root"), PathOf("middle.crt")), StringComparison.Ordinal);

        // Below the new one the chain is whole.
        await IssueAsync("d-1", "again");
        ids["middle"] = (await installation.Client.GetInstallationRolloverAsync()).Old;
        await VerifyAsync(ids, await ChainAsync(), "again.crt", "OK");
    }

    public ValueTask DisposeAsync() => installation.DisposeAsync();

    private string PathOf(string file) => Path.Combine(installation.Folder, file);

    /// <summary>What is between a device and the root; the installation's intermediate is in middle.crt.</summary>
    private async Task<string> ChainAsync()
    {
        var parts = (await installation.Client.GetChainAsync()).Split("-----BEGIN CERTIFICATE-----").Skip(1).Select(p => "-----BEGIN CERTIFICATE-----" + p).ToList();
        var file = PathOf($"chain-{Guid.NewGuid():N}.pem");
        await File.WriteAllTextAsync(file, parts[0] + parts[1], TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(PathOf("middle.crt"), parts[1], TestContext.Current.CancellationToken);
        return file;
    }

    private async Task VerifyAsync(Dictionary<string, string> ids, string chain, string certificate, string says)
    {
        var lists = "";
        foreach (var (name, id) in ids)
        {
            Assert.Equal("200", await FetchAsync(id, name));
            lists += await File.ReadAllTextAsync(await PemAsync(name), TestContext.Current.CancellationToken);
        }
        await File.WriteAllTextAsync(PathOf("all.crl.pem"), lists, TestContext.Current.CancellationToken);
        Assert.Contains(says, await OpensslAnyAsync("verify", "-crl_check_all", "-CAfile", PathOf("safe/root.crt.pem"), "-untrusted", chain, "-CRLfile", PathOf("all.crl.pem"), PathOf(certificate)), StringComparison.Ordinal);
    }

    private async Task VerifyOfMiddleAsync(Dictionary<string, string> ids, string chain, string says)
    {
        Assert.Equal("200", await FetchAsync(ids["middle"], "middle"));
        Assert.Contains(says, await OpensslAnyAsync("verify", "-crl_check", "-CAfile", PathOf("safe/root.crt.pem"), "-untrusted", chain, "-CRLfile", await PemAsync("middle"), PathOf("batch.crt")), StringComparison.Ordinal);
    }

    private async Task PublishRootListAsync()
    {
        await StrataAsync("ca", "root-list", "request", "--out", PathOf("revoked.json"));
        await StrataAsync("ca", "root-list", "sign", PathOf("revoked.json"), "--root", PathOf("safe"), "--out", PathOf("root.crl"));
        await StrataAsync("ca", "root-list", "publish", PathOf("root.crl"));
    }

    private async Task IssueAsync(string device, string? name = null)
    {
        await OpensslAnyAsync("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", PathOf("d.key"), "-out", PathOf("d.csr"), "-subj", $"/CN={device}");
        await StrataAsync("certificates", "issue", device, "--csr", PathOf("d.csr"), "--out", PathOf($"{name ?? device}.crt"));
    }

    private async Task<string> FetchAsync(string authority, string name) =>
        (await Tool.RunAsync("curl", ["-s", "-o", PathOf($"{name}.crl"), "-w", "%{http_code}", $"{installation.CloudHttp}/pki/crl/{authority}.crl"])).Output;

    private async Task<string> PemAsync(string name)
    {
        await OpensslAsync("crl", "-inform", "DER", "-in", PathOf($"{name}.crl"), "-out", PathOf($"{name}.crl.pem"));
        return PathOf($"{name}.crl.pem");
    }

    private async Task StrataAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync(Installation.Executable, arguments is ["ca", "sign", ..] or ["ca", "root-list", "sign", ..] ? arguments : [.. arguments, "--data", installation.CloudFolder]);
        Assert.True(run.ExitCode == 0, run.Error);
    }

    private static async Task OpensslAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync("openssl", arguments);
        Assert.True(run.ExitCode == 0, run.Output + run.Error);
    }

    private static async Task<string> OpensslAnyAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync("openssl", arguments);
        return run.Output + run.Error;
    }
}
