using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Tests;

/// <summary>What is bounded: certificates of one device, and how often a revocation list is made.</summary>
public sealed class CertificateLimitsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_device_has_eight_certificates_that_hold_and_the_next_when_one_holds_no_more()
    {
        await using var cloud = new MovedCloud();
        await cloud.StartAsync();
        await cloud.Client.CreateDeviceAsync(new CreateDevice("d-1"), Cancelled);
        for (var i = 0; i < 8; i++)
            await IssueAsync(cloud);
        var refused = await Assert.ThrowsAsync<StrataApiException>(() => IssueAsync(cloud));
        Assert.Contains("d-1 has 8 certificates that hold", refused.Message, StringComparison.Ordinal);
        var first = (await cloud.Client.ListCertificatesAsync("d-1", cancellationToken: Cancelled)).Items;
        Assert.Equal(8, first.Count);
        await cloud.Client.RevokeCertificatesAsync(new RevokeCertificates(first[0].Serial), Cancelled);
        await IssueAsync(cloud);
        await Assert.ThrowsAsync<StrataApiException>(() => IssueAsync(cloud));

        // All are over, and the grace period too: there is room again, and they are not kept.
        cloud.Time.Offset = TimeSpan.FromDays(130);
        await IssueAsync(cloud);
        Assert.Single((await cloud.Client.ListCertificatesAsync("d-1", cancellationToken: Cancelled)).Items);
    }

    [Fact]
    public async Task A_list_is_made_once_for_all_who_ask_and_anew_with_a_change_or_when_half_of_its_life_is_over()
    {
        await using var cloud = new MovedCloud();
        await cloud.StartAsync();
        await cloud.Client.CreateDeviceAsync(new CreateDevice("d-1"), Cancelled);
        var issued = await IssueAsync(cloud);
        var list = $"pki/crl/{issued.Info.Issuer}.crl";

        // Each signature is another one: what is the same was made once.
        var asked = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => cloud.Http.GetByteArrayAsync(list, Cancelled)));
        Assert.Single(asked.Select(Convert.ToHexString).Distinct());
        await IssueAsync(cloud); // Nothing is revoked by it.
        Assert.Equal(asked[0], await cloud.Http.GetByteArrayAsync(list, Cancelled));

        await cloud.Client.RevokeCertificatesAsync(new RevokeCertificates(issued.Info.Serial), Cancelled);
        var changed = await cloud.Http.GetByteArrayAsync(list, Cancelled);
        Assert.Contains(issued.Info.Serial, Convert.ToHexStringLower(changed), StringComparison.Ordinal);
        cloud.Time.Offset = TimeSpan.FromHours(11);
        Assert.Equal(changed, await cloud.Http.GetByteArrayAsync(list, Cancelled));
        cloud.Time.Offset = TimeSpan.FromHours(13);
        Assert.NotEqual(changed, await cloud.Http.GetByteArrayAsync(list, Cancelled));
    }

    private static async Task<IssuedCertificateInfo> IssueAsync(MovedCloud cloud)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return await cloud.Client.IssueCertificateAsync("d-1", new IssueCertificateRequest(new CertificateRequest("CN=d-1", key, HashAlgorithmName.SHA256).CreateSigningRequestPem()), Cancelled);
    }
}
