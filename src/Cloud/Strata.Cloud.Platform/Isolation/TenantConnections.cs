using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>
/// Leads each context to the place of its tenant, through the tenant's gate. A context that stays at home passes. Who is let in leaves once, when its connection is closed or is disposed of: a context whose transaction could not begin
/// does the latter only.
/// </summary>
/// <param name="place">Connection string of the tenant's own database; null for the shared one.</param>
internal sealed class TenantConnections(TenantGates gates, Func<TenantId, string?> place) : DbConnectionInterceptor
{
    /// <summary>By connection: the event of a disposal names no context.</summary>
    private readonly ConcurrentDictionary<DbConnection, TenantId> inside = new(ReferenceEqualityComparer.Instance);

    public override InterceptionResult ConnectionOpening(DbConnection connection, ConnectionEventData eventData, InterceptionResult result)
    {
        if (Guarded(eventData) is not { } context)
            return result;
        if (gates.TryEnter(context.Tenant) is not null)
            throw new InvalidOperationException($"The registry of {context.Tenant} is being moved and is opened synchronously: open it asynchronously.");
        Lead(connection, context);
        return result;
    }

    public override async ValueTask<InterceptionResult> ConnectionOpeningAsync(
        DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        if (Guarded(eventData) is { } context)
        {
            await gates.EnterAsync(context.Tenant, cancellationToken);
            Lead(connection, context);
        }
        return result;
    }

    public override void ConnectionClosed(DbConnection connection, ConnectionEndEventData eventData) => Leave(connection);

    public override Task ConnectionClosedAsync(DbConnection connection, ConnectionEndEventData eventData) => Left(connection);

    public override void ConnectionDisposed(DbConnection connection, ConnectionEndEventData eventData) => Leave(connection);

    public override Task ConnectionDisposedAsync(DbConnection connection, ConnectionEndEventData eventData) => Left(connection);

    public override void ConnectionFailed(DbConnection connection, ConnectionErrorEventData eventData) => Leave(connection);

    public override Task ConnectionFailedAsync(DbConnection connection, ConnectionErrorEventData eventData, CancellationToken cancellationToken = default) => Left(connection);

    private static StrataDbContext? Guarded(DbContextEventData eventData) => eventData.Context is StrataDbContext { StaysAtHome: false } context ? context : null;

    private void Lead(DbConnection connection, StrataDbContext context)
    {
        inside[connection] = context.Tenant;
        if (place(context.Tenant) is { } own && connection.ConnectionString != own)
            connection.ConnectionString = own;
    }

    private void Leave(DbConnection connection)
    {
        if (inside.TryRemove(connection, out var tenant))
            gates.Leave(tenant);
    }

    private Task Left(DbConnection connection)
    {
        Leave(connection);
        return Task.CompletedTask;
    }
}
