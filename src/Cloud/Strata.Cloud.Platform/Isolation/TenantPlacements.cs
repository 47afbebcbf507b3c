using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>Each tenant's level and place: in memory, and in the shared database. Any thread reads; one changes.</summary>
public sealed class TenantPlacements(IRegistryDatabase database, DataKeys keys, IEnumerable<RegistryPart> parts, RoutedTelemetryStore telemetry, IngestWriter writer)
{
    private readonly DbContextOptions<HomeDbContext> options = database.OptionsFor<HomeDbContext>("home_migrations");
    private readonly ConcurrentDictionary<TenantId, TenantPlacementRow> rows = new();

    public IEnumerable<TenantPlacementRow> All => rows.Values;

    public TenantPlacementRow Of(TenantId tenant) =>
        rows.GetValueOrDefault(tenant) ?? new TenantPlacementRow { TenantId = tenant.Value, Level = IsolationLevel.Logical, Target = IsolationLevel.Logical };

    /// <summary>Before anything of the tenants is read: leads to their places, brings those up to date, and loads their keys.</summary>
    public async Task LoadAsync(IReadOnlyList<TenantId> tenants, CancellationToken cancellationToken)
    {
        foreach (var tenant in tenants)
        {
            await using (var home = new HomeDbContext(options, tenant))
            {
                if (await home.Set<TenantPlacementRow>().SingleOrDefaultAsync(cancellationToken) is { } row)
                    rows[tenant] = row;
            }
            if (Of(tenant).IsApart)
            {
                database.Place(tenant, apart: true);
                await MigrateAsync(tenant, cancellationToken);
                await writer.SeparateAsync(tenant, cancellationToken);
                await telemetry.PlaceAsync(tenant, ((RegistryFile)database).OwnFolder(tenant), cancellationToken);
            }
            await keys.LoadAsync(tenant, cancellationToken);
        }
    }

    /// <summary>Makes the tables of a tenant's own database ready.</summary>
    public async Task MigrateAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        foreach (var part in parts)
            await part.Migrate(database, tenant, cancellationToken);
    }

    /// <summary>Says in the shared database that a tenant is gone, whose own database is.</summary>
    public async Task MarkDeletedAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var home = new HomeDbContext(options, tenant);
        await using var transaction = await home.Database.BeginTransactionAsync(cancellationToken);
        await home.Tenants.ExecuteUpdateAsync(t => t.SetProperty(r => r.State, TenantState.Deleted), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    public async Task SaveAsync(TenantPlacementRow row, CancellationToken cancellationToken)
    {
        var tenant = TenantId.Parse(row.TenantId);
        await using var home = new HomeDbContext(options, tenant);
        home.Entry(row).State = rows.ContainsKey(tenant) ? EntityState.Modified : EntityState.Added;
        await home.SaveChangesAsync(cancellationToken);
        rows[tenant] = row;
    }
}
