using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;

namespace Strata.Node.Identity;

/// <summary>What is known of a tenant as a list that a gateway is given, and keeps.</summary>
public sealed partial class CertificateDirectory
{
    private readonly string epoch = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
    private readonly ConcurrentDictionary<TenantId, long> versions = new();
    private readonly ConcurrentDictionary<TenantId, DateTimeOffset> limits = new();
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the next change of any tenant. Take it before asking for a version.</summary>
    public Task Changed => Volatile.Read(ref changed).Task;

    /// <summary>Changes with each change of what is known of the tenant, and with each start of the node.</summary>
    public string VersionOf(TenantId tenant) => $"{epoch}-{versions.GetValueOrDefault(tenant)}";

    /// <summary>All that is known of the tenant.</summary>
    /// <param name="issuer">See <see cref="GatewayTrustList.Issuer"/>.</param>
    public GatewayTrustList ListOf(TenantId tenant, string issuer)
    {
        var version = VersionOf(tenant); // Before what it is of: what changes meanwhile is asked for again.
        var own = Authorities.Where(a => a.Tenant == tenant).ToDictionary(a => a.Id);
        return new GatewayTrustList(
            version,
            [.. own.Values.Select(a => new GatewayAuthority(a.Id, a.IsForeign, a.Name, a.Sku, string.Concat(a.Above.Prepend(a.Certificate).Select(c => c.ExportCertificatePem() + "\n"))))],
            [.. standings.Where(s => own.ContainsKey(s.Key.Issuer)).Select(s => new GatewayStanding(s.Key.Issuer, s.Key.Serial, s.Value.ToString()))],
            [.. bound.Where(b => own.ContainsKey(b.Key.Issuer)).Select(b => new GatewayBinding(b.Key.Issuer, b.Key.Serial, b.Value.Value))],
            PolicyOf(tenant).AllowsSecrets, issuer);
    }

    /// <summary>Makes what is known of the tenant what the list says; what it does not let in any more ends.</summary>
    /// <exception cref="CryptographicException">A certificate of it cannot be read; nothing is changed.</exception>
    public void Take(TenantId tenant, GatewayTrustList list)
    {
        var next = list.Authorities.Select(a => Read(tenant, a)).ToList();
        foreach (var gone in Authorities.Where(a => a.Tenant == tenant && next.TrueForAll(n => n.Id != a.Id)).ToList())
            Distrust(tenant, gone.Id);
        next.ForEach(Trust);
        var own = next.Select(a => a.Id).ToHashSet();
        var said = list.Standings.Where(s => own.Contains(s.Issuer)).ToDictionary(s => (s.Issuer, s.Serial), s => Enum.Parse<CertificateStanding>(s.Standing));
        foreach (var key in standings.Keys.Where(k => own.Contains(k.Issuer) && !said.ContainsKey(k)))
            Set(tenant, key.Issuer, key.Serial, CertificateStanding.Good);
        foreach (var (key, standing) in said.Where(s => !standings.TryGetValue(s.Key, out var known) || known != s.Value))
            Set(tenant, key.Issuer, key.Serial, standing);
        var names = list.Bindings.Where(b => own.Contains(b.Issuer) && DeviceId.TryParse(b.Device, out _)).ToDictionary(b => (b.Issuer, b.Serial), b => DeviceId.Parse(b.Device));
        foreach (var key in bound.Keys.Where(k => own.Contains(k.Issuer) && !names.ContainsKey(k)))
            Bind(key.Issuer, key.Serial, null);
        foreach (var (key, device) in names)
            Bind(key.Issuer, key.Serial, device);
        if (PolicyOf(tenant).AllowsSecrets != list.AllowsSecrets)
            SetPolicy(tenant, PolicyOf(tenant) with { AllowsSecrets = list.AllowsSecrets });
    }

    /// <summary>Until when what is known of the tenant may be relied on; later nobody of it is let in by a certificate. Without one there is no limit.</summary>
    public void Limit(TenantId tenant, DateTimeOffset until) => limits[tenant] = until;

    private string? IsTooOld(TenantId tenant, DateTimeOffset now) =>
        limits.TryGetValue(tenant, out var until) && now > until ? $"this gateway does not know any more which certificates are good: it has not heard of it in time (until {until:yyyy-MM-dd HH:mm} UTC)" : null;

    private void Touch(TenantId? tenant)
    {
        if (tenant is { } one)
            versions.AddOrUpdate(one, 1, static (_, last) => last + 1);
        Interlocked.Exchange(ref changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    private static TrustedAuthority Read(TenantId tenant, GatewayAuthority authority)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(authority.Certificates);
        return chain.Count == 0
            ? throw new CryptographicException($"The authority {authority.Id} has no certificate.")
            : new TrustedAuthority(tenant, authority.Id, chain[0], [.. chain.Skip(1)], authority.IsForeign) { Name = authority.Name, Sku = authority.Sku };
    }
}
