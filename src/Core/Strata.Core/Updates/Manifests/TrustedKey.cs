namespace Strata.Core.Updates.Manifests;

/// <summary>A public key whose signatures count.</summary>
/// <param name="PublicKey">Of <c>ecdsa-p256</c> the SubjectPublicKeyInfo (DER), of <c>ed25519</c> the 32 bytes of RFC 8032.</param>
/// <param name="NotBefore">A manifest that says it was signed before is not believed; null: from ever.</param>
/// <param name="NotAfter">A manifest that says it was signed later is not believed; null: for ever. So a key that was replaced goes on vouching for what it signed in its time, until it is taken from the list.</param>
public sealed record TrustedKey(string Id, string Algorithm, byte[] PublicKey, DateTimeOffset? NotBefore, DateTimeOffset? NotAfter);

/// <summary>Whose signatures a device, or a tenant's store, asks for.</summary>
/// <param name="Threshold">How many different keys must have signed: 1 or 2.</param>
public sealed record KeyRing(IReadOnlyList<TrustedKey> Keys, int Threshold);
