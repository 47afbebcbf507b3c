using System.Security.Cryptography.X509Certificates;
using Strata.Core.Tenancy;

namespace Strata.Node.Identity;

/// <summary>An authority whose devices are let in.</summary>
/// <param name="Id">Its key id, lower-case hexadecimal.</param>
/// <param name="Above">Those between it and the root, the root last; none for one that is trusted by itself.</param>
/// <param name="IsForeign">Somebody else's: its certificates name devices in its own way.</param>
public sealed record TrustedAuthority(TenantId Tenant, string Id, X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Above, bool IsForeign = false)
{
    /// <summary>How a batch or a foreign one is called; empty for the tenant's own.</summary>
    public string Name { get; init; } = "";

    /// <summary>What its batch makes; null when nobody said.</summary>
    public string? Sku { get; init; }

    /// <summary>Whether it claims to have issued the leaf: by its key id, or by its name where the leaf says no key id.</summary>
    public bool MayHaveIssued(X509Certificate2 leaf) => CertificateFactsReader.IssuerKey(leaf) is { } key
        ? key == CertificateFactsReader.OwnKey(Certificate)
        : leaf.IssuerName.RawData.AsSpan().SequenceEqual(Certificate.SubjectName.RawData);

    /// <summary>Why the chain from the leaf to what is trusted is not sound; null when it is.</summary>
    public string? Refuse(X509Certificate2 leaf, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.Add(Above.Count > 0 ? Above[^1] : Certificate);
        policy.ExtraStore.Add(Certificate);
        foreach (var between in Above)
            policy.ExtraStore.Add(between);
        policy.RevocationMode = X509RevocationMode.NoCheck; // What is revoked is known here, at once.
        policy.DisableCertificateDownloads = true;
        policy.VerificationTimeIgnored = false;
        policy.VerificationTime = Within(leaf, now);
        // A foreign one may itself be an intermediate: it is trusted, whoever stands above it.
        if (IsForeign)
            policy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        if (!chain.Build(leaf))
            return $"the certificate's chain is not sound ({string.Join(", ", chain.ChainStatus.Select(s => s.Status).Distinct())})";
        return chain.ChainElements.Count > 1 && chain.ChainElements[1].Certificate.RawDataMemory.Span.SequenceEqual(Certificate.RawDataMemory.Span)
            ? null
            : "the certificate is of no authority that is registered here";
    }

    /// <summary>The judge has allowed for clocks that differ; the chain is asked about a moment at which the leaf is valid.</summary>
    private static DateTime Within(X509Certificate2 leaf, DateTimeOffset now)
    {
        var (from, to) = (leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime());
        var at = now.UtcDateTime;
        return at <= from ? from.AddSeconds(1) : at >= to ? to.AddSeconds(-1) : at;
    }
}
