using System.Collections.Immutable;
using Strata.Cloud.Platform;

namespace Strata.Cloud.Devices.Rows;

/// <summary>A saved view of the tenant.</summary>
internal sealed record ViewRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    /// <summary>For people.</summary>
    public required string Title { get; init; }

    public required ImmutableArray<string> Roles { get; init; }

    /// <summary>Names of widgets, in the order of the page.</summary>
    public required ImmutableArray<string> Widgets { get; init; }

    public required ImmutableArray<string> Metrics { get; init; }

    public required ImmutableArray<string> Sites { get; init; }

    public required ImmutableArray<string> Groups { get; init; }

    public required TimeSpan Last { get; init; }

    public required bool Landing { get; init; }
}
