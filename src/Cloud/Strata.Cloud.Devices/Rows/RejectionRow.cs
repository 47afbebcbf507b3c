using Strata.Cloud.Platform;
using Strata.Node.Devices;

namespace Strata.Cloud.Devices.Rows;

/// <summary>Equal refusals as one row.</summary>
internal sealed record RejectionRow : ITenantRow
{
    public required string TenantId { get; init; }

    /// <summary>Digest of what makes refusals equal: subject, gateway, kind and reason.</summary>
    public required string Key { get; init; }

    public required string Subject { get; init; }

    public string? Gateway { get; init; }

    public required RejectionKind Kind { get; init; }

    public required string Reason { get; init; }

    public required long Count { get; init; }

    public required DateTimeOffset First { get; init; }

    public required DateTimeOffset Last { get; init; }
}
