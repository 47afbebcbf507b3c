using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Strata.Core.Provisioning;

/// <summary>
/// The public part of a key in a TPM (TPMT_PUBLIC; TPM 2.0 Library, part 2, 12.2.4), as far as it is needed to know a key that attests: RSA from 2,048 bits or ECC P-256, named by SHA-256.
/// </summary>
public sealed class TpmPublicArea
{
    private const ushort Rsa = 0x0001;
    private const ushort Sha256 = 0x000B;
    private const ushort Null = 0x0010;
    private const ushort RsaSsa = 0x0014;
    private const ushort RsaPss = 0x0016;
    private const ushort EcDsa = 0x0018;
    private const ushort Ecc = 0x0023;
    private const ushort NistP256 = 0x0003;

    /// <summary>Made in this TPM and never to leave it, for signing what the TPM itself has made or hashed: fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign.</summary>
    private const uint Attests = (1 << 1) | (1 << 4) | (1 << 5) | (1 << 16) | (1 << 18);

    private const uint Decrypts = 1 << 17;

    private TpmPublicArea(byte[] name, uint attributes, int scheme, RSAParameters? rsa, ECParameters? ec)
    {
        Name = name;
        this.attributes = attributes;
        this.scheme = scheme;
        this.rsa = rsa;
        this.ec = ec;
    }

    private readonly uint attributes;
    private readonly int scheme;
    private readonly RSAParameters? rsa;
    private readonly ECParameters? ec;

    /// <summary>How the TPM calls it: its digest behind the digest's algorithm.</summary>
    public byte[] Name { get; }

    /// <summary>Whether the key was made in its TPM, cannot leave it, and signs only what the TPM has made or hashed.</summary>
    public bool IsAttestationKey => (attributes & Attests) == Attests && (attributes & Decrypts) == 0;

    /// <summary>Reads a TPM2B_PUBLIC (as tpm2-tools write it) or a TPMT_PUBLIC.</summary>
    /// <returns>A problem when it is damaged or of a kind that is not taken.</returns>
    public static Outcome<TpmPublicArea> Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            // The first two bytes are a length, or the key's type, which is no length that a key could have.
            return Read(bytes.Length > 2 && BinaryPrimitives.ReadUInt16BigEndian(bytes) == bytes.Length - 2 ? bytes[2..] : bytes);
        }
        catch (ArgumentOutOfRangeException)
        {
            return Wrong("it ends too early");
        }
    }

    /// <summary>Whether the key has signed the data, as its scheme says: RSA PKCS #1 or PSS, or ECDSA in DER, with SHA-256.</summary>
    public bool Verify(byte[] data, byte[] signature)
    {
        if (rsa is { } parameters)
        {
            using var key = RSA.Create(parameters);
            return key.VerifyData(data, signature, HashAlgorithmName.SHA256, scheme == RsaPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        }
        using var curve = ECDsa.Create(ec!.Value);
        return curve.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static Outcome<TpmPublicArea> Read(ReadOnlySpan<byte> area)
    {
        var from = new Reader(area);
        var (type, nameAlgorithm, attributes) = (from.Number(), from.Number(), (uint)((from.Number() << 16) | from.Number()));
        from.Sized();
        if (type is not (Rsa or Ecc))
            return Wrong("its type is neither RSA nor ECC");
        if (nameAlgorithm != Sha256)
            return Wrong("it is not named by SHA-256");
        if (from.Number() != Null)
            return Wrong("it has a symmetric algorithm: it is a key that stores, not one that signs");
        var scheme = from.Number();
        if (scheme is not (RsaSsa or RsaPss or EcDsa))
            return Wrong("its scheme is none of RSASSA, RSAPSS and ECDSA");
        if (from.Number() != Sha256)
            return Wrong("its scheme's digest is not SHA-256");
        byte[] name = [Sha256 >> 8, Sha256 & 0xFF, .. SHA256.HashData(area)];
        if (type == Rsa)
        {
            var (bits, exponent) = (from.Number(), (from.Number() << 16) | from.Number());
            var modulus = from.Sized();
            if (exponent is not (0 or 65_537) || bits < 2_048 || bits > 4_096 || modulus.Length != bits / 8 || scheme == EcDsa || !from.AtEnd)
                return Wrong("it is no RSA key of 2,048 to 4,096 bits");
            return new TpmPublicArea(name, attributes, scheme, new RSAParameters { Modulus = modulus, Exponent = [1, 0, 1] }, null);
        }
        if (from.Number() != NistP256 || scheme != EcDsa)
            return Wrong("its curve is not P-256");
        if (from.Number() != Null)
            return Wrong("it derives keys");
        var (x, y) = (from.Sized(), from.Sized());
        if (x.Length is 0 or > 32 || y.Length is 0 or > 32 || !from.AtEnd)
            return Wrong("its point is not one of P-256");
        var point = new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Padded(x), Y = Padded(y) } };
        try
        {
            using var _ = ECDsa.Create(point);
        }
        catch (CryptographicException)
        {
            return Wrong("its point is not one of P-256");
        }
        return new TpmPublicArea(name, attributes, scheme, null, point);
    }

    private static byte[] Padded(byte[] number) => [.. new byte[32 - number.Length], .. number];

    private static Problem Wrong(string why) => new(ProblemKind.Invalid, $"The attestation key is not taken: {why}.", "attestationKey");

    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> rest = rest;

        public readonly bool AtEnd => rest.IsEmpty;

        public int Number()
        {
            var number = BinaryPrimitives.ReadUInt16BigEndian(rest);
            rest = rest[2..];
            return number;
        }

        public byte[] Sized()
        {
            var length = Number();
            var bytes = rest[..length].ToArray();
            rest = rest[length..];
            return bytes;
        }
    }
}
