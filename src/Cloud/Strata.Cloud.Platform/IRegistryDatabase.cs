using Microsoft.EntityFrameworkCore;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform;

/// <summary>Where the registry is kept: a file of SQLite's (<see cref="RegistryFile"/>) or a database of PostgreSQL's (<see cref="RegistryServer"/>).</summary>
public interface IRegistryDatabase
{
    /// <summary>Options for a slice's context on this database.</summary>
    DbContextOptions<TContext> OptionsFor<TContext>(string migrationsTable)
        where TContext : StrataDbContext;

    /// <summary>Makes a slice's tables ready for use; on a server they are made by <c>strata database migrate</c> and this does nothing.</summary>
    Task MigrateAsync<TContext>(TContext context, string migrationsTable, CancellationToken cancellationToken)
        where TContext : StrataDbContext;

    /// <summary>All tenants. The one question that goes beyond a tenant: a server writes down that it was asked, and what for.</summary>
    Task<IReadOnlyList<TenantId>> TenantsAsync(StrataDbContext context, string purpose, CancellationToken cancellationToken);

    /// <summary>Why the database did not take a change, when that may pass or is the caller's; null for everything else, which is a fault of ours.</summary>
    Problem? Explain(Exception failure);
}
