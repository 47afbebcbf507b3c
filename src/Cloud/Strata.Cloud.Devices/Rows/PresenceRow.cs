using Strata.Cloud.Platform;

namespace Strata.Cloud.Devices.Rows;

/// <summary>When a device was last heard and by whom. Written in batches, without an audit record: it is an observation, not a change by somebody.</summary>
internal sealed record PresenceRow : ITenantRow
{
    public required string TenantId { get; init; }

    public required string Device { get; init; }

    /// <summary>The gateway that heard it; null for the node itself.</summary>
    public string? Gateway { get; init; }

    public required DateTimeOffset LastSeen { get; init; }
}
