using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Edge.Identity;

namespace Strata.Edge.Tests;

/// <summary>At whatever file operation the power goes, an agent has an identity that works, and never two keys for one request.</summary>
public sealed class IdentityFolderTests : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("strata-identity-").FullName;

    [Fact]
    public void A_key_is_asked_for_again_until_it_is_certified()
    {
        var folder = IdentityFolder.Open(path);
        using var key = folder.NextKey();
        using var again = folder.NextKey();
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), again.ExportSubjectPublicKeyInfo());
        using var taken = folder.Adopt(again, CertificateOf(again));
        Assert.Equal("d-1", taken.Name.Device.Value);
        using var other = folder.NextKey();
        Assert.NotEqual(key.ExportSubjectPublicKeyInfo(), other.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void A_certificate_of_another_key_is_not_taken()
    {
        var folder = IdentityFolder.Open(path);
        using var key = folder.NextKey();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Throws<CryptographicException>(() => folder.Adopt(key, CertificateOf(other)));
        Assert.Null(folder.Current);
    }

    [Fact]
    public void Cut_at_any_byte_of_any_file_there_is_one_that_works()
    {
        var folder = IdentityFolder.Open(path);
        using (var first = folder.NextKey())
            folder.Adopt(first, CertificateOf(first)).Dispose();
        var one = File.ReadAllBytes(Path.Combine(path, "identity", "current.pem"));
        using (var second = folder.NextKey())
            folder.Adopt(second, CertificateOf(second)).Dispose();
        var current = Path.Combine(path, "identity", "current.pem");
        var two = File.ReadAllBytes(current);
        Assert.Equal(one, File.ReadAllBytes(Path.Combine(path, "identity", "previous.pem")));
        // A file system that loses what the disk had not written yet leaves a part of it, or nothing.
        for (var length = 0; length < two.Length; length += 37)
        {
            File.WriteAllBytes(current, two[..length]);
            using var left = folder.Current ?? folder.Previous;
            Assert.NotNull(left);
            Assert.True(left.Certificate.HasPrivateKey);
        }
        File.Delete(current);
        using var before = folder.Previous;
        Assert.NotNull(before);
    }

    [Fact]
    public void Renewal_is_counted_from_when_it_was_taken_into_use_whatever_the_clock_says()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var taken = TimeProvider.System.GetUtcNow().AddYears(1);
        using var identity = OperationalIdentity.Parse(key.ExportPkcs8PrivateKeyPem() + "\n" + CertificateOf(key), taken)!;
        Assert.Equal(60, (identity.RenewAt - taken).TotalDays, 0.1);
        Assert.False(identity.IsPast(taken.AddDays(89)));
        Assert.True(identity.IsPast(taken.AddDays(200)));
    }

    public void Dispose() => Directory.Delete(path, recursive: true);

    private static string CertificateOf(ECDsa key)
    {
        using var authority = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=d-1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri("urn:strata:device:acme/d-1"));
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.Create(new X500DistinguishedName("CN=acme"), X509SignatureGenerator.CreateForECDsa(authority), now, now.AddDays(90), [1, 2, 3]).ExportCertificatePem() + "\n";
    }
}
