using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Shadows.Rows;

/// <summary>A layer of configuration.</summary>
internal sealed record ConfigurationLayerRow : IAuditedRow
{
    public required string TenantId { get; init; }

    /// <summary>As <see cref="Core.Configuration.LayerId"/> writes it.</summary>
    public required string Id { get; init; }

    /// <summary>Counts its changes.</summary>
    public required long Version { get; init; }

    /// <summary>Compact JSON. It may hold a password of a network.</summary>
    [Protected]
    public required byte[] Content { get; set; }

    public required DateTimeOffset Updated { get; init; }

    [Protected]
    public required string UpdatedBy { get; set; }

    [Protected]
    public string? Why { get; set; }
}

/// <summary>A layer that was deleted; kept for its version when it is made again.</summary>
internal sealed record DeletedLayerRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>Its end counts as a change.</summary>
    public required long Version { get; init; }

    public required DateTimeOffset Deleted { get; init; }
}

/// <summary>What configurations of a model must be like.</summary>
internal sealed record ConfigurationSchemaRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Model { get; init; }

    /// <summary>JSON Schema.</summary>
    public required string Schema { get; init; }

    public required DateTimeOffset Updated { get; init; }
}
