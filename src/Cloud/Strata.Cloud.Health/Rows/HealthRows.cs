using Strata.Cloud.Platform;

namespace Strata.Cloud.Health.Rows;

/// <summary>What is known of a device's health, so that a restart does not forget it. An observation: no audit.</summary>
internal sealed record DeviceHealthRow : ITenantRow
{
    public required string TenantId { get; init; }

    public required string Device { get; init; }

    /// <summary>JSON, see <see cref="Book.KeptHealth"/>.</summary>
    public required string State { get; init; }

    public required DateTimeOffset Updated { get; init; }
}

/// <summary>A tenant's thresholds, where they are not the usual ones.</summary>
internal sealed record HealthPolicyRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>JSON, as the API writes it.</summary>
    public required string Policy { get; init; }

    public required DateTimeOffset Changed { get; init; }
}

/// <summary>The fleet's counts at one hour.</summary>
internal sealed record FleetTrendRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>Hours since 1970-01-01 UTC.</summary>
    public required int Hour { get; init; }

    public required int Total { get; init; }

    /// <summary>Count by bucket: JSON.</summary>
    public required string Buckets { get; init; }
}
