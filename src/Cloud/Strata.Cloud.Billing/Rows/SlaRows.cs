using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Billing.Rows;

/// <summary>What is promised to a tenant from a month on, until the next row of its kind.</summary>
internal sealed record ObjectiveRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>As the API names it.</summary>
    public required string Kind { get; init; }

    /// <summary>As 202611.</summary>
    public required int FromMonth { get; init; }

    /// <summary>In ten-thousandths of a percent: 999000 for 99.9 %. Null: it is not promised any more.</summary>
    public required int? Target { get; init; }

    /// <summary>In microseconds; for latency.</summary>
    public required long? LimitMicros { get; init; }

    /// <summary>Steps of credit, as the API writes them (JSON).</summary>
    public required string Credits { get; init; }

    /// <summary>From when on it is judged: the month's start, or when the first promise of the kind was made within it.</summary>
    public required DateTimeOffset Since { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required string CreatedBy { get; init; }
}

/// <summary>An announced time in which nothing is promised.</summary>
internal sealed record MaintenanceRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    public required DateTimeOffset Begins { get; init; }

    public required DateTimeOffset Ends { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset Announced { get; init; }

    [Protected]
    public required string AnnouncedBy { get; init; }
}

/// <summary>What was measured of a tenant's service in one minute; see <see cref="Core.Metering.Sla.ServiceMinute"/>.</summary>
internal sealed record ServiceMinuteRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>Minutes since 1970-01-01 UTC.</summary>
    public required int Minute { get; init; }

    public bool? ProbeIngest { get; init; }

    public bool? ProbeApi { get; init; }

    public long IngestAcknowledged { get; init; }

    public long IngestFailed { get; init; }

    public long? IngestP95Micros { get; init; }

    public long ApiCalls { get; init; }

    public long ApiFailed { get; init; }

    public long Owed { get; init; }

    public long Delivered { get; init; }
}
