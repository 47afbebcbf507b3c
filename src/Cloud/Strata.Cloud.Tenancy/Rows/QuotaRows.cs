using Strata.Cloud.Platform;

namespace Strata.Cloud.Tenancy.Rows;

/// <summary>What a tenant may use, where somebody has said so.</summary>
internal sealed record QuotaRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>The plan it follows.</summary>
    public required string Plan { get; init; }

    /// <summary>Its own values in place of the plan's, by name (JSON); null is no limit.</summary>
    public required string Own { get; init; }
}

/// <summary>A plan of the platform's own. It is a row of the first tenant, whose the platform's owner is.</summary>
internal sealed record QuotaPlanRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    /// <summary>Limits by name (JSON).</summary>
    public required string Quotas { get; init; }
}
