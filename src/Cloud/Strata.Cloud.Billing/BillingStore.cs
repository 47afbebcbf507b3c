using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
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
internal sealed class BillingStore : IDisposable
{
    private readonly IRegistryDatabase database;
    private readonly AuditNumbers numbers;
    private readonly TimeProvider time;
    private readonly DbContextOptions<BillingDbContext> options;
    private readonly RegistryTurn<BillingDbContext> turn;

    public BillingStore(IRegistryDatabase database, AuditNumbers numbers, TimeProvider time, ILogger<BillingStore> logger)
    {
        (this.database, this.numbers, this.time) = (database, numbers, time);
        options = database.OptionsFor<BillingDbContext>(BillingDbContext.MigrationsTable);
        turn = new RegistryTurn<BillingDbContext>(database, Create, static (_, _) => Task.CompletedTask, logger);
    }

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
    public Task<Outcome<T>> ChangeAsync<T>(
        Caller caller, Func<BillingDbContext, DateTimeOffset, CancellationToken, Task<Outcome<BillingChange<T>>>> decide, CancellationToken cancellationToken) =>
        turn.ChangeAsync<T>(caller.Tenant, async () =>
        {
            await using var context = Create(caller.Tenant);
            // As tables keep it, in whole microseconds: what is answered now is what is answered later.
            var now = EventTime.ToDateTimeOffset(EventTime.From(time.GetUtcNow()));
            var outcome = await decide(context, now, cancellationToken);
            if (!outcome.IsOk)
                return outcome.Problem;
            if (outcome.Value.Rows.Count > 0)
            {
                await turn.SaveAsync(caller.Tenant, outcome.Value.Rows, [Record(caller, outcome.Value, now)]);
                numbers.Announce(caller.Tenant);
            }
            return outcome.Value.Result;
        }, cancellationToken);

    /// <summary>Writes what was measured; no audit, it is an observation. What was said of a minute before stays.</summary>
    public Task AddMinuteAsync(TenantId tenant, ServiceMinuteRow row, CancellationToken cancellationToken) => turn.ObserveAsync(tenant, async context =>
    {
        if (await context.Minutes.AnyAsync(m => m.Minute == row.Minute, cancellationToken))
            return;
        context.Add(row);
        await context.SaveChangesAsync(cancellationToken);
    }, null, cancellationToken);

    /// <summary>Lets go of minutes before this one.</summary>
    public Task DropMinutesAsync(TenantId tenant, int before, CancellationToken cancellationToken) =>
        turn.ObserveAsync(tenant, context => context.Minutes.Where(m => m.Minute < before).ExecuteDeleteAsync(cancellationToken), null, cancellationToken);

    public void Dispose() => turn.Dispose();

    private AuditRow Record<T>(Caller caller, BillingChange<T> change, DateTimeOffset now) => new()
    {
        TenantId = caller.Tenant.Value, Id = numbers.Next(caller.Tenant), Time = now, Actor = caller.Actor, Origin = caller.Origin,
        Action = change.Action, Kind = change.Kind, Subject = change.Subject, Before = Json(change.Before), After = Json(change.After),
    };

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
