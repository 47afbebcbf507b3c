using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Node.Ingest;

/// <summary>What a device says below one of its topics that is neither telemetry nor an answer.</summary>
/// <param name="Rest">The topic after <c>devices/{id}/</c>, for example <c>shadow/update</c>.</param>
/// <param name="Payload">The receiver's own.</param>
/// <param name="Said">When a gateway heard it, by the gateway's clock, in microseconds since 1970 UTC: what it has kept may come after what was said later. Null where it was said here.</param>
public sealed record DeviceMessage(TenantId Tenant, DeviceId Device, string Rest, byte[] Payload, long? Said = null);

/// <summary>
/// Topics below <c>devices/{id}/</c> that a part of the node serves, as its shadow or its jobs. All of it is called on a connection's read loop and must be quick. Each is found among the
/// services when the first device speaks; answers go by <see cref="TelemetryMqttHost"/>.
/// </summary>
public interface IDeviceTopics
{
    /// <summary>How its topics begin, with the slash: <c>shadow/</c>.</summary>
    string Root { get; }

    /// <summary>A device that may publish there has published.</summary>
    /// <returns>The device is acknowledged when it completes, and not at all when it fails: then its connection ends, and it says it again over the next. Null: there is no such topic, and the device is told so.</returns>
    Task? OnPublish(DeviceMessage message);

    /// <summary>A device has come; it hears nothing before <see cref="OnSubscribed"/>.</summary>
    void OnConnected(TenantId tenant, DeviceId device)
    {
    }

    /// <summary>A device's connection listens to some of its topics from now on, or again, coming back to its session. Called once for each filter.</summary>
    /// <param name="filterRest">The filter after <c>devices/{id}/</c>: may have wildcards, and begin otherwise than <see cref="Root"/>.</param>
    /// <param name="connection">Which of its connections, of which a device may have several; no later one has the number.</param>
    void OnSubscribed(TenantId tenant, DeviceId device, string filterRest, long connection)
    {
    }
}
