using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform;

/// <summary>
/// A slice's tables and the one way to change them, where what is decided on is read from the database: one change after the other, each written as one transaction with its audit record.
/// </summary>
public class AuditedStore<TContext> : IDisposable
    where TContext : StrataDbContext
{
    private readonly IRegistryDatabase database;
    private readonly string migrationsTable;
    private readonly Func<DbContextOptions<TContext>, TenantId, TContext> create;
    private readonly DbContextOptions<TContext> options;
    private readonly AuditNumbers numbers;
    private readonly TimeProvider time;

    /// <param name="create">A context of the slice for a tenant.</param>
    /// <param name="logger">The slice's own: a change that could not be written is its error.</param>
    public AuditedStore(
        IRegistryDatabase database, string migrationsTable, Func<DbContextOptions<TContext>, TenantId, TContext> create, AuditNumbers numbers, TimeProvider time, ILogger logger)
    {
        (this.database, this.migrationsTable, this.create, this.numbers, this.time) = (database, migrationsTable, create, numbers, time);
        options = database.OptionsFor<TContext>(migrationsTable);
        Turn = new RegistryTurn<TContext>(database, Create, (tenant, cancellationToken) => ReloadAsync(tenant, cancellationToken), logger);
    }

    /// <summary>The turn on which everything is written.</summary>
    protected RegistryTurn<TContext> Turn { get; }

    public TContext Create(TenantId tenant) => create(options, tenant);

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using var context = Create(TenantId.Main);
        await database.MigrateAsync(context, migrationsTable, cancellationToken);
    }

    /// <summary>The installation's tenants, by the named and audited path.</summary>
    public async Task<IReadOnlyList<TenantId>> TenantsAsync(string purpose, CancellationToken cancellationToken)
    {
        await using var context = Create(TenantId.Main);
        return await database.TenantsAsync(context, purpose, cancellationToken);
    }

    /// <summary>Decides and makes a change; a problem, and a change without rows, writes nothing.</summary>
    /// <param name="follow">What the memory makes of a change that was written, still on the turn.</param>
    public Task<Outcome<T>> ChangeAsync<T>(
        Caller caller, Func<TContext, DateTimeOffset, CancellationToken, Task<Outcome<DecidedChange<T>>>> decide, CancellationToken cancellationToken, Action<T>? follow = null) =>
        Turn.ChangeAsync<T>(caller.Tenant, async () =>
        {
            await using var context = Create(caller.Tenant);
            // As tables keep it, in whole microseconds: what is answered now is what is answered later.
            var now = EventTime.ToDateTimeOffset(EventTime.From(time.GetUtcNow()));
            var outcome = await decide(context, now, cancellationToken);
            if (!outcome.IsOk)
                return outcome.Problem;
            if (outcome.Value.Rows.Count > 0)
            {
                var record = RecordOf(caller, outcome.Value, now);
                await Turn.SaveAsync(caller.Tenant, outcome.Value.Rows, [record]);
                follow?.Invoke(outcome.Value.Result);
                numbers.Announce(caller.Tenant);
                OnWritten(record);
            }
            return outcome.Value.Result;
        }, cancellationToken);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        Turn.Dispose();
    }

    /// <summary>Loads again what a slice holds in memory of a tenant, after a change whose outcome is unknown; on the turn. Nothing where it holds nothing.</summary>
    protected virtual Task ReloadAsync(TenantId tenant, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A change was written, on the turn: must not wait.</summary>
    protected virtual void OnWritten(AuditRow record)
    {
    }

    /// <summary>An audit record with the tenant's next number; made on the turn, in the order in which things were done.</summary>
    protected AuditRow Record(Caller caller, DateTimeOffset at, string action, string kind, string subject, object? before, object? after) => new()
    {
        TenantId = caller.Tenant.Value, Id = numbers.Next(caller.Tenant), Time = at, Actor = caller.Actor, Origin = caller.Origin, Action = action, Kind = kind, Subject = subject, Before = Json(before), After = Json(after),
    };

    private AuditRow RecordOf<T>(Caller caller, DecidedChange<T> change, DateTimeOffset now) => Record(caller, now, change.Action, change.Kind, change.Subject, change.Before, change.After);

    private static string? Json(object? value) => value is null ? null : JsonSerializer.Serialize(value, JsonSerializerOptions.Web);
}

/// <summary>A decided change.</summary>
/// <param name="Rows">What differs; none when it is so already.</param>
/// <param name="Before">For the audit record.</param>
public sealed record DecidedChange<T>(
    T Result, IReadOnlyList<(object? Before, object? After)> Rows, string Action, string Kind, string Subject, object? Before, object? After);

/// <summary>Makes decided changes.</summary>
public static class DecidedChange
{
    /// <summary>It is so already.</summary>
    public static DecidedChange<T> None<T>(T result) => new(result, [], "", "", "", null, null);
}
