using Strata.Core.Metering;
using Strata.Core.Telemetry;

namespace Strata.Telemetry.DuckDb;

/// <summary>
/// Counting. A row that is later than all before it of its series is a reading of its own and counted in its commit. One that was written late may be a repeat: it is counted when it is settled, by
/// a look for its key in the rows before it that runs beside the commits.
/// </summary>
internal sealed partial class DuckDbSession
{
    /// <summary>Rows of the log of usage after which it is folded: a minute or two at full speed.</summary>
    private const int UsageRows = 20_000;

    private readonly UsageBook usage;
    private long heightsCommit;
    private long settledCommit;
    private long foldedCommit;
    private long countRows;
    private long usageRows;
    private long lateInCommit;
    private long unsettled;

    /// <summary>Odd while counts are being published.</summary>
    private long publishing;

    /// <summary>Rows written late that are not counted yet. Any thread.</summary>
    public long Unsettled => Volatile.Read(ref unsettled);

    /// <summary>How many readings the device has, those of a commit all or none; any thread.</summary>
    public long CountOf(DeviceEntry device)
    {
        var wait = new SpinWait();
        while (true)
        {
            var before = Volatile.Read(ref publishing);
            var count = device.Series.Sum(s => s.DurableCount);
            Interlocked.MemoryBarrier();
            if (before % 2 == 0 && Volatile.Read(ref publishing) == before)
                return count;
            wait.SpinOnce();
        }
    }

    /// <summary>Finds what rows written late add, up to the last commit; any thread. To be told to <see cref="Settle"/>.</summary>
    public SettledRows FindSettled(DuckDbConnection reader)
    {
        var (after, upTo) = (Volatile.Read(ref settledCommit), LastCommit);
        var late = $"commit > {after} AND commit <= {upTo} AND kind >= {Schema.Late}";
        var (rows, from, to) = (0L, 0L, 0L);
        reader.Query($"SELECT count(*), coalesce(min(time), 0), coalesce(max(time), 0) FROM readings WHERE {late}", r => (rows, from, to) = (r.GetInt64(0), r.GetInt64(1), r.GetInt64(2)));
        List<(int, long, long)> added = [];
        // The first row of a key makes it a reading; that it was there before can only be said by a row of the same time.
        reader.Query(
            $"""
            WITH late AS MATERIALIZED (SELECT series, time, min(rowid) AS first, arg_min(text, rowid) AS text FROM readings WHERE {late} GROUP BY series, time),
            again AS MATERIALIZED (SELECT DISTINCT l.series, l.time FROM (SELECT series, time, rowid FROM readings WHERE time >= {from} AND time <= {to}) r
                JOIN late l ON r.series = l.series AND r.time = l.time WHERE r.rowid < l.first)
            SELECT l.series, count(*), {UsageHour.BytesPerReading} * count(*) + coalesce(sum(strlen(l.text)), 0)::BIGINT FROM late l LEFT JOIN again a ON l.series = a.series AND l.time = a.time
            WHERE a.series IS NULL GROUP BY l.series
            """, r => added.Add((r.GetInt32(0), r.GetInt64(1), r.GetInt64(2))));
        return new SettledRows(after, upTo, rows, added);
    }

    /// <summary>Counts what was found, in a transaction of its own.</summary>
    /// <param name="now">Microseconds: it is metered in this hour.</param>
    public void Settle(SettledRows found, long now)
    {
        if (found.After != settledCommit || found.UpTo == settledCommit)
            return;
        usage.Begin(now);
        var tenants = new HashSet<TenantEntry>();
        writer.Execute("BEGIN");
        foreach (var (number, readings, bytes) in found.Added)
        {
            var series = Catalog.Series(number);
            var tenant = series.Device.Tenant;
            tenants.Add(tenant);
            CountReadings(tenant, series, readings);
            var used = usage.Of(tenant.Id, series.Device.Id, ref series.Device.Class);
            (used.Readings, used.ReadingBytes) = (used.Readings + readings, used.ReadingBytes + bytes);
            AppendCount(series, readings);
        }
        AppendUsage(lastCommit);
        Flush("counts");
        Flush("usage");
        writer.Execute($"UPDATE settled SET commit = {found.UpTo}");
        writer.Execute("COMMIT");
        Publish(found.Added.Select(a => Catalog.Series(a.Series)), tenants);
        Volatile.Write(ref settledCommit, found.UpTo);
        Volatile.Write(ref unsettled, unsettled - found.Rows);
    }

    /// <summary>Says that heights and counts are durable.</summary>
    private void Publish(IEnumerable<SeriesEntry> series, IEnumerable<TenantEntry> tenants)
    {
        Interlocked.Increment(ref publishing);
        foreach (var one in series)
            one.Settle();
        Interlocked.Increment(ref publishing);
        foreach (var tenant in tenants)
            tenant.Publish();
    }

    private static void CountReadings(TenantEntry tenant, SeriesEntry series, long readings)
    {
        series.Count += readings;
        var counts = tenant.Counts;
        tenant.Counts = new TenantCounts(counts.Held + readings, counts.Ever + readings, counts.Health + (series.IsHealth ? readings : 0));
    }

    private void AppendCount(SeriesEntry series, long readings)
    {
        var table = Appender("counts", Schema.Counts);
        table.Set(0, series.Device.Tenant.Number);
        table.Set(1, series.Number);
        table.Set(2, readings);
        table.EndRow();
        countRows++;
    }

    private void AppendUsage(long commit)
    {
        foreach (var counter in usage.Touched)
        {
            if (counter.Taken is not { } taken)
                continue;
            AppendUsage(Catalog.GetOrAdd(taken.Tenant), taken, commit);
        }
        usage.Forget();
    }

    private void AppendUsage(TenantEntry tenant, UsageHour hour, long commit)
    {
        var table = Appender("usage", Schema.Usage);
        table.Set(0, tenant.Number);
        table.Set(1, EventTime.From(hour.Hour));
        table.SetText(2, hour.DeviceClass);
        table.Set(3, hour.MessagesIn);
        table.Set(4, hour.BytesIn);
        table.Set(5, hour.MessagesOut);
        table.Set(6, hour.BytesOut);
        table.Set(7, hour.ReadingsStored);
        table.Set(8, hour.BytesStored);
        table.Set(9, hour.ApiCalls);
        table.Set(10, hour.Devices);
        table.Set(11, hour.Connections);
        table.Set(12, hour.StorageBytes);
        table.Set(13, commit);
        table.EndRow();
        usageRows++;
    }

    /// <summary>Rows of usage since the last folding become one an hour and class.</summary>
    private void FoldUsage()
    {
        if (usageRows < UsageRows)
            return;
        writer.Execute("BEGIN");
        writer.Execute(
            $"""
            CREATE TEMP TABLE folded AS SELECT tenant_id, hour, class, sum(messages_in)::BIGINT, sum(bytes_in)::BIGINT, sum(messages_out)::BIGINT, sum(bytes_out)::BIGINT, sum(readings)::BIGINT,
                sum(bytes_stored)::BIGINT, sum(api_calls)::BIGINT, max(devices), max(connections), coalesce(arg_max(storage_bytes, rowid) FILTER (storage_bytes > 0), 0), {lastCommit}::BIGINT
            FROM usage WHERE commit > {foldedCommit} GROUP BY tenant_id, hour, class
            """);
        writer.Execute($"DELETE FROM usage WHERE commit > {foldedCommit}");
        writer.Execute("INSERT INTO usage SELECT * FROM folded");
        writer.Execute("DROP TABLE folded");
        writer.Execute("COMMIT");
        (usageRows, foldedCommit) = (0, lastCommit);
    }

    private void LoadCounts()
    {
        writer.Query("SELECT series, sum(readings)::BIGINT, count(*) FROM counts GROUP BY series", r =>
        {
            Catalog.Series(r.GetInt32(0)).Count += r.GetInt64(1);
            countRows += r.GetInt64(2);
        });
        foreach (var series in Catalog.All)
        {
            var tenant = series.Device.Tenant;
            var counts = tenant.Counts;
            tenant.Counts = new TenantCounts(counts.Held + series.Count, counts.Ever + series.Count, counts.Health + (series.IsHealth ? series.Count : 0));
            series.Settle();
        }
        settledCommit = writer.Scalar("SELECT coalesce(max(commit), 0) FROM settled");
        unsettled = writer.Scalar($"SELECT count(*) FROM readings WHERE commit > {settledCommit} AND kind >= {Schema.Late}");
    }

    private void LoadUsage(Dictionary<int, TenantEntry> tenants)
    {
        writer.Query("SELECT tenant_id, readings, health FROM dropped", r =>
        {
            var tenant = tenants[r.GetInt32(0)];
            tenant.Counts = tenant.Counts with { Ever = tenant.Counts.Ever + r.GetInt64(1), Health = tenant.Counts.Health + r.GetInt64(2) };
        });
        foreach (var tenant in tenants.Values)
            tenant.Publish();
        writer.Query("SELECT DISTINCT tenant_id, hour, class FROM usage WHERE hour >= (SELECT max(hour) FROM usage) - 3600000000",
            r => usage.Know(tenants[r.GetInt32(0)].Id, EventTime.ToDateTimeOffset(r.GetInt64(1)), r.GetString(2)));
        usageRows = writer.Scalar("SELECT count(*) FROM usage WHERE hour >= (SELECT max(hour) FROM usage) - 3600000000");
        foldedCommit = writer.Scalar("SELECT coalesce(max(commit), 0) FROM usage WHERE hour < (SELECT max(hour) FROM usage) - 3600000000");
    }

    private void Flush(string table)
    {
        if (appenders.TryGetValue(table, out var appender) && appender.HasRows)
            appender.Flush();
    }
}

/// <param name="After">The commit up to which was settled before.</param>
/// <param name="Rows">Rows written late that are settled with it.</param>
/// <param name="Added">By series: readings that were not there before, and what they hold.</param>
internal sealed record SettledRows(long After, long UpTo, long Rows, IReadOnlyList<(int Series, long Readings, long Bytes)> Added);
