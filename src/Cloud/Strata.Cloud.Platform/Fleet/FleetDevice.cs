using System.Collections.Immutable;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>A device as other slices see it: what is registered, and when it was last heard.</summary>
public sealed record FleetDevice
{
    public required TenantId Tenant { get; init; }

    public required DeviceId Id { get; init; }

    /// <summary>Where it is; null while it is nowhere.</summary>
    public SiteId? Site { get; init; }

    /// <summary>What it is: its maker's name for it, or SKU.</summary>
    public string? Model { get; init; }

    /// <summary>Longest silence of a healthy device.</summary>
    public required TimeSpan Heartbeat { get; init; }

    /// <summary>Threshold per metric, in the metric's unit.</summary>
    public required ImmutableSortedDictionary<string, double> Deadband { get; init; }

    public required DeviceState State { get; init; }

    public required DateTimeOffset StateSince { get; init; }

    public required string StateCause { get; init; }

    public required ImmutableSortedDictionary<string, string> Tags { get; init; }

    /// <summary>Groups that it was put into by name.</summary>
    public required ImmutableArray<string> Groups { get; init; }

    public string? Serial { get; init; }

    public string? Batch { get; init; }

    public string? PowerProfile { get; init; }

    /// <summary>Whether it may show a secret; one without shows a certificate.</summary>
    public required bool HasSecret { get; init; }

    /// <summary>The gateway through which it was last heard; null for this node itself, or when it never was.</summary>
    public GatewayId? Gateway { get; init; }

    /// <summary>By this node's clock; null when it never was.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Changes with every change of what is registered.</summary>
    public required long Revision { get; init; }
}

/// <summary>A gateway as other slices see it.</summary>
/// <param name="Online">It holds a link, or reports through another that does.</param>
/// <param name="LastSeen">By this node's clock; null when it never was.</param>
public sealed record FleetGateway(GatewayId Id, SiteId Site, GatewayId? Parent, bool Online, DateTimeOffset? LastSeen);
