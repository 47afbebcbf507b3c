using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Strata.Testing;

/// <summary>A certificate authority of one test; issues servers' certificates for localhost and writes what servers and clients read.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 root;
    private readonly X509Certificate2 intermediate;

    public TestAuthority(string folder)
    {
        root = Authority("root of the test", null);
        intermediate = Authority("intermediate of the test", root);
        File.WriteAllText(CaFile = Path.Combine(folder, $"ca-{Guid.NewGuid():N}.pem"), root.ExportCertificatePem());
    }

    /// <summary>PEM of the root.</summary>
    public string CaFile { get; }

    /// <summary>Writes a new certificate for localhost, with its intermediate, and its key (0600).</summary>
    /// <returns>Its serial number.</returns>
    public string IssueServer(string certificateFile, string keyFile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var issued = request.Create(intermediate, now.AddHours(-1), now.AddHours(1), RandomNumberGenerator.GetBytes(8));
        if (!File.Exists(keyFile))
            File.Create(keyFile).Dispose();
        File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, issued.ExportCertificatePem() + "\n" + intermediate.ExportCertificatePem());
        return issued.SerialNumber;
    }

    public void Dispose()
    {
        root.Dispose();
        intermediate.Dispose();
    }

    private static X509Certificate2 Authority(string name, X509Certificate2? issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var now = TimeProvider.System.GetUtcNow();
        if (issuer is null)
            return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        using var issued = request.Create(issuer, now.AddHours(-2), now.AddHours(2), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }
}
