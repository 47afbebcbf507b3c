using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>Deleting, in slices between commits.</summary>
internal sealed partial class DuckDbSession
{
    /// <summary>Rows of one slice: some tens of milliseconds for which commits wait.</summary>
    public const long RetentionSlice = 250_000;

    /// <summary>The last commit that is certainly older than the time; 0 for none. Known to the minute.</summary>
    public long CommitBefore(long time)
    {
        var next = writer.Scalar($"SELECT coalesce(min(commit), 0) FROM commits WHERE commit > (SELECT coalesce(max(commit), {long.MaxValue}) FROM commits WHERE time <= {time - TimedEvery})");
        if (next > 0)
            return next - 1;
        return writer.Scalar($"SELECT count(*) FROM commits WHERE time <= {time - TimedEvery}") > 0 ? lastCommit : 0;
    }

    /// <summary>Deletes whole commits from the oldest on, about as many rows as said, up to a commit; returns rows deleted.</summary>
    /// <param name="only">Only this tenant's rows of them; null for all.</param>
    public long DropReadings(long upTo, long rows, TenantId? only = null)
    {
        var owner = only is { } tenantId ? Catalog.Find(tenantId) : null;
        if (only is not null && owner is null)
            return 0;
        var mine = owner is null ? "" : $"tenant_id = {owner.Number} AND ";
        return DropCounted(mine, upTo, rows, (_, bound) =>
        {
            writer.Execute($"DELETE FROM origins WHERE {mine}commit <= {bound}");
            if (owner is null)
                writer.Execute($"DELETE FROM commits WHERE commit < {bound}");
        });
    }

    /// <summary>Before readings are dropped: what the counts of all series are made of is written down.</summary>
    public bool KeepHeights()
    {
        if (rowsSinceHeights > 0)
            WriteHeights();
        return true;
    }

    /// <summary>Deletes rows of readings with all that is counted of them, see <see cref="DropReadings"/>.</summary>
    /// <param name="mine">Which rows: a condition that ends with AND, or empty.</param>
    /// <param name="beside">What else goes, or changes, in the transaction: before the rows of commits from one to another are gone.</param>
    private long DropCounted(string mine, long upTo, long rows, Action<long, long> beside)
    {
        // The first rows of the table are the oldest: it is only ever appended to.
        var (oldest, bound) = (0L, 0L);
        writer.Query($"SELECT coalesce(min(commit), 0), coalesce(max(commit), 0) FROM (SELECT commit FROM readings WHERE {mine}true LIMIT {rows})", r => (oldest, bound) = (r.GetInt64(0), r.GetInt64(1)));
        // Only what is counted for good may go: see Usage.
        var settled = unsettled == 0 ? lastCommit : settledCommit;
        bound = Math.Min(Math.Min(bound, upTo), Math.Min(settled, heightsCommit));
        if (bound == 0 || oldest > bound)
            return 0;
        List<(SeriesEntry Series, long Readings)> gone = [];
        writer.Query(ReadingSql.Gone(mine, bound, settled), r => gone.Add((Catalog.Series(r.GetInt32(0)), r.GetInt64(1))));
        writer.Execute("BEGIN");
        foreach (var (series, readings) in gone)
            AppendCount(series, -readings);
        Flush("counts");
        foreach (var tenant in gone.GroupBy(g => g.Series.Device.Tenant.Number))
            Count(tenant.Key, $"{tenant.Sum(g => g.Readings)}", $"{tenant.Where(g => g.Series.IsHealth).Sum(g => g.Readings)}", "0", "0", "0", "0");
        beside(oldest, bound);
        var dropped = writer.Execute($"DELETE FROM readings WHERE {mine}commit <= {bound}");
        KeepCommitNumber();
        writer.Execute("COMMIT");
        foreach (var (series, readings) in gone)
        {
            series.Count -= readings;
            series.Device.Tenant.Counts = series.Device.Tenant.Counts with { Held = series.Device.Tenant.Counts.Held - readings };
        }
        Publish(gone.Select(g => g.Series), gone.Select(g => g.Series.Device.Tenant).Distinct());
        CheckpointIfDue();
        return dropped;
    }

    /// <summary>Deletes hours of usage from before a time.</summary>
    public long DropUsage(long time) => writer.Execute($"DELETE FROM usage WHERE hour < {time}");

    /// <summary>Deletes windows, events and gaps from before a time.</summary>
    public long DropRecords(long time)
    {
        writer.Execute("BEGIN");
        foreach (var tenant in TenantsOf("windows", $"start < {time}"))
        {
            var standing = $"FROM (SELECT readings FROM windows WHERE tenant_id = {tenant} AND start < {time} {DuckDbTelemetryStore.StandingWindow})";
            Count(tenant, "0", "0", $"(SELECT coalesce(sum(readings), 0)::BIGINT {standing})", $"(SELECT count(*) {standing})", "0", "0");
        }
        foreach (var tenant in TenantsOf("gaps", $"recorded < {time}"))
        {
            var gone = $"FROM gaps WHERE tenant_id = {tenant} AND recorded < {time}";
            Count(tenant, "0", "0", "0", "0", $"(SELECT count(*) {gone})", $"(SELECT coalesce(sum(readings), 0)::BIGINT {gone})");
        }
        var dropped = writer.Execute($"DELETE FROM windows WHERE start < {time}")
            + writer.Execute($"DELETE FROM events WHERE time < {time}")
            + writer.Execute($"DELETE FROM gaps WHERE recorded < {time}");
        if (dropped > 0)
            KeepCommitNumber();
        writer.Execute("COMMIT");
        return dropped;
    }

    /// <summary>Bytes in use, after the log was moved into the database, and rows of readings.</summary>
    public async Task<(long Bytes, long Rows)> MeasureAsync()
    {
        await CheckpointAsync();
        var bytes = writer.Scalar("SELECT (used_blocks * block_size)::BIGINT FROM pragma_database_size()");
        return (bytes, writer.Scalar("SELECT count(*) FROM readings"));
    }

    private List<int> TenantsOf(string table, string where)
    {
        List<int> tenants = [];
        writer.Query($"SELECT DISTINCT tenant_id FROM {table} WHERE {where}", r => tenants.Add(r.GetInt32(0)));
        return tenants;
    }

    /// <summary>Adds to what was dropped of a tenant, in the transaction that drops it. The arguments are expressions, evaluated before anything is deleted.</summary>
    private void Count(int tenant, string readings, string health, string aggregated, string windows, string gaps, string lost)
    {
        writer.Execute($"INSERT INTO dropped SELECT {tenant}, 0, 0, 0, 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM dropped WHERE tenant_id = {tenant})");
        writer.Execute(
            $"""
            UPDATE dropped SET readings = readings + {readings}, health = health + {health}, aggregated = aggregated + {aggregated}, windows = windows + {windows},
                gaps = gaps + {gaps}, lost = lost + {lost} WHERE tenant_id = {tenant}
            """);
    }

    /// <summary>The number of the last commit must outlive its rows: numbers never begin anew.</summary>
    private void KeepCommitNumber() => writer.Execute(
        $"INSERT INTO commits SELECT 0, {lastCommit}, {lastTimed} WHERE NOT EXISTS (SELECT 1 FROM commits WHERE commit = {lastCommit})");
}
