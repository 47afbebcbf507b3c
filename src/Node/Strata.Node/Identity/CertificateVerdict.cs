using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;

namespace Strata.Node.Identity;

/// <summary>What a check of a device's certificate came to.</summary>
/// <param name="Tenant">Whose the authority is that has signed it; default when none here has.</param>
/// <param name="Device">Whom it speaks for: as it was bound, else as it names; null for one of a foreign authority that nobody is bound to yet, and for one that many share.</param>
/// <param name="Use">What it may be used for now: one that is past its end, but within its tenant's grace period, may only enrol, as a birth certificate.</param>
/// <param name="Issuer">The key id of its authority.</param>
/// <param name="Reason">Why it is refused, for the log of rejections; empty when it is not.</param>
public readonly record struct CertificateVerdict(TenantId Tenant, DeviceId? Device, CertificateUse Use, string Issuer, string Serial, string Reason)
{
    public bool IsAccepted => Reason.Length == 0;

    /// <summary>It is past its end, and within its tenant's grace period.</summary>
    public bool IsLate { get; init; }

    /// <summary>Its authority is not the installation's own.</summary>
    public bool IsForeign { get; init; }

    /// <summary>The device that it speaks for may be registered because of it, if it is not yet: a factory or a foreign authority says that it was made. An operational certificate of our own says that it was there.</summary>
    public bool MayIntroduce => IsAccepted && !IsLate && (IsForeign || Use != CertificateUse.Operational);

    /// <summary>For logs.</summary>
    public string Subject => Device?.Value ?? Serial;
}
