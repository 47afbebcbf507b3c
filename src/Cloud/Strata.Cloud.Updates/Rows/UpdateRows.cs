using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Updates.Rows;

/// <summary>A rollout without its devices. Looks at it are observations; what people do with it has audit records.</summary>
internal sealed record RolloutRow : ITenantRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>As the API names it.</summary>
    public required string State { get; init; }

    /// <summary>JSON, see <see cref="Core.Updates.Rollouts.RolloutHead"/>. A configuration may hold a password of a network.</summary>
    [Protected]
    public required string Head { get; set; }
}

/// <summary>A device of a rollout.</summary>
internal sealed record RolloutMemberRow : ITenantRow
{
    public required string TenantId { get; init; }

    public required string Rollout { get; init; }

    public required string Device { get; init; }

    /// <summary>As the API names it.</summary>
    public required string State { get; init; }

    /// <summary>JSON, see <see cref="Book.MemberText"/>.</summary>
    public required string Content { get; init; }
}

/// <summary>What a device ran of a component, from when on.</summary>
internal sealed record DeviceSoftwareRow : ITenantRow
{
    public required string TenantId { get; init; }

    public required string Device { get; init; }

    public required string Component { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required string Version { get; init; }

    /// <summary>By which it came; null when the device said so by itself.</summary>
    public string? Rollout { get; init; }
}
