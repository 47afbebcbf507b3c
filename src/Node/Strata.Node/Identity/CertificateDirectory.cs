using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;

namespace Strata.Node.Identity;

/// <summary>
/// The authorities whose devices are let in, the certificates that are not good any more, whom certificates are bound to that do not name their device, and each tenant's policy; in memory: filled and
/// kept current by its owner. Any number of readers at once. A certificate speaks for devices of its authority's tenant only, whatever it says.
/// </summary>
public sealed partial class CertificateDirectory(TimeProvider time)
{
    private readonly ConcurrentDictionary<(string Issuer, string Serial), CertificateStanding> standings = new();
    private readonly ConcurrentDictionary<(string Issuer, string Serial), DeviceId> bound = new();
    private readonly ConcurrentDictionary<TenantId, CertificatePolicy> policies = new();
    private ImmutableDictionary<string, TrustedAuthority> authorities = ImmutableDictionary<string, TrustedAuthority>.Empty;

    /// <summary>Raised after a certificate, or with a null serial all of an authority, is not good any more. Must be quick.</summary>
    public event Action<TenantId, string, string?>? Ended;

    /// <summary>Raised after a tenant's policy has changed. Must be quick.</summary>
    public event Action<TenantId>? PolicyChanged;

    public IEnumerable<TrustedAuthority> Authorities => Volatile.Read(ref authorities).Values;

    /// <summary>The authority of this id; null for none.</summary>
    public TrustedAuthority? Find(string authority) => Volatile.Read(ref authorities).GetValueOrDefault(authority);

    public CertificatePolicy PolicyOf(TenantId tenant) => policies.GetValueOrDefault(tenant, CertificatePolicy.Default);

    public void SetPolicy(TenantId tenant, CertificatePolicy policy)
    {
        policies[tenant] = policy;
        Touch(tenant);
        PolicyChanged?.Invoke(tenant);
    }

    /// <summary>Lets in whom this authority certifies.</summary>
    public void Trust(TrustedAuthority authority)
    {
        ImmutableInterlocked.Update(ref authorities, static (all, one) => all.SetItem(one.Id, one), authority);
        Touch(authority.Tenant);
    }

    /// <summary>Lets nobody in any more by this authority.</summary>
    public void Distrust(TenantId tenant, string authority)
    {
        if (Find(authority) is not { } known || known.Tenant != tenant)
            return;
        ImmutableInterlocked.Update(ref authorities, static (all, id) => all.Remove(id), authority);
        Touch(tenant);
        Ended?.Invoke(tenant, authority, null);
    }

    /// <summary>Lets nobody in any more by any authority of the tenant.</summary>
    public void Forget(TenantId tenant)
    {
        foreach (var authority in Authorities.Where(a => a.Tenant == tenant))
            Distrust(tenant, authority.Id);
        policies.TryRemove(tenant, out _);
        limits.TryRemove(tenant, out _);
    }

    /// <summary>Says how a certificate stands; <see cref="CertificateStanding.Good"/> forgets it.</summary>
    public void Set(TenantId tenant, string authority, string serial, CertificateStanding standing)
    {
        if (standing == CertificateStanding.Good)
            standings.TryRemove((authority, serial), out _);
        else
            standings[(authority, serial)] = standing;
        Touch(tenant);
        if (standing != CertificateStanding.Good)
            Ended?.Invoke(tenant, authority, serial);
    }

    /// <summary>Says whom a certificate speaks for; null for whom it names. Needed where it names nobody, or a device that was given another name.</summary>
    public void Bind(string authority, string serial, DeviceId? device)
    {
        if (device is { } known)
            bound[(authority, serial)] = known;
        else if (!bound.TryRemove((authority, serial), out _))
            return;
        Touch(Find(authority)?.Tenant);
    }

    /// <summary>Whether the certificate of a connection is still good.</summary>
    public bool IsGood(string authority, string serial) => Find(authority) is not null && !standings.ContainsKey((authority, serial));

    /// <summary>Judges the certificate that a client has shown and proved to have the key of.</summary>
    public CertificateVerdict Check(X509Certificate2 shown)
    {
        try
        {
            var facts = CertificateFactsReader.Read(shown);
            var why = "the certificate is of no authority that is registered here";
            foreach (var authority in CandidatesOf(shown))
            {
                why = authority.Refuse(shown, time.GetUtcNow());
                if (why is null)
                    return Judge(shown, facts, authority);
            }
            return Refuse(why!);
        }
        catch (CryptographicException e)
        {
            return Refuse($"the certificate cannot be read: {e.Message}");
        }
    }

    private IEnumerable<TrustedAuthority> CandidatesOf(X509Certificate2 shown)
    {
        var all = Volatile.Read(ref authorities);
        if (CertificateFactsReader.IssuerKey(shown) is { } key && all.TryGetValue(key, out var own) && !own.IsForeign)
            return [own];
        return all.Values.Where(a => a.IsForeign && a.MayHaveIssued(shown));
    }

    private CertificateVerdict Judge(X509Certificate2 shown, CertificateFacts facts, TrustedAuthority authority)
    {
        var (serial, now) = (CertificateFactsReader.Serial(shown), time.GetUtcNow());
        var key = (authority.Id, serial);
        var device = bound.TryGetValue(key, out var known) ? known : (DeviceId?)null;
        var name = authority.IsForeign || facts.Names.Count == 0 ? (CertificateName?)null : facts.Names[0];
        if (name is { } said && said.Tenant != authority.Tenant)
            return Refuse($"the certificate names a device of {said.Tenant}, and its authority is {authority.Tenant}'s");
        CertificateStanding? standing = standings.TryGetValue(key, out var not) ? not : null;
        var late = name?.Use == CertificateUse.Operational && now - CertificateTerms.Tolerance > facts.NotAfter;
        var why = IsTooOld(authority.Tenant, now) ?? CertificateJudge.Refuse(facts, named: !authority.IsForeign, standing, now, CertificateTerms.Tolerance, late ? PolicyOf(authority.Tenant).Grace : TimeSpan.Zero);
        var use = late ? CertificateUse.Birth : name?.Use ?? CertificateUse.Operational;
        // Ours are certified with strong keys only; what others certify is looked at here.
        why ??= authority.IsForeign && KeyStrength.RefuseForeign(shown.PublicKey) is { } weak ? $"the certificate's key is too weak: {weak}" : null;
        return new CertificateVerdict(authority.Tenant, device ?? (use == CertificateUse.Claim ? null : name?.Device), use, authority.Id, serial, why ?? "") { IsForeign = authority.IsForeign, IsLate = late };
    }

    private static CertificateVerdict Refuse(string reason) => new(default, null, default, "", "", reason);
}
