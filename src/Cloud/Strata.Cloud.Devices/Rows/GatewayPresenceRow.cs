using Strata.Cloud.Platform;

namespace Strata.Cloud.Devices.Rows;

/// <summary>When a gateway was last heard; an observation like <see cref="PresenceRow"/>.</summary>
internal sealed record GatewayPresenceRow : ITenantRow
{
    public required string TenantId { get; init; }

    public required string Gateway { get; init; }

    public required DateTimeOffset LastSeen { get; init; }
}
