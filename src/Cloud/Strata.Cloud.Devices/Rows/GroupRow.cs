using System.Collections.Immutable;
using Strata.Cloud.Platform;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A group of devices whose windows are computed together.</summary>
internal sealed record GroupRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Id { get; init; }

    /// <summary>A device in one of these places, or below, is a member.</summary>
    public required ImmutableArray<string> Sites { get; init; }

    /// <summary>A device that matches is a member; null for none. Such a group has no places, and so no windows.</summary>
    public string? Query { get; init; }

    public required TimeSpan Window { get; init; }
}
