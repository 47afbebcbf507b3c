using Strata.Cloud.Platform;

namespace Strata.Cloud.Devices.Rows;

/// <summary>What becomes of the readings of a tenant's devices that are taken out of service, where the request does not say it. No row: they are kept.</summary>
internal sealed record DecommissionPolicyRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>One of <see cref="DecommissionRow.Policies"/>.</summary>
    public required string Readings { get; init; }
}
