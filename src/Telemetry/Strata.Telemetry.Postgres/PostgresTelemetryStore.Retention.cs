using System.Globalization;
using Npgsql;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Postgres;

namespace Strata.Telemetry.Postgres;

/// <summary>
/// Dropping what is old: whole days of readings by their arrival, by a function of the owner's, and windows, events and gaps tenant by tenant. What goes is counted in the
/// transaction that drops it.
/// </summary>
public sealed partial class PostgresTelemetryStore
{
    public async ValueTask<long> RetainAsync(RetentionPolicy policy, CancellationToken cancellationToken)
    {
        if (holdsRetention)
            return 0; // What is being copied must not change under it; ten minutes later is soon enough.
        var now = Now;
        await WriteAsync(async open =>
        {
            await open.EnsureLeavesAsync(Today, cancellationToken);
            return true;
        }, "The leaves of the next days could not be made", cancellationToken);
        var tenants = await TenantsAsync("retention of the telemetry store", cancellationToken);
        long dropped = 0;
        var cutOff = EventTime.ToDateTimeOffset(now - EventTime.Span(policy.Raw)).UtcDateTime;
        foreach (var day in await LeavesAsync(cancellationToken))
        {
            // A day is over when the next one has begun.
            if (day.AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc) <= cutOff)
                dropped += await DropAsync(day, tenants, cancellationToken);
        }
        foreach (var (tenant, raw) in policy.Shorter.Where(s => tenants.Contains(s.Tenant)))
            dropped += await TrimAsync(tenant, EventTime.ToDateTimeOffset(now - EventTime.Span(raw)).UtcDateTime, cancellationToken);
        foreach (var tenant in tenants)
        {
            dropped += await DropRecordsAsync(tenant, now - EventTime.Span(policy.Windows), cancellationToken);
            await reads.ListAsync(
                tenant, "DELETE FROM telemetry_usage WHERE tenant_id = $1 AND hour < $2", r => 0, cancellationToken, tenant.Value,
                EventTime.ToDateTimeOffset(now - EventTime.Span(policy.Usage)));
        }
        if (policy.MaxBytes is { } max)
            dropped += await BoundAsync(max, tenants, cancellationToken);
        await MeasureAsync(cancellationToken);
        if (dropped > 0)
            Log.Retained(logger, dropped);
        return dropped;
    }

    /// <summary>Drops the oldest days until the leaves fit; today's stays.</summary>
    private async Task<long> BoundAsync(long max, IReadOnlyList<TenantId> tenants, CancellationToken cancellationToken)
    {
        long dropped = 0;
        foreach (var day in (await LeavesAsync(cancellationToken)).Where(d => d < Today))
        {
            var size = (await reads.ListAsync(
                TenantId.Main, $"SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint FROM pg_inherits WHERE inhparent = '{TelemetrySchema.Readings}'::regclass",
                r => r.GetInt64(0), cancellationToken))[0];
            if (size <= max)
                break;
            dropped += await DropAsync(day, tenants, cancellationToken);
        }
        return dropped;
    }

    private async Task<List<DateOnly>> LeavesAsync(CancellationToken cancellationToken) =>
    [
        .. (await reads.ListAsync(
            TenantId.Main, $"SELECT right(c.relname, 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '{TelemetrySchema.Readings}'::regclass ORDER BY 1",
            r => r.GetString(0), cancellationToken)).Select(n => DateOnly.ParseExact(n, "yyyyMMdd", CultureInfo.InvariantCulture)),
    ];

    /// <summary>Every tenant that ever stored something: the platform's own path, written down by the server.</summary>
    private async Task<IReadOnlyList<TenantId>> TenantsAsync(string purpose, CancellationToken cancellationToken) =>
        await reads.ListAsync(TenantId.Main, "SELECT strata_list_tenants('telemetry', $1)", r => TenantId.Parse(r.GetString(0)), cancellationToken, purpose);

    /// <summary>Drops the days of one tenant that are over.</summary>
    private async Task<long> TrimAsync(TenantId tenant, DateTime cutOff, CancellationToken cancellationToken)
    {
        long dropped = 0;
        foreach (var day in (await LeavesAsync(cancellationToken)).Where(d => d.AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc) <= cutOff))
        {
            var (rows, readings) = await CountAsync(tenant, day, cancellationToken);
            if (rows == 0)
                continue;
            await WriteAsync(async open =>
            {
                await open.TrimLeafAsync(day, tenant, readings, cancellationToken);
                return true;
            }, $"The readings of {day:yyyy-MM-dd} of {tenant} could not be dropped", cancellationToken);
            dropped += rows;
        }
        return dropped;
    }

    /// <summary>A tenant's rows of a day, and the readings that go with them.</summary>
    private async Task<(long Rows, long Readings)> CountAsync(TenantId tenant, DateOnly day, CancellationToken cancellationToken)
    {
        const string count =
            $"""
            SELECT count(*), count(DISTINCT (x.series, x.time)) FILTER (WHERE NOT EXISTS (
                SELECT FROM {TelemetrySchema.Readings} y WHERE y.tenant_id = $1 AND y.series = x.series AND y.time = x.time AND y.arrived <> $2))
            FROM {TelemetrySchema.Readings} x WHERE x.tenant_id = $1 AND x.arrived = $2
            """;
        return (await reads.ListAsync(tenant, count, r => (r.GetInt64(0), r.GetInt64(1)), cancellationToken, tenant.Value, day))[0];
    }

    /// <summary>
    /// Drops a day. Its readings are counted before, beside the commits: the day is over, so that only a repeat of one of its keys in that moment could be counted wrongly.
    /// </summary>
    private async Task<long> DropAsync(DateOnly day, IReadOnlyList<TenantId> tenants, CancellationToken cancellationToken)
    {
        var gone = new List<(TenantId Tenant, long Rows, long Readings)>();
        foreach (var tenant in tenants)
        {
            var (rows, readings) = await CountAsync(tenant, day, cancellationToken);
            if (rows > 0)
                gone.Add((tenant, rows, readings));
        }
        await WriteAsync(async open =>
        {
            await open.DropLeafAsync(day, gone.ConvertAll(g => (g.Tenant, g.Readings)), cancellationToken);
            return true;
        }, $"The readings of {day:yyyy-MM-dd} could not be dropped", cancellationToken);
        return gone.Sum(g => g.Rows);
    }

    private async Task<long> DropRecordsAsync(TenantId tenant, long before, CancellationToken cancellationToken)
    {
        const string sql =
            """
            WITH standing AS (SELECT DISTINCT ON (start, "group") readings FROM telemetry_windows WHERE tenant_id = $1 AND start < $2 ORDER BY start, "group", revision DESC, commit DESC, row DESC),
            counted AS (SELECT (SELECT coalesce(sum(readings), 0) FROM standing)::bigint AS aggregated, (SELECT count(*) FROM standing) AS windows, count(*) AS gaps,
                coalesce(sum(readings), 0)::bigint AS lost FROM telemetry_gaps WHERE tenant_id = $1 AND recorded < $2),
            windows AS (DELETE FROM telemetry_windows WHERE tenant_id = $1 AND start < $2 RETURNING 1),
            events AS (DELETE FROM telemetry_events WHERE tenant_id = $1 AND time < $2 RETURNING 1),
            gaps AS (DELETE FROM telemetry_gaps WHERE tenant_id = $1 AND recorded < $2 RETURNING 1),
            added AS (INSERT INTO telemetry_dropped AS d (tenant_id, readings, aggregated, windows, gaps, lost)
                SELECT $1, 0, aggregated, windows, gaps, lost FROM counted WHERE windows + gaps > 0
                ON CONFLICT (tenant_id) DO UPDATE SET aggregated = d.aggregated + excluded.aggregated, windows = d.windows + excluded.windows,
                    gaps = d.gaps + excluded.gaps, lost = d.lost + excluded.lost RETURNING 1)
            SELECT (SELECT count(*) FROM windows) + (SELECT count(*) FROM events) + (SELECT count(*) FROM gaps)
            """;
        return (await reads.ListAsync(tenant, sql, r => r.GetInt64(0), cancellationToken, tenant.Value, before))[0];
    }
}

internal sealed partial class WriterSession
{
    /// <summary>Drops a day's leaf and counts its readings as dropped, in one transaction.</summary>
    public async Task DropLeafAsync(DateOnly day, IReadOnlyList<(TenantId Tenant, long Readings)> gone, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var (tenant, readings) in gone)
            await CountDroppedAsync(day, tenant, readings, cancellationToken);
        await connection.ListAsync("SELECT strata_drop_leaf($1)", r => r.GetBoolean(0), cancellationToken, day);
        await transaction.CommitAsync(cancellationToken);
        leaves.Remove(day);
    }

    /// <summary>Drops a tenant's readings of a day and counts them as dropped, in one transaction.</summary>
    public async Task TrimLeafAsync(DateOnly day, TenantId tenant, long readings, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await CountDroppedAsync(day, tenant, readings, cancellationToken);
        await connection.ListAsync("SELECT strata_trim_leaf($1)", r => r.GetInt64(0), cancellationToken, day);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Binds the tenant and counts what goes of it.</summary>
    private async Task CountDroppedAsync(DateOnly day, TenantId tenant, long readings, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                TenantBinding.Command(tenant),
                new("""
                    INSERT INTO telemetry_dropped AS d (tenant_id, readings, aggregated, windows, gaps, lost) VALUES ($1, $2, 0, 0, 0, 0)
                    ON CONFLICT (tenant_id) DO UPDATE SET readings = d.readings + excluded.readings
                    """) { Parameters = { new() { Value = tenant.Value }, new() { Value = readings } } },
                new("DELETE FROM telemetry_origins WHERE tenant_id = $1 AND arrived = $2") { Parameters = { new() { Value = tenant.Value }, new() { Value = day } } },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
