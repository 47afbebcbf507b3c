using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>The way to a device: by its connection here, or through the gateway that it was last heard through. Safe from any thread.</summary>
public interface IDeviceWay
{
    /// <summary>Says a message to a device that is connected here (whoever asks says it again where that matters), or keeps it for its gateway, once however often this is called.</summary>
    /// <param name="id">Of the tenant.</param>
    /// <param name="topic">Below <c>devices/{device}/</c>.</param>
    /// <returns>Why it is not on its way; null when it is.</returns>
    Task<Problem?> SendAsync(TenantId tenant, string id, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, CancellationToken cancellationToken);

    /// <summary>Messages that have not reached the device, or the gateway that it is heard through.</summary>
    int WaitingFor(TenantId tenant, DeviceId device);

    /// <summary>Lets go of a message that waits for a gateway; nothing happens where it waits no more.</summary>
    Task RemoveAsync(TenantId tenant, string id, CancellationToken cancellationToken);

    /// <summary>Whether the device has a connection to this node now.</summary>
    bool IsConnectedHere(TenantId tenant, DeviceId device);

    /// <summary>The gateway that the device was last heard through; null for none.</summary>
    GatewayId? GatewayOf(TenantId tenant, DeviceId device);
}
