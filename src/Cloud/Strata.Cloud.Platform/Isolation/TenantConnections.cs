using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>Leads each context to the place of its tenant, through the tenant's gate. A context that stays at home passes.</summary>
/// <param name="place">Connection string of the tenant's own database; null for the shared one.</param>
internal sealed class TenantConnections(TenantGates gates, Func<TenantId, string?> place) : DbConnectionInterceptor
{
    public override InterceptionResult ConnectionOpening(DbConnection connection, ConnectionEventData eventData, InterceptionResult result)
    {
        if (Guarded(eventData) is not { } tenant)
            return result;
        if (gates.TryEnter(tenant) is not null)
            throw new InvalidOperationException($"The registry of {tenant} is being moved and is opened synchronously: open it asynchronously.");
        Lead(connection, tenant);
        return result;
    }

    public override async ValueTask<InterceptionResult> ConnectionOpeningAsync(
        DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        if (Guarded(eventData) is { } tenant)
        {
            await gates.EnterAsync(tenant, cancellationToken);
            Lead(connection, tenant);
        }
        return result;
    }

    public override void ConnectionClosed(DbConnection connection, ConnectionEndEventData eventData) => Leave(eventData);

    public override Task ConnectionClosedAsync(DbConnection connection, ConnectionEndEventData eventData)
    {
        Leave(eventData);
        return Task.CompletedTask;
    }

    public override void ConnectionFailed(DbConnection connection, ConnectionErrorEventData eventData) => Leave(eventData);

    public override Task ConnectionFailedAsync(DbConnection connection, ConnectionErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Leave(eventData);
        return Task.CompletedTask;
    }

    private static TenantId? Guarded(DbContextEventData eventData) => eventData.Context is StrataDbContext { StaysAtHome: false } context ? context.Tenant : null;

    private void Lead(DbConnection connection, TenantId tenant)
    {
        if (place(tenant) is { } own && connection.ConnectionString != own)
            connection.ConnectionString = own;
    }

    private void Leave(DbContextEventData eventData)
    {
        if (Guarded(eventData) is { } tenant)
            gates.Leave(tenant);
    }
}
