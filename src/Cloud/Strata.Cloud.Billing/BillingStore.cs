using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing;

/// <summary>The slice's tables. Nothing is kept in memory, for nothing here is asked often.</summary>
internal sealed class BillingStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<BillingStore> logger)
    : AuditedStore<BillingDbContext>(database, BillingDbContext.MigrationsTable, static (options, tenant) => new BillingDbContext(options, tenant), numbers, time, logger)
{
    /// <summary>Writes what was measured; no audit, it is an observation. What was said of a minute before stays.</summary>
    public Task AddMinuteAsync(TenantId tenant, ServiceMinuteRow row, CancellationToken cancellationToken) => Turn.ObserveAsync(tenant, async context =>
    {
        if (await context.Minutes.AnyAsync(m => m.Minute == row.Minute, cancellationToken))
            return;
        context.Add(row);
        await context.SaveChangesAsync(cancellationToken);
    }, null, cancellationToken);

    /// <summary>Lets go of minutes before this one.</summary>
    public Task DropMinutesAsync(TenantId tenant, int before, CancellationToken cancellationToken) =>
        Turn.ObserveAsync(tenant, context => context.Minutes.Where(m => m.Minute < before).ExecuteDeleteAsync(cancellationToken), null, cancellationToken);
}

/// <summary>What requests say.</summary>
internal static class BillingRequests
{
    /// <summary>A month out of a route or a body.</summary>
    public static Outcome<BillingMonth> Month(string? text, string field) => BillingMonth.TryParse(text, out var month)
        ? month
        : new Problem(ProblemKind.Invalid, $"'{Short(text)}' is not a month; it is written as 2026-11.", field);

    public static string Short(string? text) => text is null ? "" : text.Length > 64 ? text[..64] + "..." : text;
}
