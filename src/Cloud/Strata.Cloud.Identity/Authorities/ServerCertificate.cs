using System.Net.Security;
using Strata.Core.Identity;

namespace Strata.Cloud.Identity.Authorities;

/// <summary>Names by which the node is reached, for the server certificate of its own authority; none when it serves with a certificate that it was given, or nothing by TLS.</summary>
public sealed record ServerNames(IReadOnlyCollection<string> Hosts);

/// <summary>What the node serves TLS with when it was given no certificate: one of its own authority, made at the start, and again when two thirds of its time are over or the authority has changed. Any thread.</summary>
public sealed class ServerCertificate
{
    private readonly InstallationAuthority authority;
    private readonly ServerNames names;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private InstallationView? madeBy;
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
                var by = authority.Known ?? throw new InvalidOperationException("The node has not started yet.");
                if (current is null || now >= renewAt || !ReferenceEquals(by, madeBy))
                    current = Make(by, now);
                return current;
            }
        }
    }

    /// <summary>Reads or makes the authority; before the node listens.</summary>
    internal async Task PrepareAsync(CancellationToken cancellationToken) => await authority.ViewAsync(cancellationToken);

    private SslStreamCertificateContext Make(InstallationView by, DateTimeOffset now)
    {
        var key = CertificateMaker.NewKey();
        var certificate = CertificateMaker.Server(by.Signing, key, names.Hosts, now);
        renewAt = CertificateTerms.RenewAt(certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        madeBy = by;
        return SslStreamCertificateContext.Create(certificate, by.Between, offline: true);
    }
}
