using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core.Identity;

namespace Strata.Node.Identity;

/// <summary>Reads out of certificates what the judge and the directory ask.</summary>
internal static class CertificateFactsReader
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string AlternativeNames = "2.5.29.17";
    private static readonly Asn1Tag UriName = new(TagClass.ContextSpecific, 6);

    /// <exception cref="CryptographicException">An extension is malformed.</exception>
    public static CertificateFacts Read(X509Certificate2 certificate) => new(
        new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()),
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(b => b.CertificateAuthority), MayIdentifyClients(certificate),
        [.. Uris(certificate).Select(u => CertificateName.TryParse(u, out var name) ? name : (CertificateName?)null).OfType<CertificateName>()]);

    /// <summary>The key id of the authority that issued it, in lower-case hexadecimal; null when it does not say.</summary>
    public static string? IssuerKey(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } id ? Convert.ToHexStringLower(id.Span) : null;

    /// <summary>Its own key id.</summary>
    public static string? OwnKey(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifier?.ToLowerInvariant();

    /// <summary>Its serial number, in lower-case hexadecimal.</summary>
    public static string Serial(X509Certificate2 certificate) => certificate.SerialNumber.ToLowerInvariant();

    private static bool MayIdentifyClients(X509Certificate2 certificate)
    {
        if (certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature))
            return false;
        return certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault() is not { } extended
            || extended.EnhancedKeyUsages.Cast<Oid>().Any(o => o.Value == ClientAuthentication);
    }

    private static List<string> Uris(X509Certificate2 certificate)
    {
        if (certificate.Extensions[AlternativeNames] is not { } extension)
            return [];
        var found = new List<string>();
        try
        {
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (names.PeekTag().HasSameClassAndValue(UriName))
                    found.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, UriName));
                else
                    names.ReadEncodedValue();
            }
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The certificate's alternative names are malformed.", e);
        }
        return found;
    }
}
