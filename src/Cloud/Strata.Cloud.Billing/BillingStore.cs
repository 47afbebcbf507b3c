using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Metering.Billing;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing;

/// <summary>
/// The slice's tables and the one way to change them: one change after the other, each decided on what the database has and written as one transaction with its audit
/// record. Nothing is kept in memory, for nothing here is asked often.
/// </summary>
internal sealed class BillingStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time) : IDisposable
{
    private readonly DbContextOptions<BillingDbContext> options = database.OptionsFor<BillingDbContext>(BillingDbContext.MigrationsTable);
    private readonly SemaphoreSlim writing = new(1, 1);

    public BillingDbContext Create(TenantId tenant) => new(options, tenant);

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using var context = Create(TenantId.Main);
        await database.MigrateAsync(context, BillingDbContext.MigrationsTable, cancellationToken);
    }

    public async Task<IReadOnlyList<TenantId>> TenantsAsync(string purpose, CancellationToken cancellationToken)
    {
        await using var context = Create(TenantId.Main);
        return await database.TenantsAsync(context, purpose, cancellationToken);
    }

    /// <summary>Decides and makes a change; a problem, and a change without rows, writes nothing.</summary>
    public async Task<Outcome<T>> ChangeAsync<T>(
        Caller caller, Func<BillingDbContext, DateTimeOffset, CancellationToken, Task<Outcome<BillingChange<T>>>> decide, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await using var context = Create(caller.Tenant);
            // As tables keep it, in whole microseconds: what is answered now is what is answered later.
            var now = EventTime.ToDateTimeOffset(EventTime.From(time.GetUtcNow()));
            var outcome = await decide(context, now, cancellationToken);
            if (!outcome.IsOk)
                return outcome.Problem;
            if (outcome.Value.Rows.Count == 0)
                return outcome.Value.Result;
            await SaveAsync(context, caller, outcome.Value);
            numbers.Announce(caller.Tenant);
            return outcome.Value.Result;
        }
        catch (Exception failure) when (database.Explain(failure) is { } problem)
        {
            return problem;
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Writes what was measured; no audit, it is an observation.</summary>
    public async Task AddMinuteAsync(TenantId tenant, ServiceMinuteRow row, CancellationToken cancellationToken)
    {
        await using var context = Create(tenant);
        if (await context.Minutes.Where(m => m.Minute == row.Minute).Select(m => m.Minute).ToListAsync(cancellationToken) is { Count: > 0 })
            return; // Measured by the node before a restart: what was said of a minute stays.
        context.Add(row);
        await context.SaveChangesAsync(cancellationToken);
    }

    public void Dispose() => writing.Dispose();

    private async Task SaveAsync<T>(BillingDbContext context, Caller caller, BillingChange<T> change)
    {
        foreach (var (before, after) in change.Rows)
        {
            context.Entry((after ?? before)!).State = (before, after) switch
            {
                (null, _) => EntityState.Added,
                (_, null) => EntityState.Deleted,
                _ => EntityState.Modified,
            };
        }
        context.Add(new AuditRow
        {
            TenantId = caller.Tenant.Value, Id = numbers.Next(caller.Tenant), Time = time.GetUtcNow(), Actor = caller.Actor, Origin = caller.Origin,
            Action = change.Action, Kind = change.Kind, Subject = change.Subject, Before = Json(change.Before), After = Json(change.After),
        });
        await context.SaveChangesAsync(CancellationToken.None);
    }

    private static string? Json(object? value) => value is null ? null : JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
}

/// <summary>A decided change.</summary>
/// <param name="Rows">What differs; none when it is so already.</param>
/// <param name="Before">For the audit record.</param>
internal sealed record BillingChange<T>(
    T Result, IReadOnlyList<(object? Before, object? After)> Rows, string Action, string Kind, string Subject, object? Before, object? After)
{
    /// <summary>It is so already.</summary>
    public static BillingChange<T> None(T result) => new(result, [], "", "", "", null, null);
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
