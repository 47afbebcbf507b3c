using System.Collections.Immutable;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;

namespace Strata.Cloud.Devices.Rows;

/// <summary>Who is told by HTTP of devices' steps.</summary>
[OfInstallation("what is told of is decided anew where the tenant is")]
internal sealed record LifecycleHookRow : IAuditedRow
{
    public required string TenantId { get; init; }

    public required string Name { get; init; }

    public required string Url { get; init; }

    /// <summary>Signs what is sent.</summary>
    [Protected]
    public required string Secret { get; init; }

    /// <summary>States whose beginning is told; empty for all.</summary>
    public required ImmutableArray<string> States { get; init; }

    public required DateTimeOffset Created { get; init; }
}
