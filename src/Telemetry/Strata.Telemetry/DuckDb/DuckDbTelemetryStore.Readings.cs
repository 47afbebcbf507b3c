using System.Data;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>Queries on raw readings.</summary>
public sealed partial class DuckDbTelemetryStore
{
    public async ValueTask<IReadOnlyList<Reading>> ReadAsync(TenantId tenant, ReadingRange range, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner || ReadingSql.Select(owner, range.Devices, range.Metrics) is { Count: 0 })
            return [];
        var series = ReadingSql.Select(owner, range.Devices, range.Metrics);
        var where = ReadingSql.Where(owner, series, Math.Max(range.From, range.After?.Time ?? long.MinValue), range.To);
        var limit = Math.Clamp(range.Limit, 0, options.MaxRows);
        var one = series is { Count: 1 };
        var sql = one
            ? $"SELECT series, time, kind, number, text FROM standing s WHERE {After(range.After, series![0])} ORDER BY time LIMIT {limit}"
            : $"""
              SELECT s.series, s.time, s.kind, s.number, s.text FROM standing s JOIN series n ON n.series = s.series WHERE {After(range.After, "s.time")}
              ORDER BY s.time, n.device, n.metric LIMIT {limit}
              """;
        return await OnStanding(open, where, (c, standing) => Collect(c, open, $"{standing} {sql}", one ? [] : Texts(range.After)), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<AggregateRow>> AggregateAsync(
        TenantId tenant, ReadingRange range, long every, IReadOnlyList<AggregateFunction> functions, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner || ReadingSql.Select(owner, range.Devices, range.Metrics) is { Count: 0 })
            return [];
        var series = ReadingSql.Select(owner, range.Devices, range.Metrics);
        var where = ReadingSql.Where(owner, series, Math.Max(range.From, range.After?.Time ?? long.MinValue), range.To);
        var columns = string.Concat(functions.Select((f, i) => $", {ReadingSql.Function(f)} AS f{i}"));
        var names = string.Concat(functions.Select((_, i) => $", b.f{i}"));
        var sql =
            $"""
            , buckets AS (SELECT time - ((time % {every}) + {every}) % {every} AS start, series{columns}
                FROM (SELECT series, time, CASE WHEN kind = {(int)ReadingKind.Text} THEN NULL ELSE number END AS value FROM standing) GROUP BY 1, 2)
            SELECT b.series, b.start{names} FROM buckets b JOIN series n ON n.series = b.series WHERE {After(range.After, "b.start")}
            ORDER BY b.start, n.device, n.metric LIMIT {Math.Clamp(range.Limit, 0, options.MaxRows)}
            """;
        return await OnStanding(open, where, (c, standing) =>
        {
            var rows = new List<AggregateRow>();
            c.Query($"{standing}{sql}", r =>
            {
                var values = new double?[functions.Count];
                for (var i = 0; i < values.Length; i++)
                    values[i] = r.IsDBNull(i + 2) ? null : r.GetDouble(i + 2);
                var entry = open.Catalog.Series(r.GetInt32(0));
                rows.Add(new AggregateRow(r.GetInt64(1), entry.Device.Id, entry.Metric, values));
            }, Texts(range.After));
            return rows;
        }, cancellationToken);
    }

    public async ValueTask<long> CountAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner || ReadingSql.Select(owner, device is { } d ? [d] : [], []) is { Count: 0 })
            return 0;
        if (open.Unsettled == 0)
            return device is { } counted ? open.CountOf(owner.Devices[counted]) : owner.DurableCounts.Held;
        var where = ReadingSql.Where(owner, ReadingSql.Select(owner, device is { } one ? [one] : [], []), long.MinValue, long.MaxValue);
        return await open.Readers.RunAsync(c => c.Scalar(ReadingSql.Count(where)), time, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<Reading>> LatestAsync(TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner || ReadingSql.Select(owner, devices, []) is { Count: 0 })
            return [];
        // A series' newest row lies at its durable height, or was dropped by retention.
        var series = ReadingSql.Select(owner, devices, []);
        var lowest = (series ?? [.. owner.Devices.Values.SelectMany(d => d.Series)]).Select(s => s.DurableHeight).Where(h => h > long.MinValue).DefaultIfEmpty(long.MinValue).Min();
        var sql =
            $"""
            WITH last AS (SELECT series, max(time) AS time, arg_max({'{'}'kind': kind & {Schema.Late - 1}, 'number': number, 'text': text{'}'}, (time, rowid)) AS v
                FROM readings WHERE {ReadingSql.Where(owner, series, lowest, long.MaxValue)} GROUP BY series)
            SELECT l.series, l.time, l.v.kind, l.v.number, l.v.text FROM last l JOIN series n ON n.series = l.series ORDER BY n.device, n.metric
            """;
        return await open.Readers.RunAsync<IReadOnlyList<Reading>>(c => Collect(c, open, sql, []), time, cancellationToken);
    }

    /// <summary>Runs a query on the readings of a condition, each once: one look for late rows and texts, then the query that fits, both on the same state of the store.</summary>
    private Task<T> OnStanding<T>(DuckDbSession open, string where, Func<DuckDbConnection, string, T> query, CancellationToken cancellationToken) =>
        open.Readers.RunAsync(c =>
        {
            c.Execute("BEGIN");
            var result = query(c, ReadingSql.Standing(where, c.Scalar(ReadingSql.Holds(where))));
            c.Execute("COMMIT");
            return result;
        }, time, cancellationToken);

    private static List<Reading> Collect(DuckDbConnection connection, DuckDbSession open, string sql, string?[] texts)
    {
        var readings = new List<Reading>();
        connection.Query(sql, r => readings.Add(ToReading(open, r, 0)), texts);
        return readings;
    }

    private static Reading ToReading(DuckDbSession open, IDataRecord r, int first)
    {
        var entry = open.Catalog.Series(r.GetInt32(first));
        var value = ReadingValue.FromColumns(
            (ReadingKind)Convert.ToByte(r.GetValue(first + 2)), r.GetDouble(first + 3), r.IsDBNull(first + 4) ? null : r.GetString(first + 4));
        return new Reading(entry.Device.Id, entry.Metric, r.GetInt64(first + 1), value);
    }

    /// <summary>What follows the last item of the page before, when names decide between equal times.</summary>
    private static string After((long Time, DeviceId Device, MetricName Metric)? after, string column) => after is { } a
        ? $"({column} > {a.Time} OR ({column} = {a.Time} AND (n.device > $1 OR (n.device = $1 AND n.metric > $2))))"
        : "true";

    /// <summary>The same for a single series, whose place among the names is known.</summary>
    private static string After((long Time, DeviceId Device, MetricName Metric)? after, SeriesEntry series)
    {
        if (after is not { } a)
            return "true";
        var order = string.CompareOrdinal(series.Device.Id.Value, a.Device.Value);
        var follows = order > 0 || (order == 0 && string.CompareOrdinal(series.Metric.Value, a.Metric.Value) > 0);
        return $"s.time {(follows ? ">=" : ">")} {a.Time}";
    }

    private static string?[] Texts((long Time, DeviceId Device, MetricName Metric)? after) =>
        after is { } a ? [a.Device.Value, a.Metric.Value] : [];

    /// <summary>The session for a query: a failure of the writer may be reopening it.</summary>
    private DuckDbSession Readable()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        return session ?? throw new TelemetryStoreException(fault.Length > 0 ? fault : "The telemetry store is not open yet.");
    }
}
