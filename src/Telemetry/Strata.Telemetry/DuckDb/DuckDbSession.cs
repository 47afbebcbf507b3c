using DuckDB.NET.Native;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>
/// The database from one opening to its closing: the writer's connection and appenders, and what the writer keeps in memory. After a failure the
/// whole session is thrown away and another is opened, so that memory never says more than the disk. The writer's alone, except where said.
/// </summary>
internal sealed partial class DuckDbSession : IAsyncDisposable
{
    /// <summary>Rows after which the heights are written anew, so that a start has few rows to read.</summary>
    private const long HeightsEvery = 10_000_000;

    private readonly TelemetryStoreOptions options;
    private readonly DuckDbConnection writer;
    private readonly DuckDbConnection checkpointer;
    private readonly Dictionary<string, ColumnAppender> appenders = [];
    private Task checkpoint = Task.CompletedTask;
    private volatile Exception? broken;
    private long eventPosition;
    private long gapPosition;
    private long progressRows;
    private long rowsSinceHeights;
    private int crowded;

    private DuckDbSession(TelemetryStoreOptions options, IDeviceClasses classes, DuckDbConnection writer, DuckDbConnection checkpointer)
    {
        (this.options, this.writer, this.checkpointer) = (options, writer, checkpointer);
        usage = new UsageBook(classes);
        Catalog = new SeriesCatalog(options);
        Progress = new ProgressBook(options.MaxStreamsPerSource, options.MaxIntervalsPerStream);
        Readers = new ReadConnections(File(options), options);
    }

    /// <summary>Any thread may look up.</summary>
    public SeriesCatalog Catalog { get; }

    /// <summary>The writer's alone.</summary>
    private ProgressBook Progress { get; }

    /// <summary>Any thread.</summary>
    public ReadConnections Readers { get; }

    /// <summary>The number of the last commit. Any thread.</summary>
    public long LastCommit => Volatile.Read(ref lastCommit);

    /// <summary>Why the database refuses everything until it is opened anew; null while it works. Any thread.</summary>
    public Exception? Broken => broken;

    public static string File(TelemetryStoreOptions options) => Path.Combine(options.Folder, "telemetry.duckdb");

    public static async Task<DuckDbSession> OpenAsync(TelemetryStoreOptions options, IDeviceClasses classes)
    {
        StoreFolder.Prepare(options.Folder);
        StoreFolder.MendLog(options.Folder);
        var file = File(options);
        var writer = DuckDbConnection.Open(file, options);
        DuckDbSession? session = null;
        try
        {
            // Of the whole database. Joins are written with the small side on the right; guessed the other way round, a join would hold all readings in memory. And a bound that the statistics say all rows keep
            // is left out of a plan: rows of a commit beyond it, visible before the statistics know them, came along (DuckDB 1.5; one look in a hundred beside commits).
            writer.Execute("SET disabled_optimizers = 'join_order,build_side_probe_side,statistics_propagation'");
            Schema.Migrate(writer);
            session = new DuckDbSession(options, classes, writer, DuckDbConnection.Open(file, options));
            session.Load();
            session.openedAt = session.lastCommit;
            StoreFolder.Protect(options.Folder);
            return session;
        }
        catch
        {
            if (session is null)
                writer.Dispose();
            else
                await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Moves the log into the database and waits for it.</summary>
    public async Task CheckpointAsync()
    {
        await checkpoint;
        writer.Execute("CHECKPOINT");
        StoreFolder.Protect(options.Folder);
    }

    /// <summary>Starts a checkpoint beside the commits when the log has grown enough and none runs.</summary>
    public void CheckpointIfDue()
    {
        var due = ((long)options.CheckpointMiB << 20) / (crowded > 0 ? 8 : 1); // Commits wait while it writes their table: one tenant's rows must not make the others wait long.
        if (checkpoint.IsCompleted && StoreFolder.LogBytes(options.Folder) > due)
            checkpoint = Task.Run(CheckpointBeside);
    }

    /// <summary>Before a closing that is wanted: the next start then has no log and no rows to read.</summary>
    public async Task SettleAsync()
    {
        await checkpoint;
        if (rowsSinceHeights + countRows > 0)
            WriteHeights();
        writer.Execute("CHECKPOINT");
    }

    public async ValueTask DisposeAsync()
    {
        await checkpoint;
        await Readers.DisposeAsync();
        foreach (var appender in appenders.Values)
            appender.Dispose();
        checkpointer.Dispose();
        writer.Dispose();
    }

    private void CheckpointBeside()
    {
        try
        {
            checkpointer.Execute("CHECKPOINT");
            StoreFolder.Protect(options.Folder);
        }
        catch (DuckDbFailure e) when (e.Kind == DuckDBErrorType.Transaction)
        {
            // A transaction stood in its way; it is due again after the next commit.
        }
        catch (Exception e)
        {
            broken = e;
        }
    }

    private void Load()
    {
        var tenants = new Dictionary<int, TenantEntry>();
        writer.Query("SELECT tenant_id, name FROM tenants ORDER BY tenant_id",
            r => tenants[r.GetInt32(0)] = Catalog.AddTenant(r.GetInt32(0), TenantId.Parse(r.GetString(1))));
        writer.Query("SELECT series, tenant_id, device, metric FROM series ORDER BY series", r =>
            Catalog.AddSeries(SeriesCatalog.GetOrAdd(tenants[r.GetInt32(1)], DeviceId.Parse(r.GetString(2))), r.GetInt32(0), MetricName.Parse(r.GetString(3))));
        LoadHeights();
        LoadCounts();
        LoadUsage(tenants);
        writer.Query("SELECT tenant_id, source, stream, first, last FROM progress ORDER BY rowid", r =>
        {
            Progress.Add(tenants[r.GetInt32(0)].Id, r.GetString(1), r.GetString(2), r.GetInt64(3), r.GetInt64(4));
            progressRows++;
        });
        eventPosition = writer.Scalar("SELECT coalesce(max(position), 0) FROM events");
        gapPosition = writer.Scalar("SELECT coalesce(max(position), 0) FROM gaps");
        foreach (var table in (ReadOnlySpan<string>)["commits", "heights", "windows", "events", "gaps", "progress", "usage"])
            lastCommit = Math.Max(lastCommit, writer.Scalar($"SELECT coalesce(max(commit), 0) FROM {table}"));
        lastTimed = writer.Scalar("SELECT coalesce(max(time), 0) FROM commits");
        CompactProgress();
    }

    private void LoadHeights()
    {
        heightsCommit = writer.Scalar("SELECT coalesce(max(commit), 0) FROM heights");
        writer.Query("SELECT series, time, readings FROM heights", r =>
        {
            var series = Catalog.Series(r.GetInt32(0));
            (series.Height, series.Count) = (r.GetInt64(1), r.GetInt64(2));
        });
        writer.Query($"SELECT series, max(time), max(commit), count(*), count(*) FILTER (kind < {Schema.Late}) FROM readings WHERE commit > {heightsCommit} GROUP BY series", r =>
        {
            var series = Catalog.Series(r.GetInt32(0));
            series.Count += r.GetInt64(4);
            series.Height = Math.Max(series.Height, r.GetInt64(1));
            lastCommit = Math.Max(lastCommit, r.GetInt64(2));
            rowsSinceHeights += r.GetInt64(3);
        });
        // No arrival time given before lies above the highest time of its series.
        foreach (var series in Catalog.All)
            series.Device.LastArrival = Math.Max(series.Device.LastArrival, series.Height);
    }

    private void WriteHeights()
    {
        writer.Execute("BEGIN");
        writer.Execute("DELETE FROM heights");
        var table = Appender("heights", Schema.Heights);
        foreach (var series in Catalog.All)
        {
            if (series.Height == long.MinValue)
                continue;
            table.Set(0, series.Device.Tenant.Number);
            table.Set(1, series.Number);
            table.Set(2, series.Height);
            table.Set(3, series.Count);
            table.Set(4, lastCommit);
            table.EndRow();
        }
        table.Flush();
        writer.Execute("DELETE FROM counts");
        writer.Execute("COMMIT");
        (rowsSinceHeights, countRows, heightsCommit) = (0, 0, lastCommit);
    }

    /// <summary>The log of progress is written anew when most of it says what other rows say too.</summary>
    private void CompactProgress()
    {
        if (progressRows < 20_000 + 4L * Progress.Intervals)
            return;
        writer.Execute("BEGIN");
        writer.Execute("DELETE FROM progress");
        progressRows = 0;
        foreach (var (tenant, source, stream, first, last) in Progress.All())
            AppendProgress(Catalog.GetOrAdd(tenant), source, stream, first, last, lastCommit);
        Appender("progress", Schema.Progress).Flush();
        writer.Execute("COMMIT");
    }

    private ColumnAppender Appender(string table, DuckDBType[] columns)
    {
        if (!appenders.TryGetValue(table, out var appender))
            appenders[table] = appender = writer.Appender(table, columns);
        return appender;
    }
}
