using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity;

/// <summary>The slice's tables, the tenants' authorities as they sign, and the node's directory of certificates, which follows what is written.</summary>
internal sealed class IdentityStore(
    IRegistryDatabase database, InstallationAuthority installation, IInstallationKey wrapping, CertificateDirectory directory, AuditNumbers numbers, TimeProvider time, ILogger<IdentityStore> logger)
    : AuditedStore<IdentityDbContext>(database, IdentityDbContext.MigrationsTable, static (options, tenant) => new IdentityDbContext(options, tenant), numbers, time, logger), IWrappedKeys
{
    private readonly ConcurrentDictionary<TenantId, SigningAuthority> signing = new();
    private readonly TimeProvider time = time;

    /// <summary>Makes the directory what the tables say.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(cancellationToken);
        foreach (var tenant in await TenantsAsync("which authorities are trusted and which certificates are not good any more", cancellationToken))
            await LoadAsync(tenant, cancellationToken);
    }

    /// <summary>The tenant's authority, with which its devices' certificates are issued; made when there is none.</summary>
    /// <exception cref="InstallationKeyException">Its key cannot be unwrapped.</exception>
    public async Task<Outcome<SigningAuthority>> AuthorityAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (signing.TryGetValue(caller.Tenant, out var known))
            return known;
        var above = await installation.GetAsync(cancellationToken);
        var wrapper = await wrapping.CurrentAsync(cancellationToken);
        var row = await ChangeAsync<AuthorityRow>(caller, async (context, now, stop) =>
        {
            if (await context.Authorities.FirstOrDefaultAsync(a => a.IsTrusted, stop) is { } there)
                return DecidedChange.None<AuthorityRow>(there);
            var made = CertificateMaker.Intermediate(above, $"Strata devices of {caller.Tenant}", caller.Tenant.Value, below: 0, CertificateTerms.Intermediate, now);
            var authority = new AuthorityRow
            {
                TenantId = caller.Tenant.Value, Id = made.Id, Certificate = made.Certificate.RawData, Above = [.. made.Above.SelectMany(c => c.RawData)], IsTrusted = true,
                Key = await wrapping.WrapAsync(wrapper, made.Key.ExportPkcs8PrivateKey(), Place(caller.Tenant, made.Id), stop), WrappedBy = wrapper,
                NotAfter = made.Certificate.NotAfter.ToUniversalTime(), Created = now,
            };
            return new DecidedChange<AuthorityRow>(authority, [(null, authority)], "create", "authority", made.Id, null, new { subject = made.Certificate.Subject, authority.NotAfter });
        }, cancellationToken, Trust);
        if (!row.IsOk)
            return row.Problem;
        return await OpenAsync(row.Value, cancellationToken);
    }

    /// <summary>The tenant's authority as it signs; null when it has none yet.</summary>
    public async Task<SigningAuthority?> FindAuthorityAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (signing.TryGetValue(tenant, out var known))
            return known;
        await using var context = Create(tenant);
        return await context.Authorities.FirstOrDefaultAsync(a => a.IsTrusted, cancellationToken) is { } row ? await OpenAsync(row, cancellationToken) : null;
    }

    /// <summary>Notes in the trail what was done with something that is in no table.</summary>
    public Task<Outcome<bool>> NoteAsync(Caller caller, string action, string kind, string subject, CancellationToken cancellationToken) =>
        ChangeAsync<bool>(caller, (_, _, _) => Task.FromResult<Outcome<DecidedChange<bool>>>(new DecidedChange<bool>(true, [(null, null)], action, kind, subject, null, null)), cancellationToken);

    /// <summary>Tells the directory how a certificate stands now.</summary>
    public void Follow(CertificateRow row) =>
        directory.Set(TenantId.Parse(row.TenantId), row.Authority, row.Serial, Enum.Parse<CertificateStanding>(row.Standing));

    public async Task<IReadOnlyCollection<string>> WrapAnewAsync(string current, CancellationToken cancellationToken)
    {
        var before = new HashSet<string>();
        foreach (var tenant in await TenantsAsync("to wrap the keys of authorities anew", cancellationToken))
        {
            var done = await ChangeAsync<int>(Caller.Node(tenant), async (context, _, stop) =>
            {
                var rows = new List<(object?, object?)>();
                foreach (var row in await context.Authorities.Where(a => a.WrappedBy != current).ToListAsync(stop))
                {
                    before.Add(row.WrappedBy);
                    var key = await wrapping.UnwrapAsync(row.WrappedBy, row.Key, Place(tenant, row.Id), stop);
                    rows.Add((row, row with { WrappedBy = current, Key = await wrapping.WrapAsync(current, key, Place(tenant, row.Id), stop) }));
                    CryptographicOperations.ZeroMemory(key);
                }
                return new DecidedChange<int>(rows.Count, rows, "rewrap", "authority", "*", null, new { keys = rows.Count });
            }, cancellationToken);
            if (!done.IsOk)
                throw new InstallationKeyException($"The keys of {tenant}'s authorities cannot be wrapped anew: {done.Problem.Detail}");
        }
        return before;
    }

    /// <summary>The tenant is gone: nobody is let in by its authorities.</summary>
    public void Forget(TenantId tenant)
    {
        signing.TryRemove(tenant, out _);
        directory.Forget(tenant);
    }

    private async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        foreach (var authority in await context.Authorities.Where(a => a.IsTrusted).ToListAsync(cancellationToken))
            Trust(authority);
        var now = time.GetUtcNow();
        await foreach (var row in context.Certificates.Where(c => c.Standing != nameof(CertificateStanding.Good) && c.NotAfter > now).AsAsyncEnumerable().WithCancellation(cancellationToken))
            Follow(row);
    }

    private async Task<SigningAuthority> OpenAsync(AuthorityRow row, CancellationToken cancellationToken)
    {
        var tenant = TenantId.Parse(row.TenantId);
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(await wrapping.UnwrapAsync(row.WrappedBy, row.Key, Place(tenant, row.Id), cancellationToken), out _);
        return signing[tenant] = new SigningAuthority(X509CertificateLoader.LoadCertificate(row.Certificate), key, Above(row));
    }

    private void Trust(AuthorityRow row) => directory.Trust(TenantId.Parse(row.TenantId), X509CertificateLoader.LoadCertificate(row.Certificate), Above(row));

    private static List<X509Certificate2> Above(AuthorityRow row)
    {
        var found = new List<X509Certificate2>();
        var rest = row.Above.AsMemory();
        while (rest.Length > 0)
        {
            var length = new System.Formats.Asn1.AsnReader(rest, System.Formats.Asn1.AsnEncodingRules.DER).PeekEncodedValue().Length;
            found.Add(X509CertificateLoader.LoadCertificate(rest.Span[..length]));
            rest = rest[length..];
        }
        return found;
    }

    private static string Place(TenantId tenant, string authority) => $"strata authority {tenant} {authority}";
}
