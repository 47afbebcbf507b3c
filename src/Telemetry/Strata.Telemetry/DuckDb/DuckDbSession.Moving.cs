using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>Removing a tenant, in slices between commits.</summary>
internal sealed partial class DuckDbSession
{
    /// <summary>Deletes some rows of the tenant's readings; 0 when none are left.</summary>
    public long RemoveSlice(TenantId tenant)
    {
        if (Catalog.Find(tenant) is not { } owner)
            return 0;
        var bound = writer.Scalar($"SELECT coalesce(max(commit), 0) FROM (SELECT commit FROM readings WHERE tenant_id = {owner.Number} LIMIT {RetentionSlice})");
        if (bound == 0)
            return 0;
        writer.Execute("BEGIN");
        var removed = writer.Execute($"DELETE FROM readings WHERE tenant_id = {owner.Number} AND commit <= {bound}");
        KeepCommitNumber();
        writer.Execute("COMMIT");
        CheckpointIfDue();
        return removed;
    }

    /// <summary>Deletes what else there is of the tenant, and forgets it.</summary>
    public bool RemoveRest(TenantId tenant)
    {
        if (Catalog.Find(tenant) is not { } owner)
            return false;
        writer.Execute("BEGIN");
        foreach (var table in Schema.Growing.Concat(Schema.Kept))
            writer.Execute($"DELETE FROM {table} WHERE tenant_id = {owner.Number}");
        KeepCommitNumber();
        writer.Execute("COMMIT");
        Catalog.Remove(owner);
        Progress.Remove(tenant);
        progressRows = writer.Scalar("SELECT count(*) FROM progress");
        return true;
    }
}
