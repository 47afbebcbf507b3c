using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Fog.Served;
using Strata.Node.Devices;

namespace Strata.Fog;

/// <summary>Makes events of devices that come and go here, and notes which gateway below hears which device.</summary>
internal sealed class FogActivity(IFleetEvents events, ServedTenants served) : IDeviceActivity
{
    public void Connected(DeviceEntry device, DateTimeOffset at) => events.Raise(
        device.Tenant, new FleetEvent(EventTime.From(at), FleetEventKinds.DeviceConnected, device.Device, null, "connected"));

    public void Disconnected(DeviceEntry device, DateTimeOffset at, string reason) => events.Raise(
        device.Tenant, new FleetEvent(EventTime.From(at), FleetEventKinds.DeviceDisconnected, device.Device, null, reason));

    public void Heard(DeviceEntry device, GatewayId? gateway, DateTimeOffset at, bool live = true)
    {
        if (live)
            served.Of(device.Tenant)?.Below.Heard(device.Device, gateway);
    }
}
