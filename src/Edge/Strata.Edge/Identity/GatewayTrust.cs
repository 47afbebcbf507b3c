using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Strata.Edge.Identity;

/// <summary>
/// Whether a gateway's certificate is trusted: by the machine's authorities, or those of a file and those that the installation has given the agent since: while its root is replaced both, then the new one
/// alone. What it has given and gives no more is not trusted, though the file holds it. Any number of threads.
/// <para>
/// With a file, a certificate whose only fault is its time is taken as long as it may be the clock's: a device whose clock is wrong must still be able to come home. One that had ended when the device's own was
/// issued is out of date whatever the clock says, and refused.
/// </para>
/// </summary>
internal sealed class GatewayTrust
{
    private const string FileName = "trust.pem";
    private const string RetiredMark = "# retired ";
    private const int MostRoots = 8;
    private const int MostRetired = 64;
    private readonly X509Certificate2Collection named = [];
    private readonly string? path;
    private volatile Given given = new([], []);

    private GatewayTrust(string? path) => this.path = path;

    /// <param name="file">PEM; null for the machine's authorities, beside which nothing is taken.</param>
    /// <param name="dataDirectory">The agent's folder, which keeps what it was given.</param>
    /// <exception cref="EdgeConfigurationException">A file cannot be read.</exception>
    public static GatewayTrust Read(string? file, string dataDirectory)
    {
        if (file is null)
            return new GatewayTrust(null);
        var trust = new GatewayTrust(Path.Combine(IdentityFolder.PathIn(dataDirectory), FileName));
        try
        {
            trust.named.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new EdgeConfigurationException($"--ca: {file} cannot be read as certificates in PEM: {e.Message}", e);
        }
        if (trust.named.Count == 0)
            throw new EdgeConfigurationException($"--ca: {file} holds no certificate (PEM).");
        trust.given = ReadGiven(trust.path!);
        return trust;
    }

    /// <summary>
    /// Takes the roots that the installation says are to be trusted, over a connection whose other end was trusted already: on the disk when it returns. Those that it gave before and gives no more are retired.
    /// </summary>
    /// <returns>Whether something has changed.</returns>
    /// <exception cref="CryptographicException">They cannot be read, or are no roots.</exception>
    public bool Learn(string roots)
    {
        var found = new X509Certificate2Collection();
        found.ImportFromPem(roots);
        if (path is null || found.Count == 0)
            return false;
        if (found.Count > MostRoots || found.Any(c => !IsRoot(c)))
            throw new CryptographicException("What the gateway says is to be trusted is no list of roots.");
        var (before, next) = (given, found.Select(Print).ToList());
        if (before.Roots.Select(Print).SequenceEqual(next) && !before.Retired.Intersect(next).Any())
            return false;
        List<string> retired = [.. before.Roots.Select(Print).Concat(before.Retired).Except(next).Take(MostRetired)];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var text = string.Concat(retired.Select(r => RetiredMark + r + "\n")) + string.Concat(found.Select(c => c.ExportCertificatePem() + "\n"));
        PrivateFile.Replace(path, Encoding.ASCII.GetBytes(text), durable: true);
        given = new Given(found, retired);
        return true;
    }

    /// <param name="shown">The gateway's.</param>
    /// <param name="sent">With the certificates that it sent beside it.</param>
    /// <param name="own">The device's, by which it is known how late it is at least; null when it shows none.</param>
    public bool Accepts(X509Certificate? shown, X509Chain? sent, SslPolicyErrors errors, X509Certificate2? own)
    {
        if (named.Count == 0)
            return errors == SslPolicyErrors.None;
        if (shown is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return false;
        var certificate = new X509Certificate2(shown);
        if (own is not null && certificate.NotAfter < own.NotBefore)
            return false;
        var known = given;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        foreach (var root in named.Concat(known.Roots).Where(c => !known.Retired.Contains(Print(c))).DistinctBy(Print))
            chain.ChainPolicy.CustomTrustStore.Add(root);
        if (sent is not null)
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        return chain.Build(certificate);
    }

    private static Given ReadGiven(string path)
    {
        if (!File.Exists(path))
            return new Given([], []);
        try
        {
            var text = File.ReadAllText(path);
            var roots = new X509Certificate2Collection();
            roots.ImportFromPem(text);
            return new Given(roots, [.. text.Split('\n').Where(l => l.StartsWith(RetiredMark, StringComparison.Ordinal)).Select(l => l[RetiredMark.Length..].Trim())]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new EdgeConfigurationException($"{path}, which holds the roots that the agent was given, cannot be read ({e.Message}); without the file those of --ca are trusted.", e);
        }
    }

    private static bool IsRoot(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData) && certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(b => b.CertificateAuthority);

    private static string Print(X509Certificate2 certificate) => Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));

    /// <param name="Retired">SHA-256 of those that were given once.</param>
    private sealed record Given(X509Certificate2Collection Roots, IReadOnlyList<string> Retired);
}
