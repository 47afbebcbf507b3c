namespace Strata.Cloud.Contracts;

/// <summary>A certificate that was issued to a device.</summary>
/// <param name="Serial">Lower-case hexadecimal.</param>
/// <param name="Issuer">The key id of the authority that issued it.</param>
/// <param name="Use"><c>operational</c> or <c>birth</c>.</param>
/// <param name="RenewAt">From when on its device renews it.</param>
/// <param name="Standing"><c>good</c>, <c>hold</c>, <c>revoked</c> or <c>expired</c>.</param>
/// <param name="Reason">Why it is not good; null while it is.</param>
/// <param name="KeyHash">SHA-256 of its public key, lower-case hexadecimal.</param>
/// <param name="Problems">What an operator should look at: <c>shared-key</c> (another device has a certificate of the same key), <c>two-addresses</c> (it goes back and forth between two addresses: it was copied).</param>
public sealed record CertificateInfo(
    string Serial, string Device, string Issuer, string Use, DateTimeOffset NotBefore, DateTimeOffset NotAfter, DateTimeOffset RenewAt, string Standing, string? Reason,
    DateTimeOffset? Since, string KeyHash, IReadOnlyList<string>? Problems = null);

/// <summary>Certificates by their standing, and devices by how long their last good operational certificate holds.</summary>
/// <param name="Late">Devices that should have renewed it.</param>
/// <param name="EndIn7Days">Devices whose last one ends within that time.</param>
public sealed record CertificateSummary(int Good, int Hold, int Revoked, int Expired, int Late, int EndIn7Days, int EndIn30Days, int EndIn90Days);

/// <summary>A request for a certificate for a device.</summary>
/// <param name="Csr">A certificate signing request (PKCS #10), PEM.</param>
/// <param name="Use"><c>operational</c> (null too) or <c>birth</c>, which may only enrol.</param>
public sealed record IssueCertificateRequest(string Csr, string? Use = null);

/// <summary>A certificate that was just issued.</summary>
/// <param name="Certificate">PEM.</param>
/// <param name="Chain">PEM: those between it and the root, the root last.</param>
public sealed record IssuedCertificateInfo(CertificateInfo Info, string Certificate, string Chain);

/// <summary>A request to revoke: one certificate, all of a device, or an authority, whose certificates then let nobody in: by the name of its batch, or its id.</summary>
/// <param name="Reason"><c>unspecified</c>, <c>key-compromise</c>, <c>superseded</c>, <c>cessation-of-operation</c>, <c>privilege-withdrawn</c>, <c>affiliation-changed</c>, <c>ca-compromise</c>, or <c>hold</c>, from which it can come back.</param>
public sealed record RevokeCertificates(string? Serial = null, string? Device = null, string? Reason = null, string? Batch = null, string? Issuer = null);

/// <summary>What was revoked.</summary>
/// <param name="Authority">The authority, when one was.</param>
public sealed record RevokedCertificates(IReadOnlyList<CertificateInfo> Items, AuthorityInfo? Authority = null);

/// <summary>The root of the installation.</summary>
/// <param name="Fingerprint">SHA-256, lower-case hexadecimal.</param>
/// <param name="Certificate">PEM.</param>
/// <param name="Key">PKCS #8, PEM; null when it has left the node.</param>
public sealed record RootAuthority(string Fingerprint, string Certificate, string? Key)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => Fingerprint;
}

/// <summary>An authority whose devices are let in.</summary>
/// <param name="Id">Its key id, by which certificates' issuers are named.</param>
/// <param name="Kind"><c>tenant</c> (the tenant's own), <c>batch</c> or <c>foreign</c>.</param>
/// <param name="Name">The batch's name, or a foreign one's subject.</param>
/// <param name="Sku">What the batch makes.</param>
/// <param name="Standing"><c>trusted</c>, <c>pending</c> (a foreign one that has not proved that it has its key), <c>revoked</c> or <c>expired</c>.</param>
/// <param name="Challenge">The common name of the certificate with which a pending one proves itself.</param>
public sealed record AuthorityInfo(
    string Id, string Kind, string Name, string? Sku, string Standing, string? Challenge, string? Reason, DateTimeOffset NotAfter, DateTimeOffset Created, string Certificate);

/// <summary>A certificate in PEM: a foreign authority's own, or the one with which it proves that it has its key.</summary>
public sealed record CertificatePem(string Certificate);

/// <summary>A manufacturing batch, which gets an authority of its own.</summary>
/// <param name="Name">1 to 64 characters: letters, digits, <c>-</c>, <c>_</c>, <c>.</c></param>
/// <param name="Sku">What is made; templates see it.</param>
public sealed record CreateBatch(string Name, string? Sku);

/// <summary>Keys of a batch to be certified.</summary>
/// <param name="Items">At most 1,000.</param>
public sealed record CertifyBatch(IReadOnlyList<BatchKey> Items);

/// <param name="Serial">The device's serial number, with which it names itself: as a device's id.</param>
/// <param name="Key">Its public key (SubjectPublicKeyInfo), base64.</param>
public sealed record BatchKey(string Serial, string Key);

/// <summary>Birth certificates, in the order of the keys.</summary>
/// <param name="Chain">PEM: those between them and the root, the root last.</param>
public sealed record CertifiedBatch(IReadOnlyList<BirthCertificate> Items, string Chain);

/// <param name="Serial">The device's.</param>
/// <param name="Certificate">PEM.</param>
public sealed record BirthCertificate(string Serial, string Certificate);

/// <summary>A claim certificate: shared by devices of a kind, it may do nothing but ask for a birth of one's own.</summary>
/// <param name="Name">1 to 64 characters, as a device's id.</param>
/// <param name="Csr">A certificate signing request (PKCS #10), PEM.</param>
public sealed record IssueClaim(string Name, string Csr);

/// <summary>What a tenant asks of its devices' identities.</summary>
/// <param name="Lifetime">Of operational certificates; 1 hour to 2 years.</param>
/// <param name="Grace">How long after its end a certificate may still ask for the next one; 0 to 5 years.</param>
/// <param name="Secrets"><c>allowed</c> or <c>refused</c>: whether devices may show a secret in place of a certificate.</param>
public sealed record CertificatePolicyInfo(TimeSpan Lifetime, TimeSpan Grace, string Secrets);

/// <summary>How a roll-over of a tenant's authority stands.</summary>
public static class RolloverStates
{
    /// <summary>One authority issues and is trusted.</summary>
    public const string None = "none";

    /// <summary>A new one issues, both are trusted, devices renew.</summary>
    public const string Renewing = "renewing";
}

/// <summary>How the roll-over of the tenant's authority stands.</summary>
/// <param name="State"><c>none</c> or <c>renewing</c>.</param>
/// <param name="Old">The authority that is replaced, or that would be.</param>
/// <param name="New">The one that issues now; null before the begin.</param>
/// <param name="Moved">Devices with a certificate of the new one.</param>
/// <param name="Waiting">Devices with one of the old only.</param>
/// <param name="Expected">When all that are connected have renewed.</param>
/// <param name="OldNotAfter">When the old one ends by itself.</param>
public sealed record RolloverInfo(string State, string? Old, string? New, int Moved, int Waiting, DateTimeOffset? Expected, DateTimeOffset? OldNotAfter);

/// <summary>The next step of a roll-over: its begin, or its end once nobody waits.</summary>
/// <param name="EndNow">Ends it though devices wait: these enrol anew with their birth certificates.</param>
public sealed record RunRollover(bool EndNow = false);

/// <summary>How a roll-over of the installation's intermediate, and of the root, stands.</summary>
public static class InstallationRolloverStates
{
    public const string None = "none";

    /// <summary>The next intermediate's key is made, and waits to be certified off the node.</summary>
    public const string Requested = "requested";

    /// <summary>The new one certifies; devices learn of the new root, if there is one.</summary>
    public const string Renewing = "renewing";
}

/// <summary>How the roll-over of the installation's intermediate, and of the root, stands.</summary>
/// <param name="State"><c>none</c>, <c>requested</c> or <c>renewing</c>.</param>
/// <param name="Root">SHA-256 of the root, of the old one while both are trusted.</param>
/// <param name="NewRoot">SHA-256 of the new root; null where it is not replaced.</param>
/// <param name="Old">The key id of the intermediate that is replaced, or that would be.</param>
/// <param name="New">Of the one that certifies now; null before it does.</param>
/// <param name="Request">The certificate signing request (PKCS #10, PEM) that the root is to sign; null when none waits.</param>
/// <param name="Moved">Devices with a certificate of ours that were given the new root.</param>
/// <param name="Waiting">Those that were not; before the begin, all. None where the root is not replaced.</param>
/// <param name="WaitingDevices">The first 100 of them, <c>TENANT/DEVICE</c>.</param>
/// <param name="Begun">Since when the new one certifies.</param>
/// <param name="Expected">When all that are connected have renewed.</param>
public sealed record InstallationRolloverInfo(
    string State, string Root, string? NewRoot, string Old, string? New, string? Request, int Moved, int Waiting, IReadOnlyList<string> WaitingDevices, DateTimeOffset? Begun, DateTimeOffset? Expected);

/// <summary>The next step of that roll-over: the request, the begin with what was signed, or the end once nobody waits.</summary>
/// <param name="Certificates">PEM: what <c>strata ca sign</c> wrote.</param>
/// <param name="EndNow">Ends it though devices wait: these do not trust the node any more, unless somebody gives them the new root.</param>
public sealed record RunInstallationRollover(string? Certificates = null, bool EndNow = false);
