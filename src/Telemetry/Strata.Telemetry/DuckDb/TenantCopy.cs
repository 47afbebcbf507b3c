namespace Strata.Telemetry.DuckDb;

/// <summary>
/// A tenant's rows (or, without a tenant, all) on their way into a store of their own: the other file is attached to the running database, so that rows go from table to table. Numbers of tenant, series and commits stay. The commit up to
/// which was copied is in the same transaction as the rows (table <c>copied</c>).
/// </summary>
internal sealed class TenantCopy : IDisposable
{
    /// <summary>Rows of the store that one transaction looks at.</summary>
    private const long Slice = 500_000;

    private readonly DuckDbConnection connection;
    private bool left;

    private TenantCopy(DuckDbConnection connection) => this.connection = connection;

    /// <summary>The commit up to which was copied.</summary>
    public long Cursor => connection.Scalar("SELECT coalesce(max(commit), 0) FROM apart.copied");

    public static TenantCopy Open(TelemetryStoreOptions options, string folder)
    {
        StoreFolder.Prepare(folder);
        StoreFolder.MendLog(folder);
        var target = new TelemetryStoreOptions { Folder = folder, Threads = 1, MemoryLimitMiB = 64 };
        using (var own = DuckDbConnection.Open(DuckDbSession.File(target), target))
        {
            Schema.Migrate(own);
            own.Execute("CREATE TABLE IF NOT EXISTS copied(tenant_id INTEGER NOT NULL, commit BIGINT NOT NULL)");
            own.Execute("CHECKPOINT");
        }
        StoreFolder.Protect(folder);
        var connection = DuckDbConnection.Open(DuckDbSession.File(options), options);
        try
        {
            connection.Execute($"ATTACH '{DuckDbSession.File(target).Replace("'", "''", StringComparison.Ordinal)}' AS apart");
            return new TenantCopy(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Throws the copy away.</summary>
    public static void Delete(string folder)
    {
        foreach (var file in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "telemetry.duckdb*") : [])
            File.Delete(file);
    }

    /// <summary>Copies commit after commit until few rows are left.</summary>
    public void CatchUp(int? tenant, Action<long> progress, CancellationToken cancellationToken)
    {
        long copied = 0;
        for (var last = false; !last;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var cursor = Cursor;
            var rows = 0L;
            var bound = 0L;
            connection.Query($"SELECT count(*), coalesce(max(commit), 0) FROM (SELECT commit FROM readings WHERE commit > {cursor} LIMIT {Slice})", r => (rows, bound) = (r.GetInt64(0), r.GetInt64(1)));
            last = rows < Slice;
            if (bound <= cursor)
                return;
            connection.Execute("BEGIN");
            copied += CopyGrowing(tenant, cursor, bound);
            connection.Execute("COMMIT");
            progress(copied);
        }
        connection.Execute("CHECKPOINT apart");
    }

    /// <summary>Copies the rest as of one moment, the small tables whole; returns the commit of that moment.</summary>
    public long Finish(int? tenant)
    {
        var cursor = Cursor;
        connection.Execute("BEGIN");
        var upTo = cursor;
        foreach (var table in Schema.Growing)
            upTo = Math.Max(upTo, connection.Scalar($"SELECT coalesce(max(commit), 0) FROM {table} WHERE {Of(tenant)} AND commit > {cursor}"));
        CopyGrowing(tenant, cursor, upTo);
        foreach (var table in Schema.Kept)
        {
            connection.Execute($"DELETE FROM apart.{table}");
            connection.Execute($"INSERT INTO apart.{table} SELECT * FROM {table} WHERE {Of(tenant)} ORDER BY rowid");
        }
        connection.Execute("DELETE FROM apart.commits");
        connection.Execute("INSERT INTO apart.commits SELECT * FROM commits ORDER BY rowid");
        connection.Execute("DELETE FROM apart.settled");
        connection.Execute("INSERT INTO apart.settled SELECT * FROM settled");
        connection.Execute("COMMIT");
        connection.Execute("CHECKPOINT apart");
        return upTo;
    }

    /// <summary>Compares rows of commits in (after, upTo]: number and digest of each table and day.</summary>
    /// <exception cref="TelemetryStoreException">They differ.</exception>
    public void Compare(int? tenant, long after, long upTo)
    {
        foreach (var table in Schema.Growing)
        {
            var day = table switch { "readings" or "events" => "time", "windows" => "start", "gaps" => "recorded", _ => "0" };
            var where = $"WHERE {Of(tenant)} AND commit > {after} AND commit <= {upTo} GROUP BY 1";
            string Days(string from) => $"(SELECT {day} // 86400000000 AS day, count(*) AS rows, sum(hash(t)) AS digest FROM {from} t {where})";
            var differing = new List<long>();
            connection.Query(
                $"SELECT coalesce(a.day, b.day) FROM {Days(table)} a FULL JOIN {Days($"apart.{table}")} b ON a.day = b.day WHERE a.rows IS DISTINCT FROM b.rows OR a.digest IS DISTINCT FROM b.digest",
                r => differing.Add(r.GetInt64(0)));
            if (differing.Count > 0)
                throw new TelemetryStoreException($"The copy differs from what it was copied from: table {table}, {differing.Count} days, the first {DateTimeOffset.FromUnixTimeSeconds(differing.Min() * 86_400):yyyy-MM-dd}. It is made anew.");
        }
    }

    /// <summary>Closes the copy, whole and without marks of this; the source may be closed after it.</summary>
    public void Leave()
    {
        connection.Execute("DROP TABLE apart.copied");
        connection.Execute("CHECKPOINT apart");
        Dispose();
    }

    public void Dispose()
    {
        if (left)
            return;
        left = true;
        try
        {
            connection.Execute("DETACH apart");
        }
        catch (DuckDbFailure)
        {
            // A transaction that failed is open on this connection; the file is let go with it.
        }
        connection.Dispose();
    }

    private static string Of(int? tenant) => tenant is { } one ? $"tenant_id = {one}" : "true";

    private long CopyGrowing(int? tenant, long after, long upTo)
    {
        long rows = 0;
        foreach (var table in Schema.Growing)
            rows += connection.Execute($"INSERT INTO apart.{table} SELECT * FROM {table} WHERE {Of(tenant)} AND commit > {after} AND commit <= {upTo} ORDER BY rowid");
        connection.Execute($"INSERT INTO apart.copied SELECT {tenant ?? 0}, {upTo}");
        return rows;
    }
}
