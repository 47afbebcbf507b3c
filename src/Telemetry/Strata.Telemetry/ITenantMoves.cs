using Strata.Core.Tenancy;

namespace Strata.Telemetry;

/// <summary>A store from which a tenant can be taken out, whole, into files of its own.</summary>
public interface ITenantMoves
{
    /// <summary>
    /// Copies what the tenant has into the store of a folder, which nobody has open, beside running commits; goes on where an earlier copy ended. Rows are as they were, with the numbers of their commits,
    /// what was seen, counted, metered and dropped. Retention waits until <see cref="EndCopy"/>.
    /// </summary>
    /// <param name="progress">Rows copied by this call.</param>
    /// <returns>The commit up to which both have been compared, by day and table.</returns>
    /// <exception cref="TelemetryStoreException">It failed, or the two differ; then the copy is gone and is begun anew by the next call.</exception>
    Task<long> CopyAsync(TenantId tenant, string folder, Action<long> progress, CancellationToken cancellationToken);

    /// <summary>The last part, while nothing of the tenant is written: copies the rest and compares it. After it the folder's store is the tenant's.</summary>
    /// <param name="compared">What <see cref="CopyAsync"/> returned.</param>
    Task FinishCopyAsync(TenantId tenant, string folder, long compared, CancellationToken cancellationToken);

    /// <summary>Retention goes on.</summary>
    void EndCopy();

    /// <summary>Removes everything of a tenant, in slices between commits. Nothing of it may be written any more. Returns rows removed.</summary>
    Task<long> RemoveAsync(TenantId tenant, CancellationToken cancellationToken);
}
