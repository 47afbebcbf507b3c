using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A message for a device that waits until the gateway it was last heard through has it. Without an audit record: what asked for it has one.</summary>
[OfInstallation("a gateway has its link to this installation; whoever asked asks again there")]
internal sealed record DownwardRow : ITenantRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    public required string Gateway { get; init; }

    public required string Device { get; init; }

    /// <summary>Below <c>devices/{device}/</c>.</summary>
    public required string Topic { get; init; }

    [Protected]
    public required byte[] Payload { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required DateTimeOffset Expires { get; init; }
}
