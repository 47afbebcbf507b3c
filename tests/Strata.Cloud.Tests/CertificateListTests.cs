using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests;

/// <summary>What the list of certificates points at.</summary>
public sealed class CertificateListTests(RunningCloud cloud) : IClassFixture<RunningCloud>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Devices_that_share_a_key_are_found_and_others_are_not()
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var shared = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var (device, key) in new[] { ("k-1", shared), ("k-2", shared), ("k-3", own) })
        {
            await cloud.Client.CreateDeviceAsync(new CreateDevice(device), Cancelled);
            // Twice: a device that renews with the same key shares it with nobody.
            foreach (var _ in (int[])[1, 2])
                await cloud.Client.IssueCertificateAsync(device, new IssueCertificateRequest(new CertificateRequest($"CN={device}", key, HashAlgorithmName.SHA256).CreateSigningRequestPem()), Cancelled);
        }
        Assert.Equal(["k-1", "k-1", "k-2", "k-2"], await FoundAsync("shared-key"));
        Assert.Equal(["k-1", "k-1", "k-2", "k-2"], await FoundAsync("any"));
        Assert.Empty(await FoundAsync("two-addresses"));
        // A list of all says it too.
        var all = (await cloud.Client.ListCertificatesAsync(cancellationToken: Cancelled)).Items;
        Assert.Equal(["k-1", "k-1", "k-2", "k-2"], all.Where(c => c.Problems!.Contains("shared-key")).Select(c => c.Device).Order());
        // One of them is revoked: the other has its key for itself.
        await cloud.Client.RevokeCertificatesAsync(new RevokeCertificates(Device: "k-1"), Cancelled);
        Assert.Empty(await FoundAsync("shared-key"));
        // Births do not let in: they are counted, and no device's way in ends with them.
        await cloud.Client.IssueCertificateAsync("k-3", new IssueCertificateRequest(new CertificateRequest("CN=k-3", own, HashAlgorithmName.SHA256).CreateSigningRequestPem(), "birth"), Cancelled);
        Assert.Equal(new CertificateSummary(Good: 5, Hold: 0, Revoked: 2, Expired: 0, Late: 0, EndIn7Days: 0, EndIn30Days: 0, EndIn90Days: 2), await cloud.Client.SummariseCertificatesAsync(Cancelled));
    }

    private async Task<IEnumerable<string>> FoundAsync(string problem) =>
        (await cloud.Client.ListCertificatesAsync(problem: problem, cancellationToken: Cancelled)).Items.Select(c => c.Device).Order();
}
