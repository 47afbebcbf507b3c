using Npgsql;
using Strata.Cloud.Artifacts;
using Strata.Cloud.Billing;
using Strata.Cloud.Devices;
using Strata.Cloud.Health;
using Strata.Cloud.Identity;
using Strata.Cloud.Installer;
using Strata.Cloud.Provisioning;
using Strata.Cloud.Shadows;
using Strata.Cloud.Tenancy;
using Strata.Cloud.Updates;
using Strata.Core.Tenancy;
using Strata.Postgres;
using Strata.Postgres.Schema;
using Strata.Telemetry.Postgres;

namespace Strata.Cloud;

/// <summary>What a cloud node keeps in PostgreSQL: the registry's slices and the telemetry store. <c>strata database</c> works on it.</summary>
public static class CloudDatabase
{
    public static DatabaseSchema Schema { get; } = new(DevicesModule.Schema, TenancyModule.Schema, BillingModule.Schema, IdentityModule.Schema, HealthModule.Schema, ProvisioningModule.Schema, InstallerModule.Schema, ArtifactsModule.Schema, ShadowsModule.Schema, UpdatesModule.Schema, new TelemetrySchema());

    /// <summary>A tenant's own database, made when it is missing. Only who may sign in to the shared one gets in.</summary>
    /// <exception cref="DatabaseException">It is missing, and the owner may not make it; the message says what to do.</exception>
    public static async Task<DatabaseAddress> EnsureOwnAsync(DatabaseAddress owner, TenantId tenant, CancellationToken cancellationToken)
    {
        var own = owner.Of(tenant);
        await using var connection = await owner.OpenAsync(cancellationToken);
        if ((await connection.ListAsync("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", r => r.GetBoolean(0), cancellationToken, own.Database))[0])
            return own;
        var name = own.Database.Replace("\"", "\"\"", StringComparison.Ordinal);
        try
        {
            await connection.RunAsync($"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'", cancellationToken);
            await connection.RunAsync($"REVOKE CONNECT ON DATABASE \"{name}\" FROM PUBLIC", cancellationToken);
            return own;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new DatabaseException(
                $"{owner.Name}: this owner may not make databases. As a superuser: ALTER ROLE {owner.Role} CREATEDB; or CREATE DATABASE \"{name}\" OWNER {owner.Role} TEMPLATE template0 ENCODING 'UTF8'; then run this again.", e);
        }
    }
}
