namespace Strata.Telemetry.Postgres;

/// <summary>
/// The queries on readings. Parameters: $1 tenant, $2 and $3 the range of times, $4 devices, $5 metrics (empty arrays for all), $6 and $7 the names behind
/// which a page begins, $8 its time. Each reading is read once: of equal keys the row written last stands.
/// </summary>
internal static class ReadingSql
{
    /// <summary>Up to so many series are read one by one, each by its index; more are read as one range.</summary>
    public const int MaxSingly = 2_000;

    private const string Wanted = "s.tenant_id = $1 AND (cardinality($4) = 0 OR s.device = ANY ($4)) AND (cardinality($5) = 0 OR s.metric = ANY ($5))";

    private const string Columns = "s.device, s.metric, r.time, r.kind, r.number, r.text";

    private const string Page = "($6 = '' OR r.time > $8 OR (r.time = $8 AND (s.device > $6 OR (s.device = $6 AND s.metric > $7))))";

    private const string OrderOfWriting = "x.commit DESC, x.row DESC";

    /// <summary>How many series are meant, counted to one more than <see cref="MaxSingly"/>.</summary>
    public static readonly string CountSeries =
        $"SELECT count(*)::integer FROM (SELECT FROM telemetry_series s WHERE {Wanted.Replace("$4", "$2", StringComparison.Ordinal).Replace("$5", "$3", StringComparison.Ordinal)} LIMIT {MaxSingly + 1}) x";

    /// <summary>A page in order of times, series by series: no more of a series is read than the page can hold.</summary>
    public static string Singly(int limit) =>
        $"""
        SELECT {Columns} FROM telemetry_series s CROSS JOIN LATERAL (
            SELECT DISTINCT ON (x.time) x.time, x.kind, x.number, x.text FROM telemetry_readings x
            WHERE x.tenant_id = $1 AND x.series = s.series AND x.time >= $2 AND x.time < $3 ORDER BY x.time, {OrderOfWriting} LIMIT {limit + 1L}) r
        WHERE {Wanted} AND {Page} ORDER BY r.time, s.device, s.metric LIMIT {limit}
        """;

    /// <summary>The same for many series: the range is read as a whole.</summary>
    public static string Range(int limit) =>
        $"""
        SELECT {Columns} FROM ({Standing("", "")}) r JOIN telemetry_series s ON s.tenant_id = $1 AND s.series = r.series
        WHERE {Wanted} AND {Page} ORDER BY r.time, s.device, s.metric LIMIT {limit}
        """;

    public static string Latest(string devices) =>
        $"""
        SELECT {Columns} FROM telemetry_series s CROSS JOIN LATERAL (
            SELECT x.time, x.kind, x.number, x.text FROM telemetry_readings x
            WHERE x.tenant_id = $1 AND x.series = s.series ORDER BY x.time DESC, {OrderOfWriting} LIMIT 1) r
        WHERE s.tenant_id = $1 {devices} ORDER BY s.device, s.metric
        """;

    /// <param name="every">Length of a bucket; ours, a number.</param>
    /// <param name="isAll">Whether all series of the tenant are meant.</param>
    public static string Aggregate(long every, IReadOnlyList<AggregateFunction> functions, bool isAll, int limit)
    {
        var columns = string.Concat(functions.Select((f, i) => $", {Function(f)} AS f{i}"));
        var names = string.Concat(functions.Select((_, i) => $", r.f{i}"));
        var some = isAll ? "" : $"AND x.series = ANY (ARRAY(SELECT s.series FROM telemetry_series s WHERE {Wanted}))";
        return $"""
            SELECT s.device, s.metric, r.time{names} FROM (
                SELECT series, time - ((time % {every}) + {every}) % {every} AS time{columns}
                FROM (SELECT series, time, CASE WHEN kind >= 2 THEN NULL ELSE number END AS value FROM ({Standing(some, "")}) y) v GROUP BY 1, 2) r
            JOIN telemetry_series s ON s.tenant_id = $1 AND s.series = r.series
            WHERE {Wanted} AND {Page} ORDER BY r.time, s.device, s.metric LIMIT {limit}
            """;
    }

    /// <summary>Distinct readings of a device: $1 tenant, $2 device.</summary>
    public const string CountOfDevice =
        """
        SELECT count(*) FROM (SELECT DISTINCT x.series, x.time FROM telemetry_readings x WHERE x.tenant_id = $1
            AND x.series = ANY (ARRAY(SELECT s.series FROM telemetry_series s WHERE s.tenant_id = $1 AND s.device = $2))) y
        """;

    private static string Standing(string and, string columns) =>
        $"""
        SELECT DISTINCT ON (x.series, x.time) x.series, x.time, x.kind, x.number, x.text{columns} FROM telemetry_readings x
        WHERE x.tenant_id = $1 AND x.time >= $2 AND x.time < $3 {and} ORDER BY x.series, x.time, {OrderOfWriting}
        """;

    private static string Function(AggregateFunction function) => function switch
    {
        AggregateFunction.Avg => "avg(value)",
        AggregateFunction.Min => "min(value)",
        AggregateFunction.Max => "max(value)",
        AggregateFunction.Count => "count(*)::double precision",
        AggregateFunction.Last => "(array_agg(value ORDER BY time DESC))[1]",
        AggregateFunction.Sum => "sum(value)",
        AggregateFunction.Stddev => "stddev_pop(value)",
        _ => throw new ArgumentOutOfRangeException(nameof(function), function, "Not an aggregate function."),
    };
}
