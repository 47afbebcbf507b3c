using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Telemetry.DuckDb;

/// <summary>
/// The parts of which queries on <c>readings</c> are made. Series are found by name in memory, so that a query filters on a number; all values
/// put into the text are numbers of ours.
/// </summary>
internal static class ReadingSql
{
    private const int HoldsLate = 1;
    private const int HoldsText = 2;

    /// <summary>The series of a range; null for all of the tenant, empty for none.</summary>
    public static IReadOnlyList<SeriesEntry>? Select(TenantEntry tenant, IReadOnlyList<DeviceId> devices, IReadOnlyList<MetricName> metrics)
    {
        if (devices.Count == 0 && metrics.Count == 0)
            return null;
        var wanted = metrics.ToHashSet();
        var from = devices.Count == 0
            ? tenant.Devices.Values
            : devices.Distinct().Select(tenant.Devices.GetValueOrDefault).OfType<DeviceEntry>();
        return [.. from.SelectMany(d => d.Series).Where(s => wanted.Count == 0 || wanted.Contains(s.Metric))];
    }

    /// <summary>The condition for a range of one tenant's series.</summary>
    public static string Where(TenantEntry tenant, IReadOnlyList<SeriesEntry>? series, long from, long to)
    {
        var condition = $"tenant_id = {tenant.Number}";
        if (series is { Count: 1 })
            condition += $" AND series = {series[0].Number}";
        else if (series is not null)
            condition += $" AND series IN ({string.Join(',', series.Select(s => s.Number))})";
        return condition + Between("time", from, to);
    }

    /// <summary>The condition for a tenant's rows whose column lies in [from, to).</summary>
    public static string Between(TenantEntry tenant, string column, long from, long to) => $"tenant_id = {tenant.Number}{Between(column, from, to)}";

    private static string Between(string column, long from, long to)
    {
        var condition = from > long.MinValue ? $" AND {column} >= {from}" : "";
        if (to < long.MaxValue)
            condition += $" AND {column} < {to}";
        return condition;
    }

    /// <summary>
    /// What the condition's rows hold besides numbers and booleans in order: 1 when something was written late, 2 when there are texts, 3 for both, 0 for neither. Row groups with
    /// neither are passed over by their statistics.
    /// </summary>
    public static string Holds(string where) =>
        $"""
        SELECT coalesce(bit_or(CASE WHEN kind >= {Schema.Late} THEN {HoldsLate} ELSE 0 END | CASE WHEN kind & {Schema.Late - 1} = {(int)ReadingKind.Text} THEN {HoldsText} ELSE 0 END), 0)
        FROM readings WHERE {where} AND kind >= {(int)ReadingKind.Text}
        """;

    /// <summary>
    /// Common table expressions that end in <c>standing(series, time, kind, number, text)</c>: each reading of the condition once, the last value standing.
    /// Only late rows can replace another; where there are none, rows stand as they are. Where there are no texts the column is not read: it would cost as much as all others.
    /// </summary>
    /// <param name="holds">The answer of <see cref="Holds"/>.</param>
    public static string Standing(string where, long holds)
    {
        var text = (holds & HoldsText) != 0 ? "text" : "NULL::VARCHAR AS text";
        return (holds & HoldsLate) == 0
            ? $"WITH standing AS (SELECT series, time, kind, number, {text} FROM readings WHERE {where})"
            : $"""
              WITH late AS MATERIALIZED (SELECT series, time, max(rowid) AS keep FROM readings WHERE {where} AND kind >= {Schema.Late} GROUP BY series, time),
              standing AS (SELECT r.series, r.time, r.kind & {Schema.Late - 1} AS kind, r.number, r.text
                  FROM (SELECT series, time, kind, number, {text}, rowid FROM readings WHERE {where}) r LEFT JOIN late l ON r.series = l.series AND r.time = l.time
                  WHERE l.keep IS NULL OR r.rowid >= l.keep)
              """;
    }

    /// <summary>Distinct readings: all rows, less those of every key that was written late, and each such key once.</summary>
    public static string Count(string where) =>
        $"""
        WITH chosen AS NOT MATERIALIZED (SELECT series, time, kind FROM readings WHERE {where}),
        late AS MATERIALIZED (SELECT DISTINCT series, time FROM chosen WHERE kind >= {Schema.Late})
        SELECT (SELECT count(*) FROM chosen) - (SELECT count(*) FROM chosen SEMI JOIN late USING (series, time)) + (SELECT count(*) FROM late)
        """;

    /// <summary>
    /// By series: distinct readings that the store holds no more once all commits up to one are gone: those of their rows, less those written again since. Only rows marked late can be
    /// such, since a row that is not is the first of its key.
    /// </summary>
    /// <param name="settled">The commit up to which rows written late are counted: later ones are still to be, each as a reading of its own once the others are gone.</param>
    /// <param name="mine">A condition that ends with AND, or empty.</param>
    public static string Gone(string mine, long upTo, long settled) =>
        $"""
        SELECT going.series, count(*) FROM (SELECT DISTINCT series, time FROM readings WHERE {mine}commit <= {upTo}) going
        ANTI JOIN (SELECT series, time FROM readings WHERE commit > {upTo} AND commit <= {settled} AND kind >= {Schema.Late}) again USING (series, time) GROUP BY going.series
        """;

    /// <summary>The condition for rows of the tenant's health metrics.</summary>
    public static string Health(string mine) => $"{mine} AND series IN (SELECT series FROM series WHERE {mine} AND starts_with(metric, 'health.'))";

    /// <summary>The expression of one aggregate over <c>value</c> (null for texts) and <c>time</c>.</summary>
    public static string Function(AggregateFunction function) => function switch
    {
        AggregateFunction.Avg => "avg(value)",
        AggregateFunction.Min => "min(value)",
        AggregateFunction.Max => "max(value)",
        AggregateFunction.Count => "count(*)::DOUBLE",
        AggregateFunction.Last => "arg_max(value, time)",
        AggregateFunction.Sum => "sum(value)",
        AggregateFunction.Stddev => "stddev_pop(value)",
        _ => throw new ArgumentOutOfRangeException(nameof(function), function, "Not an aggregate function."),
    };
}
