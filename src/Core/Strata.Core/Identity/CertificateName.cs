using System.Diagnostics.CodeAnalysis;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Core.Identity;

/// <summary>What a certificate may be used for.</summary>
public enum CertificateUse
{
    /// <summary>Everything that a device does; short-lived, renewed by the device.</summary>
    Operational,

    /// <summary>To ask for an operational one, and nothing else; as long-lived as the device.</summary>
    Birth,

    /// <summary>To ask for a birth of one's own, and nothing else: shared by many devices of a kind, it names none of them.</summary>
    Claim,
}

/// <summary>Whose a device's certificate is: a URI among its subject alternative names, <c>urn:strata:device:TENANT/ID</c> or, for a birth certificate, <c>urn:strata:birth:TENANT/ID</c>; a claim certificate, which many devices share, has <c>urn:strata:claim:TENANT/NAME</c>. Holds no secret.</summary>
public readonly record struct CertificateName(CertificateUse Use, TenantId Tenant, DeviceId Device)
{
    private const string Operational = "urn:strata:device:";
    private const string Birth = "urn:strata:birth:";
    private const string Claim = "urn:strata:claim:";

    /// <summary>The name as it stands in the certificate.</summary>
    public string Uri => $"{PrefixOf(Use)}{Tenant}/{Device.Value}";

    /// <summary>Reads a name; false when it is no device's.</summary>
    public static bool TryParse([NotNullWhen(true)] string? uri, out CertificateName name)
    {
        name = default;
        var use = uri switch
        {
            null => (CertificateUse?)null,
            _ when uri.StartsWith(Operational, StringComparison.Ordinal) => CertificateUse.Operational,
            _ when uri.StartsWith(Birth, StringComparison.Ordinal) => CertificateUse.Birth,
            _ when uri.StartsWith(Claim, StringComparison.Ordinal) => CertificateUse.Claim,
            _ => null,
        };
        if (use is null)
            return false;
        var rest = uri![PrefixOf(use.Value).Length..];
        var slash = rest.IndexOf('/');
        if (slash <= 0 || !TenantId.TryParse(rest[..slash], out var tenant) || !DeviceId.TryParse(rest[(slash + 1)..], out var device))
            return false;
        name = new CertificateName(use.Value, tenant, device);
        return true;
    }

    private static string PrefixOf(CertificateUse use) => use switch
    {
        CertificateUse.Birth => Birth,
        CertificateUse.Claim => Claim,
        _ => Operational,
    };
}
