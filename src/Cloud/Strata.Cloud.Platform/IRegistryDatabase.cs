using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Platform.Isolation;
using Strata.Core;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform;

/// <summary>Where the registry is kept: a file of SQLite's (<see cref="RegistryFile"/>) or a database of PostgreSQL's (<see cref="RegistryServer"/>).</summary>
public interface IRegistryDatabase
{
    /// <summary>The data keys in use.</summary>
    KeyRing Keys { get; }

    /// <summary>The file that it is, for who writes with its statements (<see cref="RegistryFile.WriteAsync"/>); null where it is a server.</summary>
    RegistryFile? File { get; }

    /// <summary>Through which the tenants' connections go.</summary>
    TenantGates Gates { get; }

    /// <summary>Whether the tenant has a database of its own.</summary>
    bool IsApart(TenantId tenant);

    /// <summary>Leads the tenant's contexts to its own database, or back to the shared one. While its gate is held, or before it is used.</summary>
    void Place(TenantId tenant, bool apart);

    /// <summary>Why no tenant can have a database of its own here just now; null where one can.</summary>
    Task<Problem?> CannotPlaceAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>Makes the tenant's own database ready, with tables like the shared one's, unless it is.</summary>
    Task PrepareOwnAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>Takes the tenant's own database away, or what is in it. Nobody is led there any more.</summary>
    Task RemoveOwnAsync(TenantId tenant, TenantTables tables, CancellationToken cancellationToken);

    /// <summary>A connection for whole tables, see <see cref="RegistryRows"/>.</summary>
    Task<RegistryRows> OpenRowsAsync(TenantId tenant, RegistryPlace place, bool write, CancellationToken cancellationToken);

    /// <summary>Deletes what the shared database has of a tenant that is served from its own, or is gone, beside that it was there. Returns rows deleted.</summary>
    Task<long> ClearSharedAsync(TenantId tenant, TenantTables tables, CancellationToken cancellationToken);

    /// <summary>Takes out of the files what is in no row any more, as far as the node may.</summary>
    Task ScrubAsync(TenantId tenant, CancellationToken cancellationToken);

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
