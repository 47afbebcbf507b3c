using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A device that its tenant offers to another one; who has the code takes it.</summary>
[OfInstallation("both tenants of an offer are of one installation")]
internal sealed record TransferRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>SHA-256 of the code, lower-case hexadecimal.</summary>
    public required string CodeHash { get; init; }

    public required string Device { get; init; }

    /// <summary>The only tenant that may take it.</summary>
    public required string Target { get; init; }

    /// <summary>Whether its readings go with it; otherwise they stay.</summary>
    public required bool WithData { get; init; }

    public required string Actor { get; init; }

    public required DateTimeOffset Expires { get; init; }
}
