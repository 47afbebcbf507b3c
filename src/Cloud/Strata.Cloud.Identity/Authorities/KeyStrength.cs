using System.Security.Cryptography.X509Certificates;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>Which keys are strong enough.</summary>
internal static class KeyStrength
{
    private const int LeastRsaBits = 2048;
    private const int LeastCurveBits = 256;
    private const string Ed25519 = "1.3.101.112";

    /// <summary>Why a device's key is not certified here; null when it is.</summary>
    public static string? Refuse(PublicKey key)
    {
        using var rsa = key.GetRSAPublicKey();
        if (rsa is not null)
            return rsa.KeySize < LeastRsaBits ? $"The key is RSA of {rsa.KeySize} bits; at least {LeastRsaBits} are needed." : null;
        using var curve = key.GetECDsaPublicKey();
        return curve is not null
            ? curve.KeySize < LeastCurveBits ? $"The key's curve has {curve.KeySize} bits; at least {LeastCurveBits} are needed." : null
            : $"Keys of the kind {key.Oid.Value} cannot be certified here; use ECDSA P-256 or RSA.";
    }

    /// <summary>Why a key of somebody else's certificate is too weak to be trusted; null when it is not. Theirs may be Ed25519 too.</summary>
    public static string? RefuseForeign(PublicKey key) => key.Oid.Value == Ed25519 ? null : Refuse(key);
}
