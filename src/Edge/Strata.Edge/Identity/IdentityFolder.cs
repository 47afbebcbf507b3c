using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Strata.Core.Identity;

namespace Strata.Edge.Identity;

/// <summary>
/// The agent's keys and certificates, 0600 in a folder that is 0700. What is in use is one file, <c>current.pem</c>, with key and certificate together, replaced in one step after the one before
/// was kept as <c>previous.pem</c>: whatever moment the power goes, there is one that works. A key that was made and not certified yet stays as <c>next.key.pem</c> and is asked for again.
/// Where the key is in a token, the files hold certificates alone.
/// </summary>
internal sealed class IdentityFolder : IDisposable
{
    private readonly string path;
    private readonly TokenKey? token;

    private IdentityFolder(string path, TokenKey? token) => (this.path, this.token) = (path, token);

    private string CurrentFile => Path.Combine(path, "current.pem");

    private string PreviousFile => Path.Combine(path, "previous.pem");

    private string NextKeyFile => Path.Combine(path, "next.key.pem");

    /// <summary>Where it is in the agent's folder.</summary>
    public static string PathIn(string dataDirectory) => Path.Combine(dataDirectory, "identity");

    /// <param name="keyUri">Of the key in a token; null when keys are made and kept here.</param>
    /// <exception cref="EdgeConfigurationException">The token does not give the key.</exception>
    public static IdentityFolder Open(string dataDirectory, string? keyUri = null)
    {
        var token = keyUri is null ? null : TokenKey.Open(keyUri, "--key");
        return new(Directory.CreateDirectory(PathIn(dataDirectory), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName, token);
    }

    /// <summary>The identity in use; null when there is none, or it is damaged.</summary>
    public OperationalIdentity? Current => Read(CurrentFile);

    /// <summary>The one before; null when there is none.</summary>
    public OperationalIdentity? Previous => Read(PreviousFile);

    /// <summary>The key that is to be certified next: the token's, or one that is made when there is none.</summary>
    public ECDsa NextKey()
    {
        if (token is not null)
            return token.Create();
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            if (File.Exists(NextKeyFile))
            {
                key.ImportFromPem(File.ReadAllText(NextKeyFile));
                return key;
            }
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose(); // It was cut short: another one is as good, nobody has certified it.
            key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        }
        PrivateFile.Replace(NextKeyFile, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"), durable: true);
        return key;
    }

    /// <summary>Takes what was certified into use.</summary>
    /// <param name="key">What <see cref="NextKey"/> gave.</param>
    /// <param name="certificate">PEM.</param>
    /// <exception cref="CryptographicException">The certificate is not of this key, or not a device's.</exception>
    public OperationalIdentity Adopt(ECDsa key, string certificate)
    {
        var text = token is null ? key.ExportPkcs8PrivateKeyPem() + "\n" + certificate : certificate;
        var identity = OperationalIdentity.Parse(text, DateTimeOffset.UnixEpoch, token) ?? throw new CryptographicException("The certificate that was issued is not of the key that was asked for, or names no device.");
        identity.Dispose();
        // What is damaged must not take the place of what works.
        using (var before = Current)
        {
            if (before is not null)
                PrivateFile.Replace(PreviousFile, File.ReadAllBytes(CurrentFile), durable: true);
        }
        PrivateFile.Replace(CurrentFile, Encoding.ASCII.GetBytes(text), durable: true);
        File.Delete(NextKeyFile);
        return Current!;
    }

    public void Dispose() => token?.Dispose();

    private OperationalIdentity? Read(string file) =>
        File.Exists(file) ? OperationalIdentity.Parse(File.ReadAllText(file), new DateTimeOffset(File.GetLastWriteTimeUtc(file)), token) : null;
}

/// <summary>A certificate with its key, by which the device is let in.</summary>
/// <param name="Taken">When it was taken into use, by this machine's clock.</param>
internal sealed record OperationalIdentity(X509Certificate2 Certificate, CertificateName Name, DateTimeOffset Taken) : IDisposable
{
    private const string AlternativeNames = "2.5.29.17";

    /// <summary>
    /// From when on the next one is asked for: two thirds of its life after it was taken into use. Counted by this machine's clock from its own note, so that a clock that is wrong by a year does no harm.
    /// </summary>
    public DateTimeOffset RenewAt => Taken + (CertificateTerms.RenewAt(Certificate.NotBefore, Certificate.NotAfter) - Certificate.NotBefore);

    /// <summary>Whether its life is over, counted in the same way.</summary>
    public bool IsPast(DateTimeOffset now) => now > Taken + (Certificate.NotAfter - Certificate.NotBefore);

    /// <summary>Null when the text holds no certificate of a device with its key.</summary>
    /// <param name="token">Where the key is when the text does not hold it.</param>
    public static OperationalIdentity? Parse(string text, DateTimeOffset taken, TokenKey? token = null)
    {
        try
        {
            var certificate = token is null || text.Contains("PRIVATE KEY-----", StringComparison.Ordinal) ? X509Certificate2.CreateFromPem(text, text) : OfToken(text, token);
            foreach (var uri in UrisOf(certificate))
            {
                if (CertificateName.TryParse(uri, out var name) && name.Use == CertificateUse.Operational)
                    return new OperationalIdentity(certificate, name, taken);
            }
            certificate.Dispose();
            return null;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            return null;
        }
    }

    public void Dispose() => Certificate.Dispose();

    private static X509Certificate2 OfToken(string text, TokenKey token)
    {
        using var bare = X509Certificate2.CreateFromPem(text);
        using var key = token.Create();
        return bare.CopyWithPrivateKey(key);
    }

    private static IEnumerable<string> UrisOf(X509Certificate2 certificate)
    {
        var reader = new System.Formats.Asn1.AsnReader(certificate.Extensions[AlternativeNames]?.RawData ?? throw new CryptographicException("no names"), System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence();
        var uri = new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 6);
        while (reader.HasData)
        {
            if (reader.PeekTag().HasSameClassAndValue(uri))
                yield return reader.ReadCharacterString(System.Formats.Asn1.UniversalTagNumber.IA5String, uri);
            else
                reader.ReadEncodedValue();
        }
    }
}
