using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Tenancy.Rows;

/// <summary>A token of a program. A revoked one is gone; the audit trail tells of it.</summary>
internal sealed record ApiTokenRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>The part after <c>strata_</c>, unique on the installation.</summary>
    public required string Prefix { get; init; }

    /// <summary>Named in audit records.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the whole token.</summary>
    [Protected]
    public required byte[] TokenHash { get; init; }

    /// <summary>Roles and where they hold, as the API writes them (JSON).</summary>
    public required string Grants { get; init; }

    /// <summary>The share that it reads by, in place of grants; null for a token with grants.</summary>
    public string? Share { get; init; }

    public required DateTimeOffset Created { get; init; }

    [Protected]
    public required string CreatedBy { get; init; }

    /// <summary>Null: until it is revoked.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>An observation like that of a device; written once a minute at most, without an audit record.</summary>
    public DateTimeOffset? LastUsed { get; init; }
}

/// <summary>A role of the tenant's own.</summary>
internal sealed record RoleRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    /// <summary>Names, comma-separated.</summary>
    public required string Permissions { get; init; }

    public required DateTimeOffset Created { get; init; }
}
