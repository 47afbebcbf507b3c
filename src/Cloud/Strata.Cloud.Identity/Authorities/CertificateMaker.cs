using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core.Identity;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>An authority as it signs: its certificate and its key.</summary>
/// <param name="Above">Those between it and the root, the root last; none for the root.</param>
internal sealed record SigningAuthority(X509Certificate2 Certificate, ECDsa Key, IReadOnlyList<X509Certificate2> Above)
{
    public string Id => CertificateMaker.KeyIdOf(Certificate);

    public X509SignatureGenerator Generator => X509SignatureGenerator.CreateForECDsa(Key);
}

/// <summary>Where the status of certificates is asked; null when the node has no address that others know.</summary>
internal sealed record StatusAddresses(Uri Crl, Uri Ocsp);

/// <summary>Makes certificates: RFC 5280 profiles, signed by ECDSA with SHA-256. Serial numbers are random.</summary>
internal static class CertificateMaker
{
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");

    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static SigningAuthority Root(string name, DateTimeOffset now)
    {
        var key = NewKey();
        var request = AuthorityRequest(new PublicKey(key), Name(name, null), null);
        var subject = new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(subject));
        return new SigningAuthority(request.Create(request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now - CertificateTerms.Tolerance, now + CertificateTerms.Root, Serial()), key, []);
    }

    /// <param name="below">Authorities that may stand between it and a leaf.</param>
    public static SigningAuthority Intermediate(SigningAuthority issuer, string name, string? organization, int below, TimeSpan life, DateTimeOffset now)
    {
        var key = NewKey();
        var request = AuthorityRequest(new PublicKey(key), Name(name, organization), below);
        var certificate = Sign(request, issuer, now, now + life);
        return new SigningAuthority(certificate, key, [issuer.Certificate, .. issuer.Above]);
    }

    /// <summary>Another certificate of an authority: the same name and key, by another issuer.</summary>
    public static X509Certificate2 Again(SigningAuthority issuer, X500DistinguishedName name, PublicKey key, int? below, TimeSpan life, DateTimeOffset now) =>
        Sign(AuthorityRequest(key, name, below), issuer, now, now + life);

    public static X509Certificate2 Device(SigningAuthority issuer, PublicKey key, CertificateName name, StatusAddresses? status, DateTimeOffset now, TimeSpan life)
    {
        var request = new CertificateRequest(Name(name.Device.Value, name.Tenant.Value), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(name.Uri));
        request.CertificateExtensions.Add(names.Build());
        LeafExtensions(request, ClientAuthentication, status);
        return Sign(request, issuer, now, now + life);
    }

    public static X509Certificate2 Server(SigningAuthority issuer, ECDsa key, IReadOnlyCollection<string> hosts, DateTimeOffset now)
    {
        var request = new CertificateRequest(Name(hosts.First(), null), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }
        request.CertificateExtensions.Add(names.Build());
        LeafExtensions(request, ServerAuthentication, null);
        return Sign(request, issuer, now, now + CertificateTerms.Server).CopyWithPrivateKey(key);
    }

    private static void LeafExtensions(CertificateRequest request, Oid usage, StatusAddresses? status)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([usage], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (status is null)
            return;
        request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([status.Crl.AbsoluteUri]));
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([status.Ocsp.AbsoluteUri], []));
    }

    private static CertificateRequest AuthorityRequest(PublicKey key, X500DistinguishedName name, int? below)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, below is not null, below ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(key, critical: false));
        return request;
    }

    private static X509Certificate2 Sign(CertificateRequest request, SigningAuthority issuer, DateTimeOffset now, DateTimeOffset until)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer.Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var end = new DateTimeOffset(issuer.Certificate.NotAfter.ToUniversalTime());
        return request.Create(issuer.Certificate.SubjectName, issuer.Generator, now - CertificateTerms.Tolerance, until < end ? until : end, Serial());
    }

    /// <summary>A common name has 64 characters at most; who is meant stands in the alternative name, whole.</summary>
    internal static X500DistinguishedName Name(string common, string? organization)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(common.Length > 64 ? common[..64] : common);
        if (organization is not null)
            name.AddOrganizationName(organization);
        return name.Build();
    }

    /// <summary>The key id of an authority's certificate, lower-case hexadecimal.</summary>
    public static string KeyIdOf(X509Certificate2 certificate) => certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().First().SubjectKeyIdentifier!.ToLowerInvariant();

    internal static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(20);
        serial[0] = (byte)((serial[0] & 0x3f) | 0x40); // Positive, and 20 bytes in every encoding.
        return serial;
    }
}
