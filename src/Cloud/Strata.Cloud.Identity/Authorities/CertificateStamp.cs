using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core.Identity;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>
/// Makes many certificates like one that <see cref="CertificateMaker"/> made: the same issuer, validity and extensions, another serial number, subject, key and name each. A tenth of the time of making each by the
/// framework, which builds, encodes and reads a certificate several times over. For one thread.
/// </summary>
internal sealed class CertificateStamp
{
    private const string AlternativeNames = "2.5.29.17";
    private const string SubjectKey = "2.5.29.14";
    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private static readonly Asn1Tag UriName = new(TagClass.ContextSpecific, 6);
    private static readonly Asn1Tag Version = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag ExtensionsField = new(TagClass.ContextSpecific, 3);

    private readonly SigningAuthority issuer;
    private readonly byte[] issuerName;
    private readonly (string Oid, byte[] Value, bool Critical)[] extensions;
    private readonly AsnWriter writer = new(AsnEncodingRules.DER);

    /// <param name="pattern">Of a device, by the issuer.</param>
    public CertificateStamp(SigningAuthority issuer, X509Certificate2 pattern)
    {
        this.issuer = issuer;
        issuerName = issuer.Certificate.SubjectName.RawData;
        (NotBefore, NotAfter) = (pattern.NotBefore.ToUniversalTime(), pattern.NotAfter.ToUniversalTime());
        extensions = [.. pattern.Extensions.Select(e => (e.Oid!.Value!, e.RawData, e.Critical))];
    }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset NotAfter { get; }

    /// <summary>DER of a certificate.</summary>
    /// <param name="publicKey">SubjectPublicKeyInfo, DER.</param>
    public byte[] Make(in CertificateName name, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> serial)
    {
        var signed = ToBeSigned(name, publicKey, serial);
        writer.Reset();
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(signed);
            Algorithm();
            writer.WriteBitString(issuer.Key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        }
        return writer.Encode();
    }

    private byte[] ToBeSigned(in CertificateName name, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> serial)
    {
        writer.Reset();
        using (writer.PushSequence())
        {
            using (writer.PushSequence(Version))
                writer.WriteInteger(2); // v3
            writer.WriteInteger(serial);
            Algorithm();
            writer.WriteEncodedValue(issuerName);
            using (writer.PushSequence())
            {
                Time(NotBefore);
                Time(NotAfter);
            }
            writer.WriteEncodedValue(CertificateMaker.Name(name.Device.Value, name.Tenant.Value).RawData);
            writer.WriteEncodedValue(publicKey);
            using (writer.PushSequence(ExtensionsField))
            using (writer.PushSequence())
            {
                foreach (var (oid, value, critical) in extensions)
                    Extension(oid, oid switch { AlternativeNames => NamesOf(name), SubjectKey => KeyIdOf(publicKey), _ => value }, critical);
            }
        }
        return writer.Encode();
    }

    private void Extension(string oid, byte[] value, bool critical)
    {
        using var extension = writer.PushSequence();
        writer.WriteObjectIdentifier(oid);
        if (critical)
            writer.WriteBoolean(true);
        writer.WriteOctetString(value);
    }

    private void Algorithm()
    {
        using var algorithm = writer.PushSequence();
        writer.WriteObjectIdentifier(EcdsaWithSha256);
    }

    /// <summary>RFC 5280, 4.1.2.5: two digits of the year until 2049.</summary>
    private void Time(DateTimeOffset time)
    {
        if (time.Year < 2050)
            writer.WriteUtcTime(time);
        else
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
    }

    private static byte[] NamesOf(in CertificateName name)
    {
        var names = new AsnWriter(AsnEncodingRules.DER);
        using (names.PushSequence())
            names.WriteCharacterString(UniversalTagNumber.IA5String, name.Uri, UriName);
        return names.Encode();
    }

    /// <summary>RFC 5280, 4.2.1.2, method 1: SHA-1 of the key's bits.</summary>
    private static byte[] KeyIdOf(ReadOnlySpan<byte> publicKey)
    {
        var info = new AsnReader(publicKey.ToArray(), AsnEncodingRules.DER).ReadSequence();
        info.ReadSequence();
        var id = new AsnWriter(AsnEncodingRules.DER);
#pragma warning disable CA5350 // An identifier that every certificate has, as RFC 5280 says it; nothing rests on it.
        id.WriteOctetString(SHA1.HashData(info.ReadBitString(out _)));
#pragma warning restore CA5350
        return id.Encode();
    }
}
