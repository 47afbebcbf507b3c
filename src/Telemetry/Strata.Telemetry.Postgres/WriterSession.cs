using Npgsql;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Postgres;

namespace Strata.Telemetry.Postgres;

/// <summary>
/// The writer's connection from one opening to its loss, and what the writer keeps in memory. After a failure the whole session is thrown away and another
/// is opened, so that memory never says more than the database. Used by one caller at a time.
/// </summary>
/// <remarks>
/// A lock of the session (an advisory lock) says who writes. It outlives a lost connection until the server has ended what ran on it, so a new session reads
/// the outcome of the last commit only when that outcome is certain; and two nodes cannot write to one database.
/// </remarks>
internal sealed partial class WriterSession : IAsyncDisposable
{
    private const long WriterLock = 0x537472617461_02;

    private readonly PostgresTelemetryOptions options;
    private readonly NpgsqlConnection connection;
    private readonly Dictionary<TenantId, TenantState> tenants = [];
    private readonly HashSet<DateOnly> leaves = [];

    private readonly UsageBook usage;

    private WriterSession(PostgresTelemetryOptions options, IDeviceClasses classes, NpgsqlConnection connection) =>
        (this.options, this.connection, usage) = (options, connection, new UsageBook(classes));

    /// <summary>The number of the last commit.</summary>
    public long LastCommit { get; private set; }

    /// <summary>Days that have a leaf.</summary>
    public IReadOnlySet<DateOnly> Leaves => leaves;

    /// <param name="instance">Names this store's sessions among those of other programs.</param>
    /// <exception cref="TelemetryStoreException">Another node writes.</exception>
    public static async Task<WriterSession> OpenAsync(
        DatabaseAddress database, PostgresTelemetryOptions options, IDeviceClasses classes, string instance, CancellationToken cancellationToken)
    {
        var connection = await database.OpenAsync(cancellationToken, c =>
        {
            c.ApplicationName = instance;
            c.CommandTimeout = (int)options.CommitTimeout.TotalSeconds;
            c.KeepAlive = 30;
        });
        var session = new WriterSession(options, classes, connection);
        try
        {
            await session.TakeWriterLockAsync(instance, cancellationToken);
            // A server that is told not to wait for its disk would have acknowledged what it may lose.
            if ((await connection.ListAsync("SELECT current_setting('synchronous_commit')", r => r.GetString(0), cancellationToken))[0] is "off" or "local")
                await connection.RunAsync("SET synchronous_commit = on", cancellationToken);
            await session.LoadLeavesAsync(cancellationToken);
            session.LastCommit = (await connection.ListAsync("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM telemetry_commits", r => r.GetInt64(0), cancellationToken))[0];
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Proves that a commit succeeds, with a row of its own.</summary>
    public async Task ProbeAsync(string instance, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("UPDATE telemetry_writer SET at = clock_timestamp(), instance = $1", connection) { Parameters = { new() { Value = instance } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Makes the leaves of a day and the days after it.</summary>
    public async Task EnsureLeavesAsync(DateOnly first, CancellationToken cancellationToken)
    {
        var days = options.LeavesAhead + 1;
        if (Enumerable.Range(0, days).All(i => leaves.Contains(first.AddDays(i))))
            return;
        await connection.ListAsync("SELECT strata_create_leaves($1, $2)", r => r.GetFieldValue<DateOnly>(0), cancellationToken, first, days);
        for (var i = 0; i < days; i++)
            leaves.Add(first.AddDays(i));
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private async Task TakeWriterLockAsync(string instance, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            if ((await connection.ListAsync($"SELECT pg_try_advisory_lock({WriterLock})", r => r.GetBoolean(0), cancellationToken))[0])
                return;
            // A session of this very store that the server still holds: its connection is lost, so it is ended.
            var holders = await connection.ListAsync(
                $"""
                SELECT a.application_name, a.pid, CASE WHEN a.application_name = $1 THEN pg_terminate_backend(a.pid, 5000) ELSE false END
                FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND l.classid = ({WriterLock} >> 32)::bigint::oid AND l.objid = ({WriterLock} & 4294967295)::bigint::oid AND l.pid <> pg_backend_pid()
                """, r => (Name: r.IsDBNull(0) ? "" : r.GetString(0), Pid: r.GetInt32(1)), cancellationToken, instance);
            if (attempt >= 3)
            {
                throw new TelemetryStoreException(holders.Count == 0
                    ? "Another session holds the writer's lock of the telemetry database."
                    : $"Another node writes to this database ({holders[0].Name}, server process {holders[0].Pid}); stop it, or give this node a database of its own.");
            }
        }
    }

    private async Task LoadLeavesAsync(CancellationToken cancellationToken)
    {
        const string prefix = TelemetrySchema.Readings + "_";
        var names = await connection.ListAsync(
            $"SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '{TelemetrySchema.Readings}'::regclass", r => r.GetString(0), cancellationToken);
        foreach (var name in names)
            leaves.Add(DateOnly.ParseExact(name.AsSpan(prefix.Length), "yyyyMMdd", System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>The state of a tenant, loaded when it writes for the first time.</summary>
    private async ValueTask<TenantState> TenantAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (tenants.TryGetValue(tenant, out var known))
            return known;
        var state = new TenantState(tenant, new ProgressBook(options.MaxStreamsPerSource, options.MaxIntervalsPerStream));
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                TenantBinding.Command(tenant),
                new("SELECT series, device, metric FROM telemetry_series WHERE tenant_id = $1 ORDER BY series"),
                new("SELECT source, stream, used, seen FROM telemetry_progress WHERE tenant_id = $1 ORDER BY used"),
                new("SELECT height FROM telemetry_tenants WHERE tenant_id = $1"),
                new("SELECT coalesce((SELECT max(position) FROM telemetry_events WHERE tenant_id = $1), 0), coalesce((SELECT max(position) FROM telemetry_gaps WHERE tenant_id = $1), 0)"),
                new("SELECT hour, class FROM telemetry_usage WHERE tenant_id = $1 AND hour >= (SELECT max(hour) FROM telemetry_usage WHERE tenant_id = $1) - interval '1 hour'"),
            },
        };
        for (var i = 1; i < batch.BatchCommands.Count; i++)
            batch.BatchCommands[i].Parameters.Add(new NpgsqlParameter { Value = tenant.Value });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            state.Add(state.Device(DeviceId.Parse(reader.GetString(1))), MetricName.Parse(reader.GetString(2)), reader.GetInt32(0)).IsKnown = false;
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            foreach (var (first, last) in SeenText.Read(reader.GetString(3)))
                state.Progress.Add(tenant, reader.GetString(0), reader.GetString(1), first, last);
            state.ProgressUsed = reader.GetInt64(2);
        }
        await reader.NextResultAsync(cancellationToken);
        if (await reader.ReadAsync(cancellationToken))
            state.LoadedHeight = state.Height = reader.GetInt64(0);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        (state.EventPosition, state.GapPosition) = (reader.GetInt64(0), reader.GetInt64(1));
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            usage.Know(tenant, await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellationToken), reader.GetString(1));
        return tenants[tenant] = state;
    }

    /// <summary>Asks for the heights of series that were loaded and are written to out of order, or without a time while times lie ahead of the clock.</summary>
    private async Task LearnHeightsAsync(TenantState tenant, ReadingBatch batch, long now, CancellationToken cancellationToken)
    {
        HashSet<SeriesState>? unknown = null;
        for (var row = 0; row < batch.Count; row++)
        {
            var time = batch.Times[row];
            if (time == EventTime.Arrival ? tenant.LoadedHeight < now : time > tenant.LoadedHeight)
                continue;
            if (!tenant.Devices.TryGetValue(batch.Devices[row], out var device))
                continue;
            foreach (var series in device.Series)
                if (!series.IsKnown && (time == EventTime.Arrival || series.Metric == batch.Metrics[row]))
                    (unknown ??= []).Add(series);
        }
        if (unknown is null)
            return;
        var list = unknown.ToArray();
        await using var ask = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                TenantBinding.Command(tenant.Id),
                new($"SELECT coalesce((SELECT max(r.time) FROM {TelemetrySchema.Readings} r WHERE r.tenant_id = $1 AND r.series = k.series), '{long.MinValue}'::bigint) FROM unnest($2) WITH ORDINALITY k(series, place) ORDER BY k.place")
                {
                    Parameters = { new() { Value = tenant.Id.Value }, new() { Value = Array.ConvertAll(list, s => s.Number) } },
                },
            },
        };
        await using var reader = await ask.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        foreach (var series in list)
        {
            await reader.ReadAsync(cancellationToken);
            series.Height = reader.GetInt64(0);
            series.IsKnown = true;
            series.Device.LastArrival = Math.Max(series.Device.LastArrival, series.Height);
        }
    }
}
