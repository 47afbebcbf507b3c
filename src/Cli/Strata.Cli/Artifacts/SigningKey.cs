using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Strata.Cloud.Contracts;
using Strata.Core.Updates.Manifests;

namespace Strata.Cli.Artifacts;

/// <summary>A private key that signs manifests: a PEM file (PKCS #8) of the operator's, named after the key, <c>k1.key.pem</c>. openssl reads and makes such files too.</summary>
internal sealed class SigningKey
{
    /// <summary>PKCS #8 of an Ed25519 key (RFC 8410) is this and the 32 bytes of its seed.</summary>
    private static readonly byte[] Ed25519Prefix = Convert.FromHexString("302e020100300506032b657004220420");

    private readonly byte[] pkcs8;

    private SigningKey(string id, string algorithm, byte[] pkcs8) => (Id, Algorithm, this.pkcs8) = (id, algorithm, pkcs8);

    public string Id { get; }

    public string Algorithm { get; }

    /// <summary>As manifests' keys are given to the node.</summary>
    public byte[] PublicKey
    {
        get
        {
            if (Algorithm == SignatureAlgorithms.Ed25519)
                return Seed.GeneratePublicKey().GetEncoded();
            using var key = Point();
            return key.ExportSubjectPublicKeyInfo();
        }
    }

    private Ed25519PrivateKeyParameters Seed => new(pkcs8, Ed25519Prefix.Length);

    /// <exception cref="CliException">There is no such algorithm.</exception>
    public static SigningKey Make(string id, string algorithm)
    {
        if (!ManifestLimits.IsKeyId(id))
            throw new CliException(ExitCode.Usage, $"'{id}' is no name of a key; use 1 to 64 of a-z, 0-9, '.', '_', '-'.");
        if (algorithm == SignatureAlgorithms.Ed25519)
            return new SigningKey(id, algorithm, [.. Ed25519Prefix, .. RandomNumberGenerator.GetBytes(32)]);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new SigningKey(id, SignatureAlgorithms.EcdsaP256, key.ExportPkcs8PrivateKey());
    }

    /// <exception cref="CliException">The file cannot be used, or others may read it.</exception>
    public static SigningKey Read(string path)
    {
        try
        {
            if ((File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
                throw new CliException(ExitCode.Usage, $"{path} can be read or changed by others; 'chmod 600 {path}'.");
            var text = File.ReadAllText(path);
            var found = PemEncoding.Find(text);
            if (text[found.Label] != "PRIVATE KEY")
                throw new CliException(ExitCode.Usage, $"{path} holds '{text[found.Label]}'; a private key without a password (PKCS #8, 'PRIVATE KEY') is needed, as 'strata artifacts keygen' makes.");
            var pkcs8 = Convert.FromBase64String(text[found.Base64Data]);
            var id = Path.GetFileName(path).Split('.')[0];
            if (!ManifestLimits.IsKeyId(id))
                throw new CliException(ExitCode.Usage, $"{path} must be named after its key, for example k1.key.pem.");
            var key = new SigningKey(id, pkcs8.AsSpan().StartsWith(Ed25519Prefix) && pkcs8.Length == Ed25519Prefix.Length + 32 ? SignatureAlgorithms.Ed25519 : SignatureAlgorithms.EcdsaP256, pkcs8);
            if (!SignatureAlgorithms.IsKey(key.Algorithm, key.PublicKey))
                throw new CliException(ExitCode.Usage, $"{path} is neither an Ed25519 nor a P-256 key.");
            return key;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or FormatException or CryptographicException)
        {
            throw new CliException(ExitCode.Usage, $"{path} cannot be used: {e.Message}");
        }
    }

    public string ToPem() => PemEncoding.WriteString("PRIVATE KEY", pkcs8);

    public SignatureInfo Sign(byte[] manifest)
    {
        byte[] signature;
        if (Algorithm == SignatureAlgorithms.Ed25519)
        {
            var signer = new Ed25519Signer();
            signer.Init(true, Seed);
            signer.BlockUpdate(manifest);
            signature = signer.GenerateSignature();
        }
        else
        {
            using var key = Point();
            signature = key.SignData(manifest, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
        return new SignatureInfo(Id, Algorithm, Convert.ToBase64String(signature));
    }

    private ECDsa Point()
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return key;
    }
}
