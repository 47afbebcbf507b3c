using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Rows;
using Strata.Cloud.Health.Windows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health;

/// <summary>The slice's tables.</summary>
internal sealed class HealthStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<HealthStore> logger)
    : AuditedStore<HealthDbContext>(database, HealthDbContext.MigrationsTable, static (options, tenant) => new HealthDbContext(options, tenant), numbers, time, logger)
{
    /// <summary>Writes what is known of devices, as one transaction.</summary>
    public Task KeepAsync(TenantId tenant, IReadOnlyList<(DeviceId Device, KeptHealth State)> devices, DateTimeOffset now, CancellationToken cancellationToken) => Turn.ObserveAsync(tenant, async context =>
    {
        var at = EventTime.From(now);
        foreach (var (device, state) in devices)
        {
            var text = JsonSerializer.Serialize(state, HealthJson.Default.KeptHealth);
            await context.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO device_health (tenant_id, device, state, updated) VALUES ({tenant.Value}, {device.Value}, {text}, {at})
                ON CONFLICT (tenant_id, device) DO UPDATE SET state = excluded.state, updated = excluded.updated
                """, cancellationToken);
        }
    }, null, cancellationToken);

    /// <summary>Writes the fleet's counts at an hour and lets go of hours before another; what was said of an hour is replaced.</summary>
    public Task KeepTrendAsync(TenantId tenant, FleetTrendRow row, int before, CancellationToken cancellationToken) => Turn.ObserveAsync(tenant, async context =>
    {
        await context.Trend.Where(h => h.Hour == row.Hour || h.Hour < before).ExecuteDeleteAsync(cancellationToken);
        context.Add(row);
        await context.SaveChangesAsync(cancellationToken);
    }, null, cancellationToken);

    /// <summary>Loads what was kept of a tenant into the book.</summary>
    /// <returns>Devices of which it cannot be read: that is let go, for the device will say again how it is, and no node stays away for it.</returns>
    public async Task<int> LoadAsync(TenantId tenant, HealthBook book, WindowBook windows, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        if ((await context.ReadAllAsync<HealthPolicyRow>(cancellationToken)).SingleOrDefault() is { } policy)
            book.SetPolicy(tenant, Policy.PolicyText.Read(policy.Policy));
        var (now, unreadable) = (book.Now, 0);
        windows.Set(tenant, [.. (await context.ReadAllAsync<SiteWindowRow>(cancellationToken)).Where(w => w.Ends > now)]);
        var records = book.RecordsOf(tenant);
        await foreach (var row in context.Devices.AsNoTracking().AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (DeviceId.TryParse(row.Device, out var device) && Read(row) is { } kept)
                records.TryAdd(device, DeviceRecord.Restore(kept));
            else
                unreadable++;
        }
        return unreadable;
    }

    private static KeptHealth? Read(DeviceHealthRow row)
    {
        try
        {
            return JsonSerializer.Deserialize(row.State, HealthJson.Default.KeptHealth);
        }
        catch (JsonException)
        {
            return null; // Counted by who asked.
        }
    }
}
