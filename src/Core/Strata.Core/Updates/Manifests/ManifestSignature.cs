namespace Strata.Core.Updates.Manifests;

/// <summary>What one key says of a manifest's exact bytes.</summary>
/// <param name="Key">The key's id, as its tenant knows it: <c>k1</c>.</param>
/// <param name="Algorithm"><c>ecdsa-p256</c> (SHA-256, IEEE P1363 form, 64 bytes) or <c>ed25519</c> (RFC 8032, 64 bytes).</param>
public sealed record ManifestSignature(string Key, string Algorithm, byte[] Signature);
