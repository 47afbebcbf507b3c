using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core.Identity;
using Strata.Core.Tenancy;

namespace Strata.Node.Identity;

/// <summary>What a check of a device's certificate came to.</summary>
/// <param name="Name">Whom it names, also when it is refused, if its authority has signed that; else default.</param>
/// <param name="Reason">Why it is refused, for the log of rejections; empty when it is not.</param>
public readonly record struct CertificateVerdict(CertificateName Name, string Issuer, string Serial, string Reason)
{
    public bool IsAccepted => Reason.Length == 0;
}

/// <summary>
/// The authorities whose devices are let in and the certificates that are not good any more, in memory: filled and kept current by its owner. Any number of readers at once.
/// A certificate speaks for devices of its authority's tenant only, whatever it says.
/// </summary>
public sealed class CertificateDirectory(TimeProvider time)
{
    private readonly ConcurrentDictionary<(string Issuer, string Serial), CertificateStanding> standings = new();
    private volatile ImmutableDictionary<string, Authority> authorities = ImmutableDictionary<string, Authority>.Empty;

    /// <summary>Raised after a certificate, or with a null serial all of an authority, is not good any more. Must be quick.</summary>
    public event Action<TenantId, string, string?>? Ended;

    /// <summary>All authorities, with whose they are.</summary>
    public IEnumerable<(TenantId Tenant, X509Certificate2 Certificate)> Authorities => authorities.Values.Select(a => (a.Tenant, a.Certificate));

    /// <summary>Whose authority has this key id; null for none.</summary>
    public TenantId? OwnerOf(string authority) => authorities.TryGetValue(authority, out var known) ? known.Tenant : null;

    /// <summary>Lets in whom this authority certifies.</summary>
    /// <param name="above">Those between it and the root, with the root last.</param>
    public void Trust(TenantId tenant, X509Certificate2 authority, IReadOnlyList<X509Certificate2> above)
    {
        var key = CertificateFactsReader.OwnKey(authority) ?? throw new ArgumentException("An authority's certificate has a subject key identifier.", nameof(authority));
        authorities = authorities.SetItem(key, new Authority(tenant, authority, above));
    }

    /// <summary>Lets nobody in any more by this authority.</summary>
    public void Distrust(TenantId tenant, string authority)
    {
        if (!authorities.TryGetValue(authority, out var known) || known.Tenant != tenant)
            return;
        authorities = authorities.Remove(authority);
        Ended?.Invoke(tenant, authority, null);
    }

    /// <summary>Lets nobody in any more by any authority of the tenant.</summary>
    public void Forget(TenantId tenant)
    {
        foreach (var (key, _) in authorities.Where(a => a.Value.Tenant == tenant))
            Distrust(tenant, key);
    }

    /// <summary>Says how a certificate stands; <see cref="CertificateStanding.Good"/> forgets it.</summary>
    public void Set(TenantId tenant, string authority, string serial, CertificateStanding standing)
    {
        if (standing == CertificateStanding.Good)
            standings.TryRemove((authority, serial), out _);
        else
            standings[(authority, serial)] = standing;
        if (standing != CertificateStanding.Good)
            Ended?.Invoke(tenant, authority, serial);
    }

    /// <summary>Whether the certificate of a connection is still good.</summary>
    public bool IsGood(string authority, string serial) => authorities.ContainsKey(authority) && !standings.ContainsKey((authority, serial));

    /// <summary>Judges the certificate that a client has shown and proved to have the key of.</summary>
    public CertificateVerdict Check(X509Certificate2 shown)
    {
        try
        {
            var serial = CertificateFactsReader.Serial(shown);
            if (CertificateFactsReader.IssuerKey(shown) is not { } issuer || !authorities.TryGetValue(issuer, out var authority))
                return Refuse("the certificate is of no authority that is registered here");
            var facts = CertificateFactsReader.Read(shown);
            var now = time.GetUtcNow();
            if (authority.Refuse(shown, now) is { } broken)
                return Refuse(broken);
            var name = facts.Names.Count > 0 ? facts.Names[0] : default;
            if (name != default && name.Tenant != authority.Tenant)
                return Refuse($"the certificate names a device of {name.Tenant}, and its authority is {authority.Tenant}'s");
            var why = CertificateJudge.Refuse(facts, standings.TryGetValue((issuer, serial), out var standing) ? standing : null, now, CertificateTerms.Tolerance);
            return new CertificateVerdict(name, issuer, serial, why ?? "");
        }
        catch (CryptographicException e)
        {
            return Refuse($"the certificate cannot be read: {e.Message}");
        }
    }

    private static CertificateVerdict Refuse(string reason) => new(default, "", "", reason);

    private sealed record Authority(TenantId Tenant, X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Above)
    {
        /// <summary>Why the chain from the leaf to the root is not sound; null when it is.</summary>
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
            return chain.Build(leaf) ? null : $"the certificate's chain is not sound ({string.Join(", ", chain.ChainStatus.Select(s => s.Status).Distinct())})";
        }

        /// <summary>The judge has allowed for clocks that differ; the chain is asked about a moment at which the leaf is valid.</summary>
        private static DateTime Within(X509Certificate2 leaf, DateTimeOffset now)
        {
            var (from, to) = (leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime());
            var at = now.UtcDateTime;
            return at <= from ? from.AddSeconds(1) : at >= to ? to.AddSeconds(-1) : at;
        }
    }
}
