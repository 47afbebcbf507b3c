using System.Collections.Concurrent;
using System.Collections.Immutable;
using Strata.Cloud.Health.Rows;
using Strata.Core.Architecture;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health.Windows;

/// <summary>Maintenance windows that are not over, in memory: every device is asked about them. Safe from any thread.</summary>
internal sealed class WindowBook
{
    private readonly ConcurrentDictionary<TenantId, ImmutableArray<SiteWindowRow>> tenants = new();

    public ImmutableArray<SiteWindowRow> Of(TenantId tenant) => tenants.GetValueOrDefault(tenant, []);

    public void Set(TenantId tenant, IEnumerable<SiteWindowRow> windows) => tenants[tenant] = [.. windows.OrderBy(w => w.Begins)];

    public void Put(TenantId tenant, SiteWindowRow window) => tenants.AddOrUpdate(tenant, [window], (_, there) => [.. there.Where(w => w.Id != window.Id).Append(window).OrderBy(w => w.Begins)]);

    public void Forget(TenantId tenant) => tenants.TryRemove(tenant, out _);

    /// <summary>Whether a place, or what is nowhere, lies in a window now.</summary>
    public Func<SiteId?, bool> Now(TenantId tenant, DateTimeOffset now)
    {
        var running = Of(tenant).Where(w => w.Begins <= now && now < w.Ends).Select(w => w.Site is null ? (SiteId?)null : SiteId.Parse(w.Site)).ToList();
        return running.Count == 0 ? static _ => false : at => running.Exists(site => Covers(site, at));
    }

    /// <summary>The first window at a place that has not begun, if there is one before it is due.</summary>
    public SiteWindowRow? NextAt(TenantId tenant, SiteId? place, DateTimeOffset now, DateTimeOffset due) =>
        Of(tenant).FirstOrDefault(w => w.Begins > now && w.Begins <= due && Covers(w.Site is null ? null : SiteId.Parse(w.Site), place));

    private static bool Covers(SiteId? site, SiteId? at) => site is not { } place || (at is { } there && place.Contains(there));
}
