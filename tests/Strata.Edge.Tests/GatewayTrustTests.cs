using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Edge.Identity;

namespace Strata.Edge.Tests;

/// <summary>Whom the agent takes for its gateway: by the roots of a file and those that it was given since, whatever its clock says, but not for ever.</summary>
public sealed class GatewayTrustTests : IDisposable
{
    private readonly DateTimeOffset now = TimeProvider.System.GetUtcNow();
    private readonly string path = Directory.CreateTempSubdirectory("strata-trust-").FullName;
    private readonly X509Certificate2 old;
    private readonly X509Certificate2 next;

    public GatewayTrustTests()
    {
        (old, next) = (Root("old"), Root("next"));
        File.WriteAllText(Path.Combine(path, "ca.pem"), old.ExportCertificatePem());
    }

    [Fact]
    public void What_has_ended_is_taken_where_the_clock_may_be_wrong_and_not_where_the_device_s_own_certificate_is_younger()
    {
        var trust = Read();
        using var ended = Server(old, now.AddDays(-90), now.AddDays(-30));
        using var own = Server(old, now.AddDays(-29), now.AddDays(60));
        using var before = Server(old, now.AddDays(-60), now.AddDays(60));
        Assert.True(Accepts(trust, ended));
        Assert.True(Accepts(trust, ended, before)); // Nothing says that it is later than that.
        Assert.False(Accepts(trust, ended, own));
        using var to = Server(old, now.AddDays(300), now.AddDays(400));
        Assert.True(Accepts(trust, to, own)); // Of a device whose clock is a year behind.
        using var stranger = Server(next, now.AddDays(-1), now.AddDays(1));
        Assert.False(Accepts(trust, stranger));
        Assert.False(trust.Accepts(to, null, SslPolicyErrors.RemoteCertificateNameMismatch, own));
    }

    [Fact]
    public void Roots_that_it_was_given_are_kept_and_one_that_is_given_no_more_is_retired()
    {
        using var byOld = Server(old, now.AddDays(-1), now.AddDays(1));
        using var byNext = Server(next, now.AddDays(-1), now.AddDays(1));
        var trust = Read();
        Assert.True(trust.Learn(old.ExportCertificatePem()));
        Assert.False(trust.Learn(old.ExportCertificatePem()));
        Assert.True(trust.Learn(next.ExportCertificatePem() + "\n" + old.ExportCertificatePem()));
        Assert.True(Accepts(trust, byOld) && Accepts(trust, byNext));
        Assert.True(Accepts(Read(), byNext)); // After a restart too.
        Assert.True(trust.Learn(next.ExportCertificatePem()));
        foreach (var now in new[] { trust, Read() })
            Assert.True(!Accepts(now, byOld) && Accepts(now, byNext));
        Assert.False(trust.Learn("")); // It says nothing of them.
        Assert.Throws<CryptographicException>(() => trust.Learn(byOld.ExportCertificatePem()));
        Assert.True(Accepts(trust, byNext));
    }

    public void Dispose() => Directory.Delete(path, recursive: true);

    private GatewayTrust Read() => GatewayTrust.Read(Path.Combine(path, "ca.pem"), path);

    private static bool Accepts(GatewayTrust trust, X509Certificate2 shown, X509Certificate2? own = null) => trust.Accepts(shown, null, SslPolicyErrors.RemoteCertificateChainErrors, own);

    private X509Certificate2 Root(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(now.AddYears(-1), now.AddYears(5));
    }

    private static X509Certificate2 Server(X509Certificate2 by, DateTimeOffset from, DateTimeOffset to)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=gateway", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        return request.Create(by, from, to, [0x40, .. RandomNumberGenerator.GetBytes(11)]);
    }
}
