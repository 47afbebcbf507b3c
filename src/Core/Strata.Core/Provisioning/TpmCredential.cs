using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Strata.Core.Provisioning;

/// <summary>
/// A secret that only one TPM can open, and only while it holds a named key: what TPM2_MakeCredential makes (TPM 2.0 Library, part 1, 24 and B.10.3, C.6.3) and TPM2_ActivateCredential opens. The endorsement key
/// is of the TCG's default templates: RSA-2048 or ECC P-256, SHA-256, AES-128 in CFB.
/// </summary>
/// <param name="Blob">A TPM2B_ID_OBJECT.</param>
/// <param name="Secret">A TPM2B_ENCRYPTED_SECRET.</param>
public readonly record struct TpmCredential(byte[] Blob, byte[] Secret)
{
    /// <summary>Bytes of a secret that is sealed.</summary>
    public const int SecretLength = 32;

    private const int HashLength = 32;

    /// <summary>Whether it is an endorsement key that can be asked: RSA-2048 or ECC P-256.</summary>
    /// <param name="endorsementKey">SubjectPublicKeyInfo.</param>
    public static bool IsEndorsementKey(ReadOnlySpan<byte> endorsementKey)
    {
        using var rsa = RsaOf(endorsementKey);
        using var curve = rsa is null ? CurveOf(endorsementKey) : null;
        return rsa is { KeySize: 2_048 } || curve is { KeySize: 256 };
    }

    /// <param name="endorsementKey">SubjectPublicKeyInfo; one that <see cref="IsEndorsementKey"/>.</param>
    /// <param name="name">Of the key that the TPM must hold, see <see cref="TpmPublicArea.Name"/>.</param>
    /// <param name="secret">At most <see cref="SecretLength"/> bytes.</param>
    public static TpmCredential Make(ReadOnlySpan<byte> endorsementKey, byte[] name, byte[] secret)
    {
        using var rsa = RsaOf(endorsementKey);
        var (seed, encrypted) = rsa is not null ? SeedByRsa(rsa) : SeedByCurve(endorsementKey);
        using var aes = Aes.Create();
        aes.Key = DeriveByHmac(seed, "STORAGE\0"u8, name, 16);
        var identity = Sized(secret);
        var padded = new byte[(identity.Length + 15) / 16 * 16];
        identity.CopyTo(padded, 0);
        // CFB is a stream: what the padding came to is cut off.
        var sealedIdentity = aes.EncryptCfb(padded, new byte[16], PaddingMode.None, 128)[..identity.Length];
        byte[] named = [.. sealedIdentity, .. name];
        var integrity = HMACSHA256.HashData(DeriveByHmac(seed, "INTEGRITY\0"u8, [], HashLength), named);
        return new TpmCredential(Sized([.. Sized(integrity), .. sealedIdentity]), Sized(encrypted));
    }

    /// <summary>Drawn, and encrypted with OAEP under the label of identities, which the framework's own OAEP cannot have.</summary>
    private static (byte[] Seed, byte[] Encrypted) SeedByRsa(RSA key)
    {
        var parameters = key.ExportParameters(false);
        var (seed, mask, length) = (RandomNumberGenerator.GetBytes(HashLength), RandomNumberGenerator.GetBytes(HashLength), parameters.Modulus!.Length);
        var block = new byte[length - HashLength - 1];
        SHA256.HashData("IDENTITY\0"u8).CopyTo(block, 0);
        block[^(seed.Length + 1)] = 1;
        seed.CopyTo(block, block.Length - seed.Length);
        Xor(block, MaskOf(mask, block.Length));
        Xor(mask, MaskOf(block, HashLength));
        var message = new BigInteger([0, .. mask, .. block], isUnsigned: true, isBigEndian: true);
        var encrypted = BigInteger.ModPow(message, Number(parameters.Exponent!), Number(parameters.Modulus)).ToByteArray(isUnsigned: true, isBigEndian: true);
        return (seed, [.. new byte[length - encrypted.Length], .. encrypted]);
    }

    /// <summary>Agreed on with a key that is made for it.</summary>
    private static (byte[] Seed, byte[] Encrypted) SeedByCurve(ReadOnlySpan<byte> endorsementKey)
    {
        using var other = CurveOf(endorsementKey) ?? throw new ArgumentException("It is no endorsement key that can be asked.", nameof(endorsementKey));
        using var own = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var theirs = other.PublicKey;
        var (mine, agreed) = (own.ExportParameters(false).Q, own.DeriveRawSecretAgreement(theirs));
        var seed = SHA256.HashData([0, 0, 0, 1, .. agreed, .. "IDENTITY\0"u8, .. mine.X!, .. other.ExportParameters(false).Q.X!]);
        return (seed, [.. Sized(mine.X!), .. Sized(mine.Y!)]);
    }

    /// <summary>KDFa of part 1, 11.4.10.2, for keys of one digest at most.</summary>
    private static byte[] DeriveByHmac(byte[] key, ReadOnlySpan<byte> label, byte[] context, int bytes)
    {
        var bits = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bits, bytes * 8);
        byte[] input = [0, 0, 0, 1, .. label, .. context, .. bits];
        return HMACSHA256.HashData(key, input)[..bytes];
    }

    /// <summary>MGF1 with SHA-256.</summary>
    private static byte[] MaskOf(byte[] seed, int length)
    {
        var mask = new List<byte>(length + HashLength);
        for (byte counter = 0; mask.Count < length; counter++)
            mask.AddRange(SHA256.HashData([.. seed, 0, 0, 0, counter]));
        return [.. mask.Take(length)];
    }

    private static void Xor(byte[] bytes, byte[] with)
    {
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] ^= with[i];
    }

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static byte[] Sized(byte[] bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];

    private static RSA? RsaOf(ReadOnlySpan<byte> key) => Imported(RSA.Create(), key);

    private static ECDiffieHellman? CurveOf(ReadOnlySpan<byte> key) => Imported(ECDiffieHellman.Create(), key);

    private static T? Imported<T>(T empty, ReadOnlySpan<byte> key)
        where T : AsymmetricAlgorithm
    {
        try
        {
            empty.ImportSubjectPublicKeyInfo(key, out var read);
            if (read == key.Length)
                return empty;
        }
        catch (CryptographicException)
        {
            // Another kind of key, or none.
        }
        empty.Dispose();
        return null;
    }
}
