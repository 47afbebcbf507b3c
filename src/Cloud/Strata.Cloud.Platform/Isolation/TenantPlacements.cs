using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>Each tenant's level and place: in memory, and in the shared database. Any thread reads; one changes.</summary>
public sealed class TenantPlacements(IRegistryDatabase database, DataKeys keys, IEnumerable<RegistryPart> parts, RoutedTelemetryStore telemetry, TenantStores stores, IngestWriter writer)
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
                await telemetry.PlaceAsync(tenant, () => stores.Create(tenant), cancellationToken);
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

    /// <summary>Takes an id for a tenant that is being brought in: a row that says so, and one by which the id is not to be had.</summary>
    internal async Task ReserveAsync(TenantPlacementRow placement, string name, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var tenant = TenantId.Parse(placement.TenantId);
        await using var rows = await database.OpenRowsAsync(tenant, RegistryPlace.Shared, write: true, cancellationToken);
        await RunAsync(
            rows, "INSERT INTO tenants (tenant_id, name, created, state) VALUES (@tenant, @name, @created, 'Deleted') ON CONFLICT DO NOTHING", cancellationToken, ("@name", name), ("@created", Core.Telemetry.EventTime.From(now)));
        await rows.CommitAsync(cancellationToken);
        await SaveAsync(placement, cancellationToken);
    }

    /// <summary>The tenant that was brought in is there, from this transaction on.</summary>
    /// <param name="with">The transaction that has its rows, when they are in the shared database; null when they are in the tenant's own.</param>
    internal async Task AdoptAsync(TenantPlacementRow placement, RegistryRows? with, CancellationToken cancellationToken)
    {
        var tenant = TenantId.Parse(placement.TenantId);
        var rows = with ?? await database.OpenRowsAsync(tenant, RegistryPlace.Shared, write: true, cancellationToken);
        await using (with is null ? rows : null)
        {
            if (with is null)
                await RunAsync(rows, "UPDATE tenants SET state = 'Active' WHERE tenant_id = @tenant", cancellationToken);
            await RunAsync(
                rows, "UPDATE tenant_placements SET is_apart = @apart, is_changing = @changing, change = '', finished = @finished, detail = @detail WHERE tenant_id = @tenant", cancellationToken,
                ("@apart", placement.IsApart), ("@changing", false), ("@finished", Core.Telemetry.EventTime.From(placement.Finished!.Value)), ("@detail", placement.Detail));
            await rows.CommitAsync(cancellationToken);
        }
        this.rows[tenant] = placement;
    }

    /// <summary>Gives the id of a tenant back that was not brought in after all; one that has been in use here before stays taken.</summary>
    internal async Task ReleaseAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var open = await database.OpenRowsAsync(tenant, RegistryPlace.Shared, write: true, cancellationToken);
        await RunAsync(open, "DELETE FROM tenant_placements WHERE tenant_id = @tenant", cancellationToken);
        await RunAsync(open, "DELETE FROM tenants WHERE tenant_id = @tenant AND state = 'Deleted' AND NOT EXISTS (SELECT 1 FROM audit WHERE tenant_id = @tenant)", cancellationToken);
        await open.CommitAsync(cancellationToken);
        rows.TryRemove(tenant, out _);
    }

    private static async Task RunAsync(RegistryRows rows, string sql, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters)
    {
        await using var command = rows.Command(sql, [("@tenant", rows.Tenant.Value), .. parameters]);
        await command.ExecuteNonQueryAsync(cancellationToken);
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
