using Strata.Cloud.Platform;

namespace Strata.Cloud.Tenancy.Rows;

/// <summary>What the tenant lets applications read. A revoked one is gone with its tokens; the audit trail tells of it.</summary>
internal sealed record ShareRow : IAuditedRow
{
    /// <summary>Whose data it is.</summary>
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    /// <summary>Metrics and where, as the API writes them (JSON).</summary>
    public required string Content { get; init; }

    /// <summary>The tenant whose applications read by it; null for whoever was given a token.</summary>
    public string? ToTenant { get; init; }

    public required int CallsPerMinute { get; init; }

    public required int ReadingsPerSecond { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Null: until it is revoked.</summary>
    public DateTimeOffset? Expires { get; init; }
}
