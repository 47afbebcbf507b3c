using Strata.Core.Metering;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Postgres;

/// <summary>The hours of usage.</summary>
public sealed partial class PostgresTelemetryStore
{
    public async ValueTask<IReadOnlyList<UsageHour>> UsageAsync(TenantId tenant, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) =>
        await reads.ListAsync(
            tenant,
            """
            SELECT hour, class, messages_in, bytes_in, messages_out, bytes_out, readings, bytes_stored, api_calls, devices, connections, storage_bytes
            FROM telemetry_usage WHERE tenant_id = $1 AND hour >= $2 AND hour < $3 ORDER BY hour, class
            """,
            r => new UsageHour(tenant, r.GetFieldValue<DateTimeOffset>(0), r.GetString(1))
            {
                MessagesIn = r.GetInt64(2),
                BytesIn = r.GetInt64(3),
                MessagesOut = r.GetInt64(4),
                BytesOut = r.GetInt64(5),
                ReadingsStored = r.GetInt64(6),
                BytesStored = r.GetInt64(7),
                ApiCalls = r.GetInt64(8),
                Devices = r.GetInt64(9),
                Connections = r.GetInt64(10),
                StorageBytes = r.GetInt64(11),
            }, cancellationToken, tenant.Value, UsageSums.HourOf(since), until.ToUniversalTime());
}
