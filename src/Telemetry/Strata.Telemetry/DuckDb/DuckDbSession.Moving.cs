using Strata.Core.Tenancy;
using Strata.Telemetry.Transfer;

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

    /// <summary>Sets what was seen, metered and ever stored, in one transaction.</summary>
    /// <param name="brought">What the store counts of the rows that were brought.</param>
    public bool Bring(TenantId tenant, TenantRest rest, StoreTotals brought)
    {
        var owner = Catalog.GetOrAdd(tenant);
        var gone = new StoreTotals(
            rest.Totals.Readings - owner.Counts.Held, rest.Totals.Aggregated - brought.Aggregated, rest.Totals.Windows - brought.Windows, rest.Totals.Gaps - brought.Gaps,
            rest.Totals.Lost - brought.Lost, rest.Totals.Health - brought.Health);
        writer.Execute("BEGIN");
        foreach (var table in (ReadOnlySpan<string>)["progress", "usage", "dropped"])
            writer.Execute($"DELETE FROM {table} WHERE tenant_id = {owner.Number}");
        AppendNames();
        Progress.Remove(tenant);
        foreach (var stream in rest.Progress)
        {
            foreach (var (first, last) in stream.Seen)
            {
                Progress.Add(tenant, stream.Source, stream.Stream, first, last);
                AppendProgress(owner, stream.Source, stream.Stream, first, last, lastCommit);
            }
        }
        foreach (var hour in rest.Usage)
            AppendUsage(owner, hour, lastCommit);
        foreach (var appender in appenders.Values.Where(a => a.HasRows))
            appender.Flush();
        if (gone != new StoreTotals(0, 0, 0, 0, 0))
            writer.Execute($"INSERT INTO dropped VALUES ({owner.Number}, {gone.Readings}, {gone.Health}, {gone.Aggregated}, {gone.Windows}, {gone.Gaps}, {gone.Lost})");
        KeepCommitNumber();
        writer.Execute("COMMIT");
        owner.Counts = new TenantCounts(owner.Counts.Held, rest.Totals.Readings, rest.Totals.Health);
        Publish([], [owner]);
        progressRows = writer.Scalar("SELECT count(*) FROM progress");
        return true;
    }
}
