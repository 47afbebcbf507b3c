using Strata.Core.Devices;

namespace Strata.Node.Devices;

/// <summary>
/// Told when devices come, go and are heard, by their own connection, by HTTP or through a gateway. Called on connection threads: must be
/// quick and must not throw. Implementations gather and write in batches.
/// </summary>
public interface IDeviceActivity
{
    /// <summary>A device's MQTT connection was accepted.</summary>
    void Connected(DeviceEntry device, DateTimeOffset at);

    /// <summary>A device's MQTT connection is gone.</summary>
    /// <param name="reason">One phrase for people: <c>closed by the device</c>, <c>connection lost</c>, ...</param>
    void Disconnected(DeviceEntry device, DateTimeOffset at, string reason);

    /// <summary>Readings of the device were committed. At most once a second per connection, once per device in an uplink request.</summary>
    /// <param name="gateway">The gateway that heard it; null for this node.</param>
    /// <param name="live">False when the readings were drained from a gateway's backlog (<c>live=0</c>): they say that the device was heard, not where it is now.</param>
    void Heard(DeviceEntry device, GatewayId? gateway, DateTimeOffset at, bool live = true);

    /// <summary>The device sent again what had been stored.</summary>
    /// <param name="messages">How many it sent again.</param>
    void Repeated(DeviceEntry device, DateTimeOffset at, int messages)
    {
    }
}
