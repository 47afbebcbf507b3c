using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core.Identity;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>What a root does off the node, where its key is: certifies the installation's next intermediate, and makes its own successor.</summary>
public sealed class OfflineRoot : IDisposable
{
    private readonly SigningAuthority root;

    private OfflineRoot(SigningAuthority root) => this.root = root;

    /// <summary>SHA-256 of its certificate, lower-case hexadecimal.</summary>
    public string Fingerprint => Convert.ToHexStringLower(root.Certificate.GetCertHash(HashAlgorithmName.SHA256));

    /// <summary>PEM.</summary>
    public string Certificate => root.Certificate.ExportCertificatePem() + "\n";

    /// <summary>The key, PKCS #8, PEM.</summary>
    public string Key => root.Key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <param name="certificate">PEM.</param>
    /// <param name="key">PKCS #8, PEM.</param>
    /// <exception cref="InvalidDataException">They are no root with its key.</exception>
    public static OfflineRoot Open(string certificate, string key)
    {
        try
        {
            var (read, secret) = (X509Certificate2.CreateFromPem(certificate), ECDsa.Create());
            secret.ImportFromPem(key);
            var isItsKey = secret.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(read.PublicKey.ExportSubjectPublicKeyInfo());
            return isItsKey ? new OfflineRoot(new SigningAuthority(read, secret, [])) : throw new InvalidDataException("the key is not the certificate's");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    /// <summary>Makes another root.</summary>
    public static OfflineRoot Make(DateTimeOffset now) => new(CertificateMaker.Root($"Strata root {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))}", now));

    /// <summary>Certifies the intermediate that the node has asked for.</summary>
    /// <param name="request">PKCS #10, PEM.</param>
    /// <param name="successor">The root that is to follow, which then certifies it; null to go on with this one.</param>
    /// <returns>PEM, for the node: no key among it.</returns>
    /// <exception cref="InvalidDataException">The request is not one.</exception>
    public string Sign(string request, OfflineRoot? successor, DateTimeOffset now)
    {
        CertificateRequest asked;
        try
        {
            asked = CertificateRequest.LoadSigningRequestPem(request, HashAlgorithmName.SHA256);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException(e.Message, e);
        }
        var by = (successor ?? this).root;
        List<X509Certificate2> made = [CertificateMaker.Again(by, asked.SubjectName, asked.PublicKey, below: 1, CertificateTerms.Root, now)];
        if (successor is not null)
        {
            made.Add(by.Certificate);
            made.Add(CertificateMaker.Again(root, by.Certificate.SubjectName, by.Certificate.PublicKey, below: null, CertificateTerms.Root, now));
            made.Add(CertificateMaker.Again(by, root.Certificate.SubjectName, root.Certificate.PublicKey, below: null, CertificateTerms.Root, now));
        }
        return string.Concat(made.Select(c => c.ExportCertificatePem() + "\n"));
    }

    public void Dispose() => root.Key.Dispose();
}
