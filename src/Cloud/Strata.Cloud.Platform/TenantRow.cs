namespace Strata.Cloud.Platform;

/// <summary>An organisation. One exists from the first migration on: <c>main</c>.</summary>
public sealed record TenantRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset Created { get; init; }
}
