using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Strata.Core.Provisioning;

namespace Strata.Cloud.Provisioning.Templates;

/// <summary>Reads out of a certificate what templates ask. Its signature is judged elsewhere.</summary>
internal static class CertificateArrival
{
    private static readonly Dictionary<string, string> ShortNames = new(StringComparer.Ordinal)
    {
        ["2.5.4.3"] = "CN", ["2.5.4.5"] = "serialNumber", ["2.5.4.6"] = "C", ["2.5.4.7"] = "L", ["2.5.4.8"] = "ST", ["2.5.4.10"] = "O", ["2.5.4.11"] = "OU", ["2.5.4.12"] = "title",
        ["0.9.2342.19200300.100.1.25"] = "DC", ["0.9.2342.19200300.100.1.1"] = "UID",
    };

    /// <param name="issuer">The key id of the authority that has signed it; null when none is known.</param>
    public static ArrivingDevice Read(X509Certificate2 certificate, string? issuer, string? issuerName)
    {
        var subject = Subject(certificate.SubjectName);
        return new ArrivingDevice
        {
            Method = ArrivalMethod.Certificate, Issuer = issuer, IssuerName = issuerName, Subject = subject, Sku = subject.GetValueOrDefault("OU"),
            Serial = subject.GetValueOrDefault("serialNumber") ?? subject.GetValueOrDefault("CN"),
        };
    }

    /// <summary>How messages and templates name an authority that is not the tenant's own.</summary>
    public static string NameOf(X509Certificate2 authority) => Subject(authority.SubjectName) is var subject && subject.TryGetValue("CN", out var name) ? name : authority.Subject;

    /// <summary>Of a field that stands there several times the first counts; one that is no text does not.</summary>
    private static ImmutableSortedDictionary<string, string> Subject(X500DistinguishedName name)
    {
        var subject = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in name.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
                continue;
            var type = part.GetSingleElementType().Value ?? "";
            if (part.GetSingleElementValue() is { Length: > 0 } value)
                subject.TryAdd(ShortNames.GetValueOrDefault(type, type), value);
        }
        return subject.ToImmutable();
    }
}
