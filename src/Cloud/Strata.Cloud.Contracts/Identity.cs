namespace Strata.Cloud.Contracts;

/// <summary>A certificate that was issued to a device.</summary>
/// <param name="Serial">Lower-case hexadecimal.</param>
/// <param name="Issuer">The key id of the authority that issued it.</param>
/// <param name="Use"><c>operational</c> or <c>birth</c>.</param>
/// <param name="RenewAt">From when on its device renews it.</param>
/// <param name="Standing"><c>good</c>, <c>hold</c>, <c>revoked</c> or <c>expired</c>.</param>
/// <param name="Reason">Why it is not good; null while it is.</param>
/// <param name="KeyHash">SHA-256 of its public key, lower-case hexadecimal.</param>
public sealed record CertificateInfo(
    string Serial, string Device, string Issuer, string Use, DateTimeOffset NotBefore, DateTimeOffset NotAfter, DateTimeOffset RenewAt, string Standing, string? Reason,
    DateTimeOffset? Since, string KeyHash);

/// <summary>A request for a certificate for a device.</summary>
/// <param name="Csr">A certificate signing request (PKCS #10), PEM.</param>
/// <param name="Use"><c>operational</c> (null too) or <c>birth</c>, which may only enrol.</param>
public sealed record IssueCertificateRequest(string Csr, string? Use = null);

/// <summary>A certificate that was just issued.</summary>
/// <param name="Certificate">PEM.</param>
/// <param name="Chain">PEM: those between it and the root, the root last.</param>
public sealed record IssuedCertificateInfo(CertificateInfo Info, string Certificate, string Chain);

/// <summary>A request to revoke: one certificate, or all of a device.</summary>
/// <param name="Reason"><c>unspecified</c>, <c>key-compromise</c>, <c>superseded</c>, <c>cessation-of-operation</c>, <c>privilege-withdrawn</c>, <c>affiliation-changed</c>, <c>ca-compromise</c>, or <c>hold</c>, from which it can come back.</param>
public sealed record RevokeCertificates(string? Serial, string? Device, string? Reason);

/// <summary>What was revoked.</summary>
public sealed record RevokedCertificates(IReadOnlyList<CertificateInfo> Items);

/// <summary>The root of the installation.</summary>
/// <param name="Fingerprint">SHA-256, lower-case hexadecimal.</param>
/// <param name="Certificate">PEM.</param>
/// <param name="Key">PKCS #8, PEM; null when it has left the node.</param>
public sealed record RootAuthority(string Fingerprint, string Certificate, string? Key)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => Fingerprint;
}
