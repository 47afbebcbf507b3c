namespace Strata.Cloud.Contracts;

/// <summary>What one key says of a manifest.</summary>
/// <param name="Key">The key's id.</param>
/// <param name="Algorithm"><c>ecdsa-p256</c> or <c>ed25519</c>.</param>
/// <param name="Signature">64 bytes in base64.</param>
public sealed record SignatureInfo(string Key, string Algorithm, string Signature);

/// <summary>Adds an artifact whose bytes were sent before (<c>PUT /api/v1/artifact-contents/{sha256}</c>).</summary>
/// <param name="Manifest">The exact bytes that were signed, in base64.</param>
/// <param name="Bom">Its bill of materials, CycloneDX in JSON, as text; null for none.</param>
public sealed record AddArtifact(string Manifest, IReadOnlyList<SignatureInfo> Signatures, string? Bom = null);

/// <summary>An artifact.</summary>
/// <param name="Id"><c>{component}/{version}/{first 12 digits of sha256}</c>.</param>
/// <param name="Hardware">Empty: any.</param>
/// <param name="From">Versions it can be installed over; empty: any.</param>
/// <param name="Counter">A device that has confirmed a higher one of the component refuses it.</param>
/// <param name="SignedAt">When, by the signer's clock.</param>
/// <param name="Keys">Whose signatures hold now.</param>
/// <param name="BomComponents">How many parts its bill of materials names; 0 without one.</param>
/// <param name="Available">Whether its bytes are here; after an import from another installation they have to be sent again.</param>
public sealed record ArtifactInfo(
    string Id, string Component, string Version, IReadOnlyList<string> Models, IReadOnlyList<string> Hardware, IReadOnlyList<string> From, IReadOnlyList<ArtifactNeed> Needs, long Counter, string Sha256,
    long Size, bool Reversible, DateTimeOffset SignedAt, IReadOnlyList<string> Keys, IReadOnlyList<ArtifactDelta> Deltas, int BomComponents, bool Available, DateTimeOffset Added, string AddedBy);

/// <summary>Another component that has to be there before.</summary>
public sealed record ArtifactNeed(string Component, string MinVersion);

/// <summary>A patch that makes the artifact out of an older one.</summary>
/// <param name="From">SHA-256 of the older one.</param>
/// <param name="Sha256">Of the patch.</param>
public sealed record ArtifactDelta(string From, string? FromVersion, string Sha256, long Size, string Format);

/// <summary>Bytes that were taken.</summary>
public sealed record ArtifactContent(string Sha256, long Size);

/// <summary>A public key by which manifests are believed.</summary>
/// <param name="PublicKey">Base64: of <c>ecdsa-p256</c> the SubjectPublicKeyInfo, of <c>ed25519</c> the 32 bytes.</param>
/// <param name="NotBefore">What says it was signed before is not believed.</param>
/// <param name="NotAfter">What says it was signed later is not believed.</param>
public sealed record ArtifactKeyInfo(string Id, string Algorithm, string PublicKey, DateTimeOffset? NotBefore, DateTimeOffset? NotAfter, DateTimeOffset Added, string AddedBy);

/// <summary>Adds a key, or changes how long it signs.</summary>
public sealed record SaveArtifactKey(string Algorithm, string PublicKey, DateTimeOffset? NotBefore = null, DateTimeOffset? NotAfter = null);

/// <summary>How many different keys must have signed a manifest: 1 or 2.</summary>
public sealed record ArtifactPolicy(int Threshold);

/// <summary>One part that an artifact is made of.</summary>
public sealed record BomPart(string Name, string Version, string? Purl);
