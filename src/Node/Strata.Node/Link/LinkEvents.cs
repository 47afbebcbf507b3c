using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Node.Devices;

namespace Strata.Node.Link;

/// <summary>Makes fleet events of links that come and go.</summary>
public sealed class LinkEvents(IFleetEvents events) : ILinkEvents
{
    public void LinkUp(GatewayEntry gateway, DateTimeOffset at) => events.Raise(
        gateway.Tenant, new FleetEvent(EventTime.From(at), FleetEventKinds.GatewayLinkUp, null, gateway.Gateway, "the gateway's link is up"));

    public void LinkDown(GatewayEntry gateway, DateTimeOffset at, string reason) => events.Raise(
        gateway.Tenant, new FleetEvent(EventTime.From(at), FleetEventKinds.GatewayLinkDown, null, gateway.Gateway, $"the gateway's link is down: {reason}"));
}
