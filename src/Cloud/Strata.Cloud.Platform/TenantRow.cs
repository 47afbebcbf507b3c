namespace Strata.Cloud.Platform;

/// <summary>An organisation. One exists from the first migration on: <c>main</c>.</summary>
public sealed record TenantRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset Created { get; init; }

    public TenantState State { get; init; }
}

/// <summary>Whether a tenant is served.</summary>
public enum TenantState
{
    Active,

    /// <summary>Nobody of it is let in; what it has stays.</summary>
    Disabled,

    /// <summary>It was empty and is gone. The row stays, for its name stands in an audit trail and is not given again.</summary>
    Deleted,
}
