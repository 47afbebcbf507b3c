using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Devices;
using Strata.Core.Identity;
using Strata.Core.Tenancy;
using Strata.Node.Identity;

namespace Strata.Cloud.Identity;

/// <summary>Which devices have been given the root of now while the one before is replaced, in all tenants.</summary>
internal sealed class RootsGiven(IdentityStore store, InstallationAuthority authority, CertificateDirectory directory, TimeProvider time)
{
    /// <param name="Listed">Some of those that wait, <c>TENANT/DEVICE</c>.</param>
    /// <param name="Expected">When all that are connected have renewed.</param>
    public sealed record Progress(int Moved, int Waiting, IReadOnlyList<string> Listed, DateTimeOffset? Expected);

    /// <summary>Keeps that the device was given the roots of now. Costs nothing while the root is not replaced.</summary>
    public async Task NoteAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken)
    {
        if (authority.Known is not { IsRootRolling: true } view)
            return;
        var root = CertificateMaker.KeyIdOf(view.Root);
        await store.ChangeAsync<int>(Caller.Node(tenant), async (tables, now, stop) =>
        {
            var rows = await GoodOf(tables, now).AsNoTracking().Where(c => c.Device == device.Value && c.Anchor != root).ToListAsync(stop);
            return rows.Count == 0
                ? DecidedChange.None(0)
                : new DecidedChange<int>(rows.Count, [.. rows.Select(r => ((object?)r, (object?)(r with { Anchor = root })))], "tell", "root", device.Value, null, new { root });
        }, cancellationToken);
    }

    /// <summary>How many devices that have a certificate have been given the root of now, and who has not.</summary>
    /// <param name="most">How many of those that wait are named.</param>
    public async Task<Progress> CountAsync(InstallationView view, int most, CancellationToken cancellationToken)
    {
        var (moved, waiting, listed, longest) = (0, 0, new List<string>(), TimeSpan.Zero);
        if (!view.IsRootRolling && view.IsRolling)
            return new Progress(0, 0, [], null); // The root stays: nobody has to be told anything.
        var (root, now) = (CertificateMaker.KeyIdOf(view.Root), time.GetUtcNow());
        foreach (var tenant in await store.TenantsAsync("which devices have been given the new root", cancellationToken))
        {
            await using var tables = store.Create(tenant);
            var all = await GoodOf(tables, now).Select(c => c.Device).Distinct().CountAsync(cancellationToken);
            var told = view.IsRootRolling ? await GoodOf(tables, now).Where(c => tables.Certificates.Any(o => o.Device == c.Device && o.Anchor == root)).Select(c => c.Device).Distinct().CountAsync(cancellationToken) : 0;
            (moved, waiting) = (moved + told, waiting + all - told);
            if (all > told && directory.PolicyOf(tenant).Lifetime is var life && life > longest)
                longest = life;
            if (listed.Count < most)
            {
                var some = await GoodOf(tables, now).Where(c => !tables.Certificates.Any(o => o.Device == c.Device && o.Anchor == root)).Select(c => c.Device).Distinct().Order().Take(most - listed.Count).ToListAsync(cancellationToken);
                listed.AddRange(some.Select(d => $"{tenant}/{d}"));
            }
        }
        return new Progress(moved, waiting, view.IsRootRolling ? listed : [], view.State.Begun + longest * (2 / 3.0));
    }

    private static IQueryable<CertificateRow> GoodOf(IdentityDbContext tables, DateTimeOffset now) =>
        tables.Certificates.Where(c => c.Use == nameof(CertificateUse.Operational) && c.Standing == nameof(CertificateStanding.Good) && c.NotAfter > now
            && tables.Authorities.Any(a => a.Id == c.Authority && a.Kind == AuthorityKinds.Tenant));
}
