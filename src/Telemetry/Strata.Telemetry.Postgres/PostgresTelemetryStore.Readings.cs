using Npgsql;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Postgres;

/// <summary>Queries on raw readings.</summary>
public sealed partial class PostgresTelemetryStore
{
    public async ValueTask<IReadOnlyList<Reading>> ReadAsync(TenantId tenant, ReadingRange range, CancellationToken cancellationToken)
    {
        var limit = Math.Clamp(range.Limit, 0, options.MaxRows);
        var values = Values(tenant, range);
        var count = (await reads.ListAsync(tenant, ReadingSql.CountSeries, r => r.GetInt32(0), cancellationToken, values[0], values[3], values[4]))[0];
        if (count == 0)
            return [];
        return await reads.ListAsync(tenant, count <= ReadingSql.MaxSingly ? ReadingSql.Singly(limit) : ReadingSql.Range(limit), ToReading, cancellationToken, values);
    }

    public async ValueTask<IReadOnlyList<AggregateRow>> AggregateAsync(
        TenantId tenant, ReadingRange range, long every, IReadOnlyList<AggregateFunction> functions, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        var isAll = range.Devices.Count == 0 && range.Metrics.Count == 0;
        var sql = ReadingSql.Aggregate(every, functions, isAll, Math.Clamp(range.Limit, 0, options.MaxRows));
        return await reads.ListAsync(tenant, sql, r =>
        {
            var values = new double?[functions.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = r.IsDBNull(i + 3) ? null : r.GetDouble(i + 3);
            return new AggregateRow(r.GetInt64(2), DeviceId.Parse(r.GetString(0)), MetricName.Parse(r.GetString(1)), values);
        }, cancellationToken, Values(tenant, range));
    }

    public async ValueTask<long> CountAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken)
    {
        if (device is { } one)
            return (await reads.ListAsync(tenant, ReadingSql.CountOfDevice, r => r.GetInt64(0), cancellationToken, tenant.Value, one.Value))[0];
        var counted = await reads.ListAsync(
            tenant, "SELECT t.readings - coalesce(d.readings, 0) FROM telemetry_tenants t LEFT JOIN telemetry_dropped d USING (tenant_id) WHERE t.tenant_id = $1",
            r => r.GetInt64(0), cancellationToken, tenant.Value);
        return counted.Count == 0 ? 0 : counted[0];
    }

    public async ValueTask<IReadOnlyList<Reading>> LatestAsync(TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken) => devices.Count == 0
        ? await reads.ListAsync(tenant, ReadingSql.Latest(""), ToReading, cancellationToken, tenant.Value)
        : await reads.ListAsync(tenant, ReadingSql.Latest("AND s.device = ANY ($2)"), ToReading, cancellationToken, tenant.Value, Names(devices));

    /// <summary>The parameters of <see cref="ReadingSql"/>.</summary>
    private static object[] Values(TenantId tenant, ReadingRange range) =>
    [
        tenant.Value, Math.Max(range.From, range.After?.Time ?? long.MinValue), range.To, Names(range.Devices), range.Metrics.Select(m => m.Value).Distinct().ToArray(),
        range.After?.Device.Value ?? "", range.After?.Metric.Value ?? "", range.After?.Time ?? long.MinValue,
    ];

    private static string[] Names(IReadOnlyList<DeviceId> devices) => devices.Select(d => d.Value).Distinct().ToArray();

    private static Reading ToReading(NpgsqlDataReader r) => ToReading(r, 0);

    private static Reading ToReading(NpgsqlDataReader r, int first)
    {
        var kind = r.GetInt16(first + 3);
        var text = r.IsDBNull(first + 5) ? null : r.GetString(first + 5);
        if (kind == StoredText.EscapedKind)
            (kind, text) = ((short)ReadingKind.Text, StoredText.Unescape(text!));
        return new Reading(
            DeviceId.Parse(r.GetString(first)), MetricName.Parse(r.GetString(first + 1)), r.GetInt64(first + 2), ReadingValue.FromColumns((ReadingKind)kind, r.GetDouble(first + 4), text));
    }
}
