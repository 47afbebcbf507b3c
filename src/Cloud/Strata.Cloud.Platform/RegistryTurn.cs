using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform;

/// <summary>
/// The one turn on which a slice that holds its rows in memory writes them: one change after the other, each decided on what is in memory, written as one transaction, then
/// followed by the memory. A change whose outcome is unknown leaves its tenant in doubt; what is in memory is loaded again before the tenant's next change.
/// </summary>
/// <param name="create">Makes a context of a tenant.</param>
/// <param name="settle">Loads again what is held of a tenant in doubt; on the turn.</param>
/// <param name="logger">The slice's own: a change that could not be written is its error.</param>
public sealed partial class RegistryTurn<TContext>(
    IRegistryDatabase database, Func<TenantId, TContext> create, Func<TenantId, CancellationToken, Task> settle, ILogger logger) : IDisposable
    where TContext : StrataDbContext
{
    private readonly ConcurrentDictionary<TenantId, bool> doubtful = new();
    private readonly SemaphoreSlim writing = new(1, 1);

    /// <summary>
    /// Decides and makes a change. <paramref name="change"/> runs alone; it saves with <see cref="SaveAsync"/>, and once it has begun to, it carries the change through.
    /// A database that cannot write is the problem <see cref="ProblemKind.Unavailable"/>, and is logged.
    /// </summary>
    /// <param name="tenant">Whose rows may be in doubt after a failure.</param>
    public async Task<Outcome<T>> ChangeAsync<T>(TenantId tenant, Func<Task<Outcome<T>>> change, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            if (doubtful.ContainsKey(tenant))
            {
                await settle(tenant, cancellationToken);
                doubtful.TryRemove(tenant, out _);
            }
            return await change();
        }
        catch (Exception failure) when (database.Explain(failure) is { } problem)
        {
            LogNotWritten(failure);
            doubtful[tenant] = true;
            return problem;
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>
    /// Writes rows that differ and the audit records of it as one transaction, inside of <see cref="ChangeAsync"/>. Not to be cancelled: a caller that goes away must not leave
    /// the memory behind the database.
    /// </summary>
    public async Task SaveAsync(TenantId tenant, IEnumerable<(object? Before, object? After)> rows, IEnumerable<AuditRow> audit)
    {
        if (database.IsApart(tenant))
        {
            // Rows of the installation are in the shared database: they come first, for without what follows they give nobody anything.
            var all = rows.ToList();
            var shared = all.Where(r => (r.After ?? r.Before) is not (null or ITenantRow)).ToList();
            if (shared.Count > 0)
                await SaveAsync(TenantId.Main, shared, []);
            rows = all.Except(shared);
        }
        await using var context = create(tenant);
        context.ChangeTracker.AutoDetectChangesEnabled = false;
        foreach (var (before, after) in rows)
        {
            if ((after ?? before) is not { } row)
                continue; // Made and taken away by the same change.
            var entry = context.Entry(row);
            entry.State = before is null ? EntityState.Added : after is null ? EntityState.Deleted : EntityState.Modified;
            // What a row referred to before orders the statements: it leaves its old place before that place is deleted.
            if (entry.State is EntityState.Modified)
                entry.OriginalValues.SetValues(before!);
        }
        context.AddRange(audit);
        await context.SaveChangesAsync(CancellationToken.None);
    }

    /// <summary>Writes an observation, which needs no audit record, as one transaction, in turn with the changes. Its exceptions are the caller's.</summary>
    /// <param name="follow">What the memory makes of it, still on the turn.</param>
    public async Task ObserveAsync(TenantId tenant, Func<TContext, Task> write, Action? follow, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await using var context = create(tenant);
            await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
            await write(context);
            await transaction.CommitAsync(cancellationToken);
            follow?.Invoke();
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Loads again what is held of a tenant, in turn with the changes: its tables were changed by somebody else.</summary>
    public async Task LoadAgainAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await settle(tenant, cancellationToken);
            doubtful.TryRemove(tenant, out _);
        }
        finally
        {
            writing.Release();
        }
    }

    public void Dispose() => writing.Dispose();

    [LoggerMessage(5003, LogLevel.Error, "A change could not be written, or nobody knows.")]
    private partial void LogNotWritten(Exception failure);
}
