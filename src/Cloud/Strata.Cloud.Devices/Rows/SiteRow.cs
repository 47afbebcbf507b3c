using Strata.Cloud.Platform;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A place. Rows are immutable: the registry's image in memory shares them.</summary>
internal sealed record SiteRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Path { get; init; }

    /// <summary>Path of the place that holds this one; null at a root.</summary>
    public required string? Parent { get; init; }

    public required string Name { get; init; }

    public required string Kind { get; init; }
}
