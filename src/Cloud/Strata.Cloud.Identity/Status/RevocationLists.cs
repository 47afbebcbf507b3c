using System.Collections.Concurrent;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Rows;
using Strata.Core.Identity;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity.Status;

/// <summary>
/// Revocation lists (RFC 5280): of an authority its certificates, of the installation's intermediate the authorities of tenants and batches, of the root what was signed where its key is. Each is made once for each change, and anew
/// when half of its life is over; what is kept is bounded. Any number of threads.
/// </summary>
internal sealed class RevocationLists(IdentityStore store, CertificateDirectory directory, InstallationAuthority installation, TimeProvider time) : IDisposable
{
    /// <summary>How long a list may be kept.</summary>
    internal static readonly TimeSpan Life = TimeSpan.FromHours(24);

    /// <summary>Lists that are kept; beyond it the oldest goes, and is made again when it is asked for.</summary>
    internal const int Capacity = 1_000;

    private readonly ConcurrentDictionary<string, Kept> kept = new();
    private readonly SemaphoreSlim making = new(1, 1);

    /// <summary>DER; null when there is no such authority, or its list is not there.</summary>
    public async Task<byte[]?> GetAsync(string authority, CancellationToken cancellationToken)
    {
        if (Find(authority) is { } known)
            return known;
        await making.WaitAsync(cancellationToken);
        try
        {
            if (Find(authority) is { } meanwhile)
                return meanwhile;
            // Read before what the list is made of: what changes meanwhile is in the next one.
            var (version, now) = (store.StandingsOf(authority), time.GetUtcNow());
            if (await MakeAsync(authority, now, cancellationToken) is not { } list)
                return null;
            while (kept.Count >= Capacity && kept.MinBy(k => k.Value.Made) is { Key: { } oldest })
                kept.TryRemove(oldest, out _);
            kept[authority] = new Kept(list, version, now);
            return list;
        }
        finally
        {
            making.Release();
        }
    }

    /// <summary>The list was replaced.</summary>
    public void Forget(string authority) => kept.TryRemove(authority, out _);

    public void Dispose() => making.Dispose();

    private byte[]? Find(string authority) =>
        kept.TryGetValue(authority, out var list) && list.Version == store.StandingsOf(authority) && time.GetUtcNow() - list.Made is var age && age >= TimeSpan.Zero && age < Life / 2 ? list.Der : null;

    private async Task<byte[]?> MakeAsync(string authority, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (installation.IsThere && await installation.ViewAsync(cancellationToken) is var view)
        {
            if (authority == view.Signing.Id)
                return await OfInstallationAsync(view.Signing, now, cancellationToken);
            if (authority == CertificateMaker.KeyIdOf(view.Root))
                return await installation.RootListAsync(cancellationToken);
        }
        if (directory.Find(authority) is not { IsForeign: false, Tenant: var tenant } || await store.FindAuthorityAsync(tenant, authority, cancellationToken) is not { } signer)
            return null;
        var list = new CertificateRevocationListBuilder();
        await using var context = store.Create(tenant);
        var rows = context.Certificates.Where(c => c.Authority == signer.Id && c.Standing != nameof(CertificateStanding.Good) && c.NotAfter > now);
        await foreach (var row in rows.AsAsyncEnumerable().WithCancellation(cancellationToken))
            list.AddEntry(Convert.FromHexString(row.Serial), row.Since, (X509RevocationReason)(row.Reason ?? 0));
        return Sign(list, signer, now);
    }

    /// <summary>Authorities that are revoked, of all tenants.</summary>
    private async Task<byte[]> OfInstallationAsync(SigningAuthority signer, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var tenant in await store.TenantsAsync("which authorities are revoked", cancellationToken))
        {
            await using var context = store.Create(tenant);
            var rows = await context.Authorities.Where(a => a.Kind != AuthorityKinds.Foreign && a.Reason != null && a.NotAfter > now).ToListAsync(cancellationToken);
            foreach (var row in rows)
            {
                using var certificate = X509CertificateLoader.LoadCertificate(row.Certificate);
                if (certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().First().KeyIdentifier is { } by && Convert.ToHexStringLower(by.Span) == signer.Id)
                    list.AddEntry(certificate, row.Since, (X509RevocationReason)row.Reason!);
            }
        }
        return Sign(list, signer, now);
    }

    /// <summary>Numbers grow with the clock; a clock that is set back is followed by a list with a lower one, which ends with the next day.</summary>
    private static byte[] Sign(CertificateRevocationListBuilder list, SigningAuthority signer, DateTimeOffset now) => list.Build(
        signer.Certificate.SubjectName, signer.Generator, new BigInteger(now.ToUnixTimeMilliseconds()), now + Life, HashAlgorithmName.SHA256,
        X509AuthorityKeyIdentifierExtension.CreateFromCertificate(signer.Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false), now);

    /// <param name="Version">How many changes of standing there had been.</param>
    private sealed record Kept(byte[] Der, long Version, DateTimeOffset Made);
}
