using System.Security.Cryptography;

namespace Strata.Core.Updates.Manifests;

/// <summary>The two kinds of signatures of manifests.</summary>
public static class SignatureAlgorithms
{
    /// <summary>ECDSA over P-256 with SHA-256; the signature is r and s, 32 bytes each (IEEE P1363).</summary>
    public const string EcdsaP256 = "ecdsa-p256";

    /// <summary>Pure Ed25519 (RFC 8032).</summary>
    public const string Ed25519 = "ed25519";

    /// <summary>Whether it can be a public key of the algorithm.</summary>
    public static bool IsKey(string? algorithm, byte[] key)
    {
        if (algorithm == Ed25519)
            return Ed25519Verifier.IsKey(key);
        if (algorithm != EcdsaP256)
            return false;
        try
        {
            using var point = ECDsa.Create();
            point.ImportSubjectPublicKeyInfo(key, out var read);
            return read == key.Length && point.KeySize == 256 && point.ExportParameters(false).Curve.Oid.Value == "1.2.840.10045.3.1.7";
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public static bool Verify(TrustedKey key, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != 64 || !IsKey(key.Algorithm, key.PublicKey))
            return false;
        if (key.Algorithm == Ed25519)
            return Ed25519Verifier.Verify(key.PublicKey, content, signature);
        using var point = ECDsa.Create();
        point.ImportSubjectPublicKeyInfo(key.PublicKey, out _);
        return point.VerifyData(content, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }
}
