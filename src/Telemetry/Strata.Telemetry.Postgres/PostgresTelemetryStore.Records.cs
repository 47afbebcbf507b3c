using Npgsql;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Postgres;

/// <summary>Queries on windows, events, gaps, progress and totals, and the feed of commits.</summary>
public sealed partial class PostgresTelemetryStore
{
    private const string WindowColumns = "\"group\", site, gateway, start, length, revision, heard, members, metrics";
    private const string EventColumns = "time, kind, device, gateway, detail";
    private const string GapColumns = "source, stream, first, last, readings, from_time, to_time, reason";

    /// <summary>A window is its group and start; the highest revision stands, of equal ones the last written.</summary>
    private static string StandingWindows(string where) =>
        $"SELECT DISTINCT ON (start, \"group\") * FROM telemetry_windows WHERE tenant_id = $1 AND {where} ORDER BY start, \"group\", revision DESC, commit DESC, row DESC";

    private static readonly string WindowSql =
        $"""
        SELECT {WindowColumns} FROM ({StandingWindows(
            "start >= $2 AND start < $3 AND ($4 = '' OR site = $4 OR starts_with(site, $4 || '/')) AND ($5 = '' OR \"group\" = $5) AND ($7 = '' OR (start, \"group\") > ($6, $7))")}) w
        ORDER BY start, "group" LIMIT $8
        """;

    public async ValueTask<IReadOnlyList<WindowRecord>> WindowsAsync(TenantId tenant, WindowRange range, CancellationToken cancellationToken) =>
        await reads.ListAsync(
            tenant, WindowSql, r => ToWindow(r), cancellationToken, tenant.Value, Math.Max(range.From, range.After?.Start ?? long.MinValue), range.To, range.Site?.Value ?? "",
            range.Group ?? "", range.After?.Start ?? long.MinValue, range.After?.Group ?? "", Limit(range.Limit));

    public async ValueTask<IReadOnlyList<StoredEvent>> EventsAsync(TenantId tenant, EventRange range, CancellationToken cancellationToken)
    {
        var values = new List<object> { tenant.Value, range.Before ?? long.MaxValue };
        var where = "";
        if (range.Device is { } device)
            where += Equal("device", device.Value, values);
        if (range.Gateway is { } gateway)
            where += Equal("gateway", gateway.Value, values);
        var sql = $"SELECT {EventColumns}, position FROM telemetry_events WHERE tenant_id = $1 AND position < $2{where} ORDER BY position DESC LIMIT {Limit(range.Limit)}";
        return await reads.ListAsync(tenant, sql, r => new StoredEvent(r.GetInt64(5), ToEvent(r)), cancellationToken, [.. values]);
    }

    public async ValueTask<IReadOnlyList<StoredGap>> GapsAsync(TenantId tenant, string? source, long? before, int limit, CancellationToken cancellationToken)
    {
        var values = new List<object> { tenant.Value, before ?? long.MaxValue };
        var where = source is null ? "" : Equal("source", StoredText.Clean(source), values);
        var sql = $"SELECT {GapColumns}, position, recorded FROM telemetry_gaps WHERE tenant_id = $1 AND position < $2{where} ORDER BY position DESC LIMIT {Limit(limit)}";
        return await reads.ListAsync(tenant, sql, r => new StoredGap(r.GetInt64(8), EventTime.ToDateTimeOffset(r.GetInt64(9)), ToGap(r)), cancellationToken, [.. values]);
    }

    public async ValueTask<IReadOnlyList<SourceProgress>> ProgressAsync(TenantId tenant, string? source, CancellationToken cancellationToken)
    {
        var values = new List<object> { tenant.Value };
        var where = source is null ? "" : Equal("source", StoredText.Clean(source), values);
        return await reads.ListAsync(
            tenant, $"SELECT source, stream, seen FROM telemetry_progress WHERE tenant_id = $1{where} ORDER BY source, used",
            r => new SourceProgress(r.GetString(0), r.GetString(1), [.. SeenText.Read(r.GetString(2))]), cancellationToken, [.. values]);
    }

    public async ValueTask<StoreTotals> TotalsAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        // One statement, so that retention moves nothing from what is held to what was dropped between two counts.
        var sql =
            $"""
            SELECT coalesce((SELECT readings FROM telemetry_tenants WHERE tenant_id = $1), 0), (d.aggregated + w.aggregated)::bigint, (d.windows + w.windows)::bigint,
                (d.gaps + g.gaps)::bigint, (d.lost + g.lost)::bigint, coalesce((SELECT health FROM telemetry_tenants WHERE tenant_id = $1), 0)
            FROM (SELECT coalesce(sum(readings), 0) AS aggregated, count(*) AS windows FROM ({StandingWindows("true")}) s) w,
                (SELECT count(*) AS gaps, coalesce(sum(readings), 0) AS lost FROM telemetry_gaps WHERE tenant_id = $1) g,
                (SELECT coalesce(sum(aggregated), 0) AS aggregated, coalesce(sum(windows), 0) AS windows, coalesce(sum(gaps), 0) AS gaps, coalesce(sum(lost), 0) AS lost
                    FROM telemetry_dropped WHERE tenant_id = $1) d
            """;
        return (await reads.ListAsync(
            tenant, sql, r => new StoreTotals(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3), r.GetInt64(4), r.GetInt64(5)), cancellationToken, tenant.Value))[0];
    }

    /// <summary>The tables of <see cref="CommittedAfterAsync"/>.</summary>
    private static readonly string[] Feed = [TelemetrySchema.Readings, "telemetry_windows", "telemetry_events", "telemetry_gaps"];

    public async ValueTask<CommittedRows> CommittedAfterAsync(TenantId tenant, long after, int limit, CancellationToken cancellationToken)
    {
        // As many rows of a table as asked for decide up to which commit all tables are read: commits stay whole.
        var ends = string.Join(", ", Feed.Select(t =>
            $"(SELECT commit FROM {t} WHERE tenant_id = $1 AND commit > $2 ORDER BY commit LIMIT 1 OFFSET {Limit(limit) - 1})"));
        var last = (await reads.ListAsync(
            tenant, $"SELECT coalesce(least({ends}), (SELECT commit FROM telemetry_tenants WHERE tenant_id = $1), 0)", r => r.GetInt64(0), cancellationToken, tenant.Value, after))[0];
        if (last <= after)
            return new CommittedRows(after, [], [], [], []);
        List<(long Commit, Reading)> readings = [];
        List<int> rows = [];
        List<(long, WindowRecord)> windows = [];
        List<(long, FleetEvent)> events = [];
        List<(long, GapRecord)> gaps = [];
        List<(long Commit, int First, int Count, MessageOrigin Origin)> origins = [];
        object[] page = [tenant.Value, after, last];
        const string where = "tenant_id = $1 AND commit > $2 AND commit <= $3";
        await reads.RunAsync(tenant,
        [
            ($"SELECT s.device, s.metric, r.time, r.kind, r.number, r.text, r.commit, r.row FROM (SELECT * FROM {TelemetrySchema.Readings} WHERE {where}) r JOIN telemetry_series s ON s.tenant_id = $1 AND s.series = r.series ORDER BY r.commit, r.row", page),
            ($"SELECT {WindowColumns}, commit FROM telemetry_windows WHERE {where} ORDER BY commit, row", page),
            ($"SELECT {EventColumns}, commit FROM telemetry_events WHERE {where} ORDER BY position", page),
            ($"SELECT {GapColumns}, commit FROM telemetry_gaps WHERE {where} ORDER BY position", page),
            ($"SELECT commit, first, count, immediate, sampled, gateway FROM telemetry_origins WHERE {where}", page),
        ], (query, r) =>
        {
            switch (query)
            {
                case 0:
                    readings.Add((r.GetInt64(6), ToReading(r)));
                    rows.Add(r.GetInt32(7));
                    break;
                case 1:
                    windows.Add((r.GetInt64(9), ToWindow(r)));
                    break;
                case 2:
                    events.Add((r.GetInt64(5), ToEvent(r)));
                    break;
                case 3:
                    gaps.Add((r.GetInt64(8), ToGap(r)));
                    break;
                default:
                    origins.Add((r.GetInt64(0), r.GetInt32(1), r.GetInt32(2), new MessageOrigin(r.GetBoolean(3), r.GetInt64(4), r.IsDBNull(5) ? null : GatewayId.Parse(r.GetString(5)))));
                    break;
            }
        }, cancellationToken);
        return new CommittedRows(last, readings, windows, events, gaps) { Origins = Place(origins, readings, rows) };
    }

    /// <summary>Origins name rows by their number in the commit, some of which may have been erased.</summary>
    private static Dictionary<int, MessageOrigin> Place(List<(long Commit, int First, int Count, MessageOrigin Origin)> origins, List<(long Commit, Reading)> readings, List<int> rows)
    {
        var placed = new Dictionary<int, MessageOrigin>();
        if (origins.Count == 0)
            return placed;
        var places = new Dictionary<(long Commit, int Row), int>(readings.Count);
        for (var i = 0; i < readings.Count; i++)
            places[(readings[i].Commit, rows[i])] = i;
        foreach (var (commit, first, count, origin) in origins)
            for (var row = first; row < first + count; row++)
                if (places.TryGetValue((commit, row), out var place))
                    placed[place] = origin;
        return placed;
    }

    private static string Equal(string column, string value, List<object> values)
    {
        values.Add(value);
        return $" AND {column} = ${values.Count}";
    }

    private int Limit(int asked) => Math.Clamp(asked, 1, options.MaxRows);

    private static WindowRecord ToWindow(NpgsqlDataReader r) => new(
        r.GetString(0), SiteId.Parse(r.GetString(1)), r.GetString(2) is { Length: > 0 } gateway ? GatewayId.Parse(gateway) : default, r.GetInt64(3), r.GetInt64(4),
        r.GetInt32(5), r.GetInt32(6), r.GetInt32(7), WindowText.Read(r.GetString(8)));

    private static FleetEvent ToEvent(NpgsqlDataReader r) => new(
        r.GetInt64(0), r.GetString(1), r.IsDBNull(2) ? null : DeviceId.Parse(r.GetString(2)), r.IsDBNull(3) ? null : GatewayId.Parse(r.GetString(3)), r.GetString(4));

    private static GapRecord ToGap(NpgsqlDataReader r) => new(
        r.GetString(0), r.GetString(1), r.GetInt64(2), r.GetInt64(3), r.GetInt64(4), r.IsDBNull(5) ? null : r.GetInt64(5), r.IsDBNull(6) ? null : r.GetInt64(6), r.GetString(7));
}
