using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>A slice's part of the registry: each slice registers its own, so that what concerns all tables of a tenant finds them.</summary>
/// <param name="Create">A context of the slice for a tenant.</param>
public sealed record RegistryPart(string MigrationsTable, Func<IRegistryDatabase, TenantId, StrataDbContext> Create)
{
    /// <summary>Makes the part's tables ready where the tenant's rows are.</summary>
    internal Func<IRegistryDatabase, TenantId, CancellationToken, Task> Migrate { get; private init; } = static (_, _, _) => Task.CompletedTask;

    public static RegistryPart Of<TContext>(string migrationsTable, Func<Microsoft.EntityFrameworkCore.DbContextOptions<TContext>, TenantId, TContext> create)
        where TContext : StrataDbContext => new(migrationsTable, (database, tenant) => create(database.OptionsFor<TContext>(migrationsTable), tenant))
        {
            Migrate = async (database, tenant, cancellationToken) =>
            {
                await using var context = create(database.OptionsFor<TContext>(migrationsTable), tenant);
                await database.MigrateAsync(context, migrationsTable, cancellationToken);
            },
        };
}
