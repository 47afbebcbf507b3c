using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core.Identity;
using Strata.Storage;

namespace Strata.Fog.Trust;

/// <summary>The certificate by which the gateway serves devices that show theirs: issued by the cloud, in one file (0600) with its key, so that it serves without its parent. Any thread.</summary>
internal sealed class GatewayServerCertificate(string path)
{
    private readonly Lock gate = new();
    private Served? served;

    /// <summary>What to serve with.</summary>
    /// <exception cref="AuthenticationUnavailableException">There is none yet.</exception>
    public SslStreamCertificateContext Current => Get()?.Context ?? throw new AuthenticationUnavailableException("The gateway has no certificate to serve with yet; it asks its parent for one.");

    /// <summary>Whether the next one is due: there is none, two thirds of its life are over, the authority that issues is another, or it is for other names.</summary>
    /// <param name="issuer">The key id of the authority that issues now.</param>
    public bool IsDue(string issuer, IReadOnlyCollection<string> names, DateTimeOffset now) =>
        Get() is not { } known || now >= known.RenewAt || known.Issuer != issuer || !names.All(known.Names.Contains);

    /// <summary>Takes what was issued into use: on the disk when it returns.</summary>
    /// <exception cref="CryptographicException">It is not of this key.</exception>
    public void Adopt(ECDsa key, string certificate, string chain, IReadOnlyCollection<string> names)
    {
        var text = $"# names {string.Join(' ', names)}\n{key.ExportPkcs8PrivateKeyPem()}\n{certificate}{chain}";
        var next = Parse(text);
        SafeFiles.Replace(path, System.Text.Encoding.ASCII.GetBytes(text), RandomAccess.FlushToDisk);
        lock (gate)
            served = next;
    }

    private Served? Get()
    {
        lock (gate)
        {
            if (served is not null || !File.Exists(path))
                return served;
            try
            {
                return served = Parse(File.ReadAllText(path));
            }
            catch (CryptographicException)
            {
                return null; // Damaged: another one is asked for.
            }
        }
    }

    private static Served Parse(string text)
    {
        var certificate = X509Certificate2.CreateFromPem(text, text);
        var all = new X509Certificate2Collection();
        all.ImportFromPem(text);
        all.RemoveAt(0);
        var names = text[..text.IndexOf('\n')].Split(' ').Skip(2).ToHashSet();
        var issuer = certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } id ? Convert.ToHexStringLower(id.Span) : "";
        return new Served(
            SslStreamCertificateContext.Create(certificate, all, offline: true), issuer, names, CertificateTerms.RenewAt(certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime()));
    }

    private sealed record Served(SslStreamCertificateContext Context, string Issuer, IReadOnlySet<string> Names, DateTimeOffset RenewAt);
}

/// <summary>The gateway cannot prove who it is yet.</summary>
internal sealed class AuthenticationUnavailableException(string message) : System.Security.Authentication.AuthenticationException(message);
