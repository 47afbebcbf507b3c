using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>All rows of a tenant in all slices' tables.</summary>
public sealed class TenantRows(IRegistryDatabase database, TenantTables tables)
{
    /// <summary>
    /// Deletes all rows in one transaction, its keys among them, so that no sealed row is ever without its key; that it was there, and where, stays. Returns rows deleted.
    /// </summary>
    public async Task<long> RemoveAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        using var gate = await database.Gates.HoldAsync(tenant, TimeSpan.FromSeconds(10), cancellationToken);
        await using var rows = await database.OpenRowsAsync(tenant, RegistryPlace.Current, write: true, cancellationToken);
        long removed = 0;
        // What is written once stays, as the node has no right to take it away: it names amounts and months, and nobody of the tenant.
        foreach (var table in tables.All.Reverse().Where(t => t.Row != typeof(TenantRow) && !t.IsAppendOnly))
            removed += await rows.RemoveAsync(table, tables.References[table.Name], cancellationToken);
        await rows.CommitAsync(cancellationToken);
        return removed;
    }
}
