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
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity;

/// <summary>The slice's tables, the tenants' authorities as they sign, and the node's directory of certificates, which follows what is written.</summary>
internal sealed class IdentityStore(
    IRegistryDatabase database, InstallationAuthority installation, IInstallationKey wrapping, CertificateDirectory directory, AuditNumbers numbers, TimeProvider time, ILogger<IdentityStore> logger)
    : AuditedStore<IdentityDbContext>(database, IdentityDbContext.MigrationsTable, static (options, tenant) => new IdentityDbContext(options, tenant), numbers, time, logger), IWrappedKeys
{
    private readonly ConcurrentDictionary<(TenantId Tenant, string Authority), SigningAuthority> signing = new();
    private readonly ConcurrentDictionary<TenantId, string> current = new();
    private readonly TimeProvider time = time;

    /// <summary>Makes the directory what the tables say.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await PrepareAsync(cancellationToken);
        foreach (var tenant in await TenantsAsync("which authorities are trusted and which certificates are not good any more", cancellationToken))
            await LoadAsync(tenant, cancellationToken);
    }

    /// <summary>The tenant's authority, with which its devices' certificates are issued now; made when there is none.</summary>
    /// <exception cref="InstallationKeyException">Its key cannot be unwrapped.</exception>
    public async Task<Outcome<SigningAuthority>> AuthorityAsync(Caller caller, CancellationToken cancellationToken)
    {
        if (current.TryGetValue(caller.Tenant, out var id) && signing.TryGetValue((caller.Tenant, id), out var known))
            return known;
        var row = await CreateAuthorityAsync(caller, AuthorityKinds.Tenant, "", null, static all => all.Where(a => a.Kind == AuthorityKinds.Tenant && a.IsTrusted).OrderByDescending(a => a.Created), cancellationToken);
        return row.IsOk ? await OpenAsync(row.Value, cancellationToken) : row.Problem;
    }

    /// <summary>One of the tenant's own authorities as it signs, also one that is not trusted any more; null when there is none of this id.</summary>
    public async Task<SigningAuthority?> FindAuthorityAsync(TenantId tenant, string authority, CancellationToken cancellationToken)
    {
        if (signing.TryGetValue((tenant, authority), out var known))
            return known;
        await using var context = Create(tenant);
        return await context.Authorities.FirstOrDefaultAsync(a => a.Id == authority && a.Kind != AuthorityKinds.Foreign, cancellationToken) is { } row ? await OpenAsync(row, cancellationToken) : null;
    }

    /// <summary>Makes an authority below the installation's, unless one is there.</summary>
    /// <param name="there">Which would do, the best first.</param>
    public async Task<Outcome<AuthorityRow>> CreateAuthorityAsync(
        Caller caller, string kind, string name, string? sku, Func<IQueryable<AuthorityRow>, IQueryable<AuthorityRow>> there, CancellationToken cancellationToken)
    {
        var above = await installation.GetAsync(cancellationToken);
        var wrapper = await wrapping.CurrentAsync(cancellationToken);
        return await ChangeAsync<AuthorityRow>(caller, async (context, now, stop) =>
        {
            if (await there(context.Authorities).FirstOrDefaultAsync(stop) is { } known)
                return DecidedChange.None<AuthorityRow>(known);
            var title = kind == AuthorityKinds.Batch ? $"Strata batch {name} of {caller.Tenant}" : $"Strata devices of {caller.Tenant}";
            var made = CertificateMaker.Intermediate(above, title, caller.Tenant.Value, below: 0, CertificateTerms.Intermediate, now);
            var authority = new AuthorityRow
            {
                TenantId = caller.Tenant.Value, Id = made.Id, Kind = kind, Name = name, Sku = sku, Certificate = made.Certificate.RawData, Above = [.. made.Above.SelectMany(c => c.RawData)], IsTrusted = true,
                Key = await wrapping.WrapAsync(wrapper, made.Key.ExportPkcs8PrivateKey(), Place(caller.Tenant, made.Id), stop), WrappedBy = wrapper,
                NotAfter = made.Certificate.NotAfter.ToUniversalTime(), Created = now,
            };
            return new DecidedChange<AuthorityRow>(authority, [(null, authority)], "create", "authority", made.Id, null, new { kind, name, sku, subject = made.Certificate.Subject, authority.NotAfter });
        }, cancellationToken, Follow);
    }

    /// <summary>Has the authorities of the tenant that are trusted certified by the installation's intermediate of now: the same names and keys, so that what they have issued holds. Done already, it changes nothing.</summary>
    /// <returns>How many were certified anew.</returns>
    public async Task<Outcome<int>> CertifyAuthoritiesAgainAsync(Caller caller, CancellationToken cancellationToken)
    {
        var above = await installation.GetAsync(cancellationToken);
        byte[] chain = [.. above.Above.Prepend(above.Certificate).SelectMany(c => c.RawData)];
        var done = await ChangeAsync<List<AuthorityRow>>(caller, async (context, now, stop) =>
        {
            var rows = await context.Authorities.AsNoTracking().Where(a => a.IsTrusted && a.Kind != AuthorityKinds.Foreign && a.Above != chain).OrderBy(a => a.Created).ToListAsync(stop);
            if (rows.Count == 0)
                return DecidedChange.None<List<AuthorityRow>>([]);
            var after = rows.ConvertAll(row => Again(row, above, chain, now));
            return new DecidedChange<List<AuthorityRow>>(
                after, [.. rows.Zip(after, static (a, b) => ((object?)a, (object?)b))], "recertify", "authority", rows.Count == 1 ? rows[0].Id : $"{rows.Count} authorities", null,
                new { authorities = rows.Take(20).Select(r => r.Id), count = rows.Count, by = above.Id });
        }, cancellationToken, rows =>
        {
            foreach (var row in rows)
            {
                signing.TryRemove((caller.Tenant, row.Id), out _);
                Follow(row);
            }
        });
        return done.IsOk ? done.Value.Count : done.Problem;
    }

    private static AuthorityRow Again(AuthorityRow row, SigningAuthority above, byte[] chain, DateTimeOffset now)
    {
        using var known = X509CertificateLoader.LoadCertificate(row.Certificate);
        using var made = CertificateMaker.Again(above, known.SubjectName, known.PublicKey, below: 0, CertificateTerms.Intermediate, now);
        return row with { Certificate = made.RawData, Above = chain, NotAfter = made.NotAfter.ToUniversalTime() };
    }

    /// <summary>Notes in the trail what was done with something that is in no table.</summary>
    public Task<Outcome<bool>> NoteAsync(Caller caller, string action, string kind, string subject, CancellationToken cancellationToken) =>
        ChangeAsync<bool>(caller, (_, _, _) => Task.FromResult<Outcome<DecidedChange<bool>>>(new DecidedChange<bool>(true, [(null, null)], action, kind, subject, null, null)), cancellationToken);

    /// <summary>Tells the directory how a certificate stands now, and whom it speaks for.</summary>
    public void Follow(CertificateRow row)
    {
        directory.Set(TenantId.Parse(row.TenantId), row.Authority, row.Serial, Enum.Parse<CertificateStanding>(row.Standing));
        if (row.Use != nameof(CertificateUse.Claim))
            directory.Bind(row.Authority, row.Serial, row.Named is not null || directory.Find(row.Authority) is { IsForeign: true } ? DeviceId.Parse(row.Device) : null);
    }

    /// <summary>Tells the directory whether an authority is trusted now.</summary>
    public void Follow(AuthorityRow row)
    {
        var tenant = TenantId.Parse(row.TenantId);
        if (!row.IsTrusted)
        {
            directory.Distrust(tenant, row.Id);
            if (current.TryGetValue(tenant, out var id) && id == row.Id)
                current.TryRemove(tenant, out _);
            return;
        }
        directory.Trust(new TrustedAuthority(tenant, row.Id, X509CertificateLoader.LoadCertificate(row.Certificate), Above(row), row.Kind == AuthorityKinds.Foreign)
        {
            Name = row.Kind == AuthorityKinds.Tenant ? "" : row.Name, Sku = row.Sku,
        });
        if (row.Kind == AuthorityKinds.Tenant)
            current[tenant] = row.Id;
    }

    public async Task<IReadOnlyCollection<string>> WrapAnewAsync(string current, CancellationToken cancellationToken)
    {
        var before = new HashSet<string>();
        foreach (var tenant in await TenantsAsync("to wrap the keys of authorities anew", cancellationToken))
        {
            var done = await ChangeAsync<int>(Caller.Node(tenant), async (context, _, stop) =>
            {
                var rows = new List<(object?, object?)>();
                foreach (var row in await context.Authorities.Where(a => a.WrappedBy != current && a.Kind != AuthorityKinds.Foreign).ToListAsync(stop))
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
        foreach (var key in signing.Keys.Where(k => k.Tenant == tenant))
            signing.TryRemove(key, out _);
        current.TryRemove(tenant, out _);
        directory.Forget(tenant);
    }

    private async Task LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        if (await context.Policies.FirstOrDefaultAsync(cancellationToken) is { } policy)
            directory.SetPolicy(tenant, policy.ToPolicy());
        foreach (var authority in await context.Authorities.Where(a => a.IsTrusted).OrderBy(a => a.Created).ToListAsync(cancellationToken))
            Follow(authority);
        var now = time.GetUtcNow();
        var foreign = await context.Authorities.Where(a => a.Kind == AuthorityKinds.Foreign).Select(a => a.Id).ToListAsync(cancellationToken);
        var rows = context.Certificates.Where(c => c.NotAfter > now && (c.Standing != nameof(CertificateStanding.Good) || c.Named != null || foreign.Contains(c.Authority)));
        await foreach (var row in rows.AsAsyncEnumerable().WithCancellation(cancellationToken))
            Follow(row);
    }

    private async Task<SigningAuthority> OpenAsync(AuthorityRow row, CancellationToken cancellationToken)
    {
        var tenant = TenantId.Parse(row.TenantId);
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(await wrapping.UnwrapAsync(row.WrappedBy, row.Key, Place(tenant, row.Id), cancellationToken), out _);
        return signing[(tenant, row.Id)] = new SigningAuthority(X509CertificateLoader.LoadCertificate(row.Certificate), key, Above(row));
    }

    /// <summary>A certificate of a foreign authority, as it is known here from its first use on.</summary>
    internal static CertificateRow Foreign(DeviceIntroduction introduction, DeviceId device, DateTimeOffset now) => new()
    {
        TenantId = introduction.Tenant.Value, Serial = introduction.Serial, Authority = introduction.Issuer, Device = device.Value, Use = nameof(CertificateUse.Operational),
        NotBefore = introduction.Certificate.NotBefore.ToUniversalTime(), NotAfter = introduction.Certificate.NotAfter.ToUniversalTime(),
        KeyHash = Convert.ToHexStringLower(SHA256.HashData(introduction.Certificate.PublicKey.ExportSubjectPublicKeyInfo())), Standing = nameof(CertificateStanding.Good), Issued = now,
    };

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
