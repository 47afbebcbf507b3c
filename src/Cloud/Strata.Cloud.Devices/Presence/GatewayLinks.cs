using System.Collections.Concurrent;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Link;
using Strata.Node.Uplink;

namespace Strata.Cloud.Devices.Presence;

/// <summary>Which gateways are there now: those that hold a link to this node, and those further down that report through it.</summary>
internal sealed class GatewayLinks(FleetPresence presence, IFleetEvents events, GatewayStatusBoard statuses, TimeProvider time) : ILinkEvents
{
    /// <summary>A gateway without a link of its own that reported within this time is online.</summary>
    public static readonly TimeSpan ReportsWithin = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<(TenantId, GatewayId), DateTimeOffset> links = new();

    public void LinkUp(GatewayEntry gateway, DateTimeOffset at)
    {
        links[(gateway.Tenant, gateway.Gateway)] = at;
        presence.Set(gateway.Tenant, gateway.Gateway, at);
        events.Raise(gateway.Tenant, FleetEventKinds.GatewayLinkUp, null, gateway.Gateway, $"the link to {gateway.Gateway} is up", at);
    }

    public void LinkDown(GatewayEntry gateway, DateTimeOffset at, string reason)
    {
        links.TryRemove((gateway.Tenant, gateway.Gateway), out _);
        presence.Set(gateway.Tenant, gateway.Gateway, at);
        events.Raise(gateway.Tenant, FleetEventKinds.GatewayLinkDown, null, gateway.Gateway, $"the link to {gateway.Gateway} is down: {reason}", at);
    }

    public DateTimeOffset? Since(TenantId tenant, GatewayId gateway) => links.TryGetValue((tenant, gateway), out var since) ? since : null;

    public bool IsOnline(TenantId tenant, GatewayId gateway) =>
        links.ContainsKey((tenant, gateway)) || (statuses.TryGet(tenant, gateway, out var report) && time.GetUtcNow() - report.Received <= ReportsWithin);

    /// <summary>The gateways that hold a link now.</summary>
    public IEnumerable<(TenantId Tenant, GatewayId Gateway)> Linked => links.Keys;
}
