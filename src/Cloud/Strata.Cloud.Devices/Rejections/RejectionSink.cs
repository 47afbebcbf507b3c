using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Devices.Registry;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Cloud.Devices.Rejections;

/// <summary>Keeps the rejections, so that they are there after a restart: the newest of each tenant, bounded.</summary>
internal sealed class RejectionSink(RegistryStore registry, TenantDirectory tenants, DevicesOptions options) : IRejectionSink
{
    public async ValueTask WriteAsync(IReadOnlyList<RejectionChange> changes, CancellationToken cancellationToken)
    {
        foreach (var tenant in changes.Select(c => c.Entry).GroupBy(e => e.Tenant).Where(t => tenants.Exists(t.Key)))
            await registry.WriteAsync(tenant.Key, context => WriteAsync(context, tenant.Key, tenant, cancellationToken), cancellationToken);
    }

    /// <summary>What was kept, for the log in memory.</summary>
    public async Task<IReadOnlyList<RejectionEntry>> LoadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = registry.CreateContext(tenant);
        var rows = await context.Rejections.OrderByDescending(r => r.Last).Take(options.RejectionsKept).ToListAsync(cancellationToken);
        return [.. rows.Select(r => new RejectionEntry(tenant, r.Subject, r.Gateway is null ? null : GatewayId.Parse(r.Gateway), r.Kind, r.Reason, r.Count, r.First, r.Last))];
    }

    private async Task WriteAsync(DevicesDbContext context, TenantId tenant, IEnumerable<RejectionEntry> entries, CancellationToken cancellationToken)
    {
        foreach (var entry in entries)
        {
            var (first, last) = (EventTime.From(entry.First), EventTime.From(entry.Last));
            await context.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO rejections (tenant_id, key, subject, gateway, kind, reason, count, first, last)
                VALUES ({tenant.Value}, {Key(entry)}, {entry.Subject}, {entry.Gateway?.Value}, {entry.Kind.ToString()}, {entry.Reason}, {entry.Count}, {first}, {last})
                ON CONFLICT (tenant_id, key) DO UPDATE SET count = excluded.count, last = excluded.last
                """, cancellationToken);
        }
        var surplus = context.Rejections.OrderByDescending(r => r.Last).Skip(options.RejectionsKept).Select(r => r.Key);
        await context.Rejections.Where(r => surplus.Contains(r.Key)).ExecuteDeleteAsync(cancellationToken);
    }

    private static string Key(RejectionEntry entry) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{entry.Kind}\n{entry.Subject}\n{entry.Gateway?.Value}\n{entry.Reason}")).AsSpan(0, 16));
}
