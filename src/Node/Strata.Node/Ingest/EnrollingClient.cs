using System.Net;
using System.Security.Cryptography.X509Certificates;
using Strata.Node.Identity;

namespace Strata.Node.Ingest;

/// <summary>A connection by a certificate that may only enrol: the host's state of it. It asks for a certificate of its own and hears the answer, and nothing else.</summary>
internal sealed class EnrollingClient(CertificateVerdict verdict, X509Certificate2 certificate, IPAddress? from)
{
    private int busy;

    public CertificateVerdict Verdict { get; } = verdict;

    public X509Certificate2 Certificate { get; } = certificate;

    public IPAddress? From { get; } = from;

    /// <summary>One request at a time; false while one is under way.</summary>
    public bool TryBegin() => Interlocked.Exchange(ref busy, 1) == 0;

    public void End() => Volatile.Write(ref busy, 0);
}
