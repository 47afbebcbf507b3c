using System.Data;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.DuckDb;

/// <summary>Queries on windows, events, gaps, progress and totals, and the feed of commits.</summary>
public sealed partial class DuckDbTelemetryStore
{
    private const string WindowColumns = "\"group\", site, gateway, start, length, revision, heard, members, metrics";

    /// <summary>A window is its group and start; the highest revision stands, of equal ones the last written.</summary>
    internal const string StandingWindow = "QUALIFY row_number() OVER (PARTITION BY \"group\", start ORDER BY revision DESC, rowid DESC) = 1";

    public async ValueTask<IReadOnlyList<WindowRecord>> WindowsAsync(TenantId tenant, WindowRange range, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner)
            return [];
        var where = ReadingSql.Between(owner, "start", range.From, range.To);
        var texts = new List<string?>();
        if (range.Site is { } site)
        {
            texts.AddRange([site.Value, site.Value + "/"]);
            where += " AND (site = $1 OR starts_with(site, $2))";
        }
        if (range.Group is { } group)
        {
            texts.Add(group);
            where += $" AND \"group\" = ${texts.Count}";
        }
        var after = "true";
        if (range.After is { } a)
        {
            texts.Add(a.Group);
            after = $"(start > {a.Start} OR (start = {a.Start} AND \"group\" > ${texts.Count}))";
        }
        var sql = $"SELECT {WindowColumns} FROM windows WHERE {where} AND {after} {StandingWindow} ORDER BY start, \"group\" LIMIT {Limit(range.Limit)}";
        return await List(open, sql, ToWindow, [.. texts], cancellationToken);
    }

    public async ValueTask<IReadOnlyList<StoredEvent>> EventsAsync(TenantId tenant, EventRange range, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner)
            return [];
        var sql =
            $"""
            SELECT time, kind, device, gateway, detail, position FROM events WHERE tenant_id = {owner.Number} AND position < {range.Before ?? long.MaxValue}
            AND ($1 IS NULL OR device = $1) AND ($2 IS NULL OR gateway = $2) ORDER BY position DESC LIMIT {Limit(range.Limit)}
            """;
        return await List(open, sql, r => new StoredEvent(r.GetInt64(5), ToEvent(r)), [range.Device?.Value, range.Gateway?.Value], cancellationToken);
    }

    public async ValueTask<IReadOnlyList<StoredGap>> GapsAsync(TenantId tenant, string? source, long? before, int limit, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner)
            return [];
        var sql =
            $"""
            SELECT source, stream, first, last, readings, from_time, to_time, reason, position, recorded FROM gaps
            WHERE tenant_id = {owner.Number} AND position < {before ?? long.MaxValue} AND ($1 IS NULL OR source = $1) ORDER BY position DESC LIMIT {Limit(limit)}
            """;
        return await List(open, sql, r => new StoredGap(r.GetInt64(8), EventTime.ToDateTimeOffset(r.GetInt64(9)), ToGap(r)), [source], cancellationToken);
    }

    public async ValueTask<IReadOnlyList<SourceProgress>> ProgressAsync(TenantId tenant, string? source, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner)
            return [];
        // From the table, not from the writer's book, which runs ahead of the commit.
        var sql = $"SELECT source, stream, first, last FROM progress WHERE tenant_id = {owner.Number} AND ($1 IS NULL OR source = $1) ORDER BY rowid";
        return await open.Readers.RunAsync(c =>
        {
            var book = new ProgressBook(options.MaxStreamsPerSource, options.MaxIntervalsPerStream);
            c.Query(sql, r => book.Add(tenant, r.GetString(0), r.GetString(1), r.GetInt64(2), r.GetInt64(3)), source);
            return book.Copy();
        }, time, cancellationToken);
    }

    public async ValueTask<StoreTotals> TotalsAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner)
            return new StoreTotals(0, 0, 0, 0, 0);
        var mine = $"tenant_id = {owner.Number}";
        // One statement, so that retention moves nothing from what is held to what was dropped between two counts. Readings are counted, unless some written late are not yet.
        var (counted, ever) = (open.Unsettled == 0, owner.DurableCounts);
        var sql =
            $"""
            SELECT {(counted ? $"{ever.Ever}" : $"d.readings + ({ReadingSql.Count(mine)})")}::BIGINT, d.aggregated + w.aggregated, d.windows + w.windows, d.gaps + g.gaps, d.lost + g.lost,
                {(counted ? $"{ever.Health}" : $"d.health + ({ReadingSql.Count(ReadingSql.Health(mine))})")}::BIGINT
            FROM (SELECT coalesce(sum(readings), 0)::BIGINT AS aggregated, count(*) AS windows FROM (SELECT readings FROM windows WHERE {mine} {StandingWindow})) w,
                (SELECT count(*) AS gaps, coalesce(sum(readings), 0)::BIGINT AS lost FROM gaps WHERE {mine}) g,
                (SELECT coalesce(sum(readings), 0)::BIGINT AS readings, coalesce(sum(health), 0)::BIGINT AS health, coalesce(sum(aggregated), 0)::BIGINT AS aggregated,
                    coalesce(sum(windows), 0)::BIGINT AS windows, coalesce(sum(gaps), 0)::BIGINT AS gaps, coalesce(sum(lost), 0)::BIGINT AS lost FROM dropped WHERE {mine}) d
            """;
        return (await List(open, sql, r => new StoreTotals(r.GetInt64(0), r.GetInt64(1), r.GetInt64(2), r.GetInt64(3), r.GetInt64(4), r.GetInt64(5)), [], cancellationToken))[0];
    }

    /// <summary>The tables of <see cref="CommittedAfterAsync"/>. A commit mostly writes to one of them, and the others are not asked.</summary>
    private static readonly string[] Feed = ["readings", "windows", "events", "gaps"];

    public async ValueTask<CommittedRows> CommittedAfterAsync(TenantId tenant, long after, int limit, CancellationToken cancellationToken)
    {
        var open = Readable();
        if (open.Catalog.Find(tenant) is not { } owner)
            return new CommittedRows(after, [], [], [], []);
        var upTo = open.LastCommit;
        var tables = Feed.Where(table => open.MayHaveAfter(table, after)).ToList();
        if (tables.Count == 0)
            return new CommittedRows(Math.Max(after, upTo), [], [], [], []);
        return await open.Readers.RunAsync(c =>
        {
            // As many rows of a table as asked for decide up to which commit all tables are read: commits stay whole.
            var last = upTo;
            var page = $"tenant_id = {owner.Number} AND commit > {after} AND commit <= ";
            foreach (var table in tables)
                last = Math.Min(last, c.Scalar(
                    $"SELECT coalesce((SELECT commit FROM {table} WHERE {page}{last} ORDER BY commit LIMIT 1 OFFSET {Limit(limit) - 1}), {last})"));
            page += last;
            List<(long Commit, Reading)> readings = [];
            List<(long, WindowRecord)> windows = [];
            List<(long, FleetEvent)> events = [];
            List<(long, GapRecord)> gaps = [];
            Query("readings", $"SELECT series, time, kind & {Schema.Late - 1}, number, text, commit FROM readings WHERE {page} ORDER BY commit, rowid",
                r => readings.Add((r.GetInt64(5), ToReading(open, r, 0))));
            Query("windows", $"SELECT {WindowColumns}, commit FROM windows WHERE {page} ORDER BY commit, rowid", r => windows.Add((r.GetInt64(9), ToWindow(r))));
            Query("events", $"SELECT time, kind, device, gateway, detail, commit FROM events WHERE {page} ORDER BY commit, rowid", r => events.Add((r.GetInt64(5), ToEvent(r))));
            Query("gaps", $"SELECT source, stream, first, last, readings, from_time, to_time, reason, commit FROM gaps WHERE {page} ORDER BY commit, rowid",
                r => gaps.Add((r.GetInt64(8), ToGap(r))));
            return new CommittedRows(Math.Max(after, last), readings, windows, events, gaps) { Origins = open.MayHaveAfter("origins", after) ? Origins(c, page, readings) : [] };

            void Query(string table, string sql, Action<IDataRecord> row)
            {
                if (tables.Contains(table))
                    c.Query(sql, row);
            }
        }, time, cancellationToken);
    }

    private static Dictionary<int, MessageOrigin> Origins(DuckDbConnection connection, string page, List<(long Commit, Reading)> readings)
    {
        var starts = new Dictionary<long, int>();
        for (var i = 0; i < readings.Count; i++)
            starts.TryAdd(readings[i].Commit, i);
        var origins = new Dictionary<int, MessageOrigin>();
        connection.Query($"SELECT commit, first, count, immediate, sampled, gateway FROM origins WHERE {page}", r =>
        {
            var origin = new MessageOrigin(r.GetBoolean(3), r.GetInt64(4), r.IsDBNull(5) ? null : GatewayId.Parse(r.GetString(5)));
            if (!starts.TryGetValue(r.GetInt64(0), out var start))
                return;
            for (var i = 0; i < r.GetInt32(2); i++)
                origins[start + r.GetInt32(1) + i] = origin;
        });
        return origins;
    }

    private int Limit(int asked) => Math.Clamp(asked, 1, options.MaxRows);

    private async ValueTask<IReadOnlyList<T>> List<T>(
        DuckDbSession open, string sql, Func<IDataRecord, T> row, string?[] texts, CancellationToken cancellationToken) =>
        await open.Readers.RunAsync<IReadOnlyList<T>>(c =>
        {
            var list = new List<T>();
            c.Query(sql, r => list.Add(row(r)), texts);
            return list;
        }, time, cancellationToken);

    private static WindowRecord ToWindow(IDataRecord r) => new(
        r.GetString(0), SiteId.Parse(r.GetString(1)), r.GetString(2) is { Length: > 0 } gateway ? GatewayId.Parse(gateway) : default, r.GetInt64(3), r.GetInt64(4),
        r.GetInt32(5), r.GetInt32(6), r.GetInt32(7), WindowText.Read(r.GetString(8)));

    private static FleetEvent ToEvent(IDataRecord r) => new(
        r.GetInt64(0), r.GetString(1), r.IsDBNull(2) ? null : DeviceId.Parse(r.GetString(2)), r.IsDBNull(3) ? null : GatewayId.Parse(r.GetString(3)), r.GetString(4));

    private static GapRecord ToGap(IDataRecord r) => new(
        r.GetString(0), r.GetString(1), r.GetInt64(2), r.GetInt64(3), r.GetInt64(4), r.IsDBNull(5) ? null : r.GetInt64(5), r.IsDBNull(6) ? null : r.GetInt64(6), r.GetString(7));
}
