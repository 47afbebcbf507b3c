using System.Net.Security;
using Strata.Core.Identity;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>Names by which the node is reached, for the server certificate of its own authority; none when it serves with a certificate that it was given, or nothing by TLS.</summary>
public sealed record ServerNames(IReadOnlyCollection<string> Hosts);

/// <summary>What the node serves TLS with when it was given no certificate: one of its own authority, made at the start and again when two thirds of its time are over. Any thread.</summary>
public sealed class ServerCertificate
{
    private readonly InstallationAuthority authority;
    private readonly ServerNames names;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private SigningAuthority? issuer;
    private SslStreamCertificateContext? current;
    private DateTimeOffset renewAt;

    internal ServerCertificate(InstallationAuthority authority, ServerNames names, TimeProvider time) => (this.authority, this.names, this.time) = (authority, names, time);

    /// <summary>What to serve with now.</summary>
    /// <exception cref="InvalidOperationException">The node has not started yet.</exception>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (gate)
            {
                var now = time.GetUtcNow();
                if (current is null || now >= renewAt)
                    current = Make(now);
                return current;
            }
        }
    }

    /// <summary>Reads or makes the authority; before the node listens.</summary>
    internal async Task PrepareAsync(CancellationToken cancellationToken) => issuer = await authority.GetAsync(cancellationToken);

    private SslStreamCertificateContext Make(DateTimeOffset now)
    {
        var by = issuer ?? throw new InvalidOperationException("The node has not started yet.");
        var key = CertificateMaker.NewKey();
        var certificate = CertificateMaker.Server(by, key, names.Hosts, now);
        renewAt = CertificateTerms.RenewAt(certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return SslStreamCertificateContext.Create(certificate, [by.Certificate], offline: true);
    }
}
