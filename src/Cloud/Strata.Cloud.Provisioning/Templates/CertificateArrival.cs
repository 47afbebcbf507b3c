using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Strata.Core.Provisioning;
using Strata.Node.Identity;

namespace Strata.Cloud.Provisioning.Templates;

/// <summary>Reads out of a certificate what templates ask. Its signature is judged elsewhere.</summary>
internal static class CertificateArrival
{
    private static readonly Dictionary<string, string> ShortNames = new(StringComparer.Ordinal)
    {
        ["2.5.4.3"] = "CN", ["2.5.4.5"] = "serialNumber", ["2.5.4.6"] = "C", ["2.5.4.7"] = "L", ["2.5.4.8"] = "ST", ["2.5.4.10"] = "O", ["2.5.4.11"] = "OU", ["2.5.4.12"] = "title",
        ["0.9.2342.19200300.100.1.25"] = "DC", ["0.9.2342.19200300.100.1.1"] = "UID",
    };

    /// <summary>What a certificate says.</summary>
    /// <param name="authority">Who has signed it; null when none is known.</param>
    public static ArrivingDevice Read(X509Certificate2 certificate, TrustedAuthority? authority)
    {
        var subject = Subject(certificate.SubjectName);
        var serial = subject.GetValueOrDefault("serialNumber") ?? subject.GetValueOrDefault("CN");
        return new ArrivingDevice
        {
            Method = ArrivalMethod.Certificate, Issuer = authority?.Id, IssuerName = authority is null ? null : NameOf(authority), Subject = subject,
            Sku = authority?.Sku ?? subject.GetValueOrDefault("OU"), Serial = serial, Registration = serial,
        };
    }

    /// <summary>What is known of a device that is introduced. Of a shared certificate its own words count for what it is called, and its certificate's name as the group by which it comes.</summary>
    public static ArrivingDevice Read(DeviceIntroduction introduction, TrustedAuthority authority)
    {
        var device = Read(introduction.Certificate, authority);
        if (introduction.Claimed is not { } claimed)
            return introduction.Named is { } named ? device with { Serial = named.Value, Registration = named.Value } : device;
        var said = Subject(claimed);
        return device with
        {
            Method = ArrivalMethod.Claim, Enrolment = device.Subject.GetValueOrDefault("CN"), Sku = device.Sku ?? said.GetValueOrDefault("OU"), Registration = said.GetValueOrDefault("CN"),
            Serial = said.GetValueOrDefault("serialNumber") ?? said.GetValueOrDefault("CN"),
        };
    }

    /// <summary>A foreign authority by its common name, a batch by its name.</summary>
    private static string NameOf(TrustedAuthority authority) => authority.IsForeign
        ? Subject(authority.Certificate.SubjectName).GetValueOrDefault("CN") ?? authority.Name
        : authority.Name.Length == 0 ? ArrivingDevice.OwnIssuer : authority.Name;

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
