using Strata.Core.Devices;

namespace Strata.Cloud.Devices.Presence;

/// <summary>What is known of where a device was last heard.</summary>
/// <param name="LastSeen">By this node's clock.</param>
/// <param name="Gateway">The gateway that serves it; null when it talks to this node.</param>
internal sealed record DevicePresence(DateTimeOffset LastSeen, GatewayId? Gateway)
{
    /// <summary>Heard within two heartbeats.</summary>
    public bool IsOnline(TimeSpan heartbeat, DateTimeOffset now) => now - LastSeen <= 2 * heartbeat;
}
