using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Reads;

/// <summary>
/// Where raw readings are that this node does not keep: on the cloud the registry answers, on a gateway its configuration. Answers come from
/// memory and may be used from any thread.
/// </summary>
public interface IFleetRoutes
{
    /// <summary>The gateway that serves the device now, or whose place it is in; null when the device talks to this node itself or is unknown.</summary>
    GatewayRoute? RouteTo(TenantId tenant, DeviceId device);

    /// <summary>The places whose devices, with all below, are the group's members; null when there is no such group.</summary>
    IReadOnlyList<SiteId>? SitesOfGroup(TenantId tenant, string group);
}

/// <summary>The way to a device's raw readings.</summary>
/// <param name="Gateway">The gateway that the device talks to; it need not be linked to this node itself (chains are followed).</param>
/// <param name="KeepsRaw">Whether at least one metric stays there as raw readings (policy <c>window</c>), so that its newest value is known there only.</param>
public sealed record GatewayRoute(GatewayId Gateway, bool KeepsRaw);
