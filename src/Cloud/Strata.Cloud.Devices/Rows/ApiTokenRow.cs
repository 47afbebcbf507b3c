using Strata.Cloud.Platform;
using Strata.Node.Auth;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A token of a person or an application.</summary>
internal sealed record ApiTokenRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>Named in audit records.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the token, lower-case hexadecimal.</summary>
    public required string TokenHash { get; init; }

    public required TokenRole Role { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Null: until it is revoked.</summary>
    public DateTimeOffset? Expires { get; init; }
}
