using Npgsql;
using NpgsqlTypes;
using Strata.Core.Dataflow;
using Strata.Core.Metering;

namespace Strata.Telemetry.Postgres;

/// <summary>The statements of a commit beside the readings. Each takes its rows as arrays, one per column.</summary>
internal static class CommitSql
{
    public static void AddRecords(NpgsqlBatch batch, TenantState tenant, TenantCommit part, long commit, DateOnly day, long now)
    {
        var id = tenant.Id.Value;
        if (part.NewSeries.Count > 0)
            Add(batch, "INSERT INTO telemetry_series(tenant_id, series, device, metric) SELECT $1, k.* FROM unnest($2, $3, $4) k(series, device, metric)",
                id, Ints(part.NewSeries, s => s.Number), Texts(part.NewSeries, s => s.Device.Id.Value), Texts(part.NewSeries, s => s.Metric.Value));
        if (part.Sources.Count > 0)
            AddProgress(batch, tenant, part);
        if (part.Origins.Count > 0)
            Add(batch,
                """
                INSERT INTO telemetry_origins(tenant_id, commit, arrived, first, count, immediate, sampled, gateway)
                SELECT $1, $2, $3, k.* FROM unnest($4, $5, $6, $7, $8) k(first, count, immediate, sampled, gateway)
                """,
                id, commit, day, Ints(part.Origins, o => o.First), Ints(part.Origins, o => o.Count), part.Origins.Select(o => o.Origin.Immediate).ToArray(),
                Longs(part.Origins, o => o.Origin.Sampled), Texts(part.Origins, o => o.Origin.Gateway?.Value));
        if (part.Windows.Count > 0)
            AddWindows(batch, id, part.Windows, commit);
        if (part.Events.Count > 0)
            Add(batch,
                """
                INSERT INTO telemetry_events(tenant_id, commit, position, time, kind, device, gateway, detail)
                SELECT $1, $2, k.* FROM unnest($3, $4, $5, $6, $7, $8) k(position, time, kind, device, gateway, detail)
                """,
                id, commit, Longs(part.Events, e => e.Position), Longs(part.Events, e => e.Event.Time), Texts(part.Events, e => e.Event.Kind),
                Texts(part.Events, e => e.Event.Device?.Value), Texts(part.Events, e => e.Event.Gateway?.Value), Texts(part.Events, e => e.Event.Detail));
        if (part.Gaps.Count > 0)
            Add(batch,
                """
                INSERT INTO telemetry_gaps(tenant_id, commit, recorded, position, source, stream, first, last, readings, from_time, to_time, reason)
                SELECT $1, $2, $3, k.* FROM unnest($4, $5, $6, $7, $8, $9, $10, $11, $12) k(position, source, stream, first, last, readings, from_time, to_time, reason)
                """,
                id, commit, now, Longs(part.Gaps, g => g.Position), Texts(part.Gaps, g => g.Gap.Source), Texts(part.Gaps, g => g.Gap.Stream), Longs(part.Gaps, g => g.Gap.First),
                Longs(part.Gaps, g => g.Gap.Last), Longs(part.Gaps, g => g.Gap.Readings), part.Gaps.Select(g => g.Gap.From).ToArray(), part.Gaps.Select(g => g.Gap.To).ToArray(),
                Texts(part.Gaps, g => g.Gap.Reason));
    }

    public static void AddCounters(NpgsqlBatch batch, TenantState tenant, long commit, long readings, long health) => Add(batch,
        """
        INSERT INTO telemetry_tenants AS t (tenant_id, height, commit, readings, health) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id) DO UPDATE SET height = greatest(t.height, excluded.height), commit = excluded.commit, readings = t.readings + excluded.readings,
            health = t.health + excluded.health
        """, tenant.Id.Value, tenant.Height, commit, readings, health);

    public static void AddUsage(NpgsqlBatch batch, TenantState tenant, List<UsageHour> used)
    {
        if (used.Count == 0)
            return;
        Add(batch,
            """
            INSERT INTO telemetry_usage AS u (tenant_id, hour, class, messages_in, bytes_in, messages_out, bytes_out, readings, bytes_stored, api_calls, devices, connections, storage_bytes)
            SELECT $1, k.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                k(hour, class, messages_in, bytes_in, messages_out, bytes_out, readings, bytes_stored, api_calls, devices, connections, storage_bytes)
            ON CONFLICT (tenant_id, hour, class) DO UPDATE SET messages_in = u.messages_in + excluded.messages_in, bytes_in = u.bytes_in + excluded.bytes_in,
                messages_out = u.messages_out + excluded.messages_out, bytes_out = u.bytes_out + excluded.bytes_out, readings = u.readings + excluded.readings,
                bytes_stored = u.bytes_stored + excluded.bytes_stored, api_calls = u.api_calls + excluded.api_calls, devices = greatest(u.devices, excluded.devices),
                connections = greatest(u.connections, excluded.connections),
                storage_bytes = CASE WHEN excluded.storage_bytes > 0 THEN excluded.storage_bytes ELSE u.storage_bytes END
            """,
            tenant.Id.Value, used.Select(u => u.Hour).ToArray(), Texts(used, u => u.DeviceClass), Longs(used, u => u.MessagesIn), Longs(used, u => u.BytesIn), Longs(used, u => u.MessagesOut),
            Longs(used, u => u.BytesOut), Longs(used, u => u.ReadingsStored), Longs(used, u => u.BytesStored), Longs(used, u => u.ApiCalls), Longs(used, u => u.Devices),
            Longs(used, u => u.Connections), Longs(used, u => u.StorageBytes));
    }

    private static void AddProgress(NpgsqlBatch batch, TenantState tenant, TenantCommit part)
    {
        var streams = part.Sources.SelectMany(s => tenant.Progress.StreamsOf(tenant.Id, s)).ToList();
        // Streams that were forgotten go; what stays is written anew in the order of its use.
        Add(batch,
            """
            DELETE FROM telemetry_progress p WHERE p.tenant_id = $1 AND p.source = ANY ($2)
                AND NOT EXISTS (SELECT FROM unnest($3, $4) k(source, stream) WHERE k.source = p.source AND k.stream = p.stream)
            """, tenant.Id.Value, part.Sources.Select(StoredText.Clean).ToArray(), Texts(streams, s => s.Source), Texts(streams, s => s.Stream));
        Add(batch,
            """
            INSERT INTO telemetry_progress(tenant_id, source, stream, used, seen) SELECT $1, k.* FROM unnest($2, $3, $4, $5) k(source, stream, used, seen)
            ON CONFLICT (tenant_id, source, stream) DO UPDATE SET used = excluded.used, seen = excluded.seen
            """,
            tenant.Id.Value, Texts(streams, s => s.Source), Texts(streams, s => s.Stream), Longs(streams, _ => ++tenant.ProgressUsed), Texts(streams, s => SeenText.Write(s.Seen)));
    }

    private static void AddWindows(NpgsqlBatch batch, string tenant, List<WindowRecord> windows, long commit) => Add(batch,
        """
        INSERT INTO telemetry_windows(tenant_id, commit, row, "group", site, gateway, start, length, revision, heard, members, readings, metrics)
        SELECT $1, $2, k.* FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            k(row, "group", site, gateway, start, length, revision, heard, members, readings, metrics)
        """,
        tenant, commit, Enumerable.Range(0, windows.Count).ToArray(), Texts(windows, w => w.Group), Texts(windows, w => w.Site.Value), Texts(windows, w => w.Gateway.Value),
        Longs(windows, w => w.Start), Longs(windows, w => w.Length), Ints(windows, w => w.Revision), Ints(windows, w => w.Heard), Ints(windows, w => w.Members),
        Longs(windows, w => w.Metrics.Sum(m => m.Count)), Texts(windows, w => WindowText.Write(w.Metrics)));

    private static void Add(NpgsqlBatch batch, string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(value is string?[] texts ? new NpgsqlParameter { Value = texts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text } : new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
    }

    private static int[] Ints<T>(List<T> items, Func<T, int> value) => items.Select(value).ToArray();

    private static long[] Longs<T>(List<T> items, Func<T, long> value) => items.Select(value).ToArray();

    private static string?[] Texts<T>(List<T> items, Func<T, string?> value) => items.Select(i => value(i) is { } text ? StoredText.Clean(text) : null).ToArray();
}
