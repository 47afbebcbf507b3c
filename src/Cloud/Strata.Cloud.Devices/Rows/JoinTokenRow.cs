using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Devices.Rows;

/// <summary>Permission to join as a gateway.</summary>
internal sealed record JoinTokenRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>SHA-256 of the token, lower-case hexadecimal.</summary>
    public required string TokenHash { get; init; }

    /// <summary>The place whose gateways may use it, with all below; null for any.</summary>
    public string? Site { get; init; }

    public required DateTimeOffset Expires { get; init; }

    /// <summary>How many gateways may still join with it.</summary>
    public required int UsesLeft { get; init; }

    /// <summary>The gateway that joined with it last.</summary>
    public string? LastGateway { get; init; }

    [Protected]
    public required string CreatedBy { get; init; }
}
