using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <param name="Gateway">The gateway that it was last heard through; null for none.</param>
/// <param name="LastSeen">By this node's clock; null when it never was heard.</param>
/// <param name="IsDeaf">It is away, although it is connected here: it does not listen to what was asked for.</param>
public readonly record struct DeviceRoute(DeviceReach Reach, GatewayId? Gateway, DateTimeOffset? LastSeen, bool IsDeaf = false);

/// <summary>What a gateway hands up about a command.</summary>
/// <param name="Kind">One of <see cref="FleetEventKinds.DeviceResponse"/>, <see cref="FleetEventKinds.DeviceDelivered"/>, <see cref="FleetEventKinds.DeviceCommand"/>.</param>
/// <param name="Text">The device's words, or what it was told; empty for neither.</param>
/// <param name="At">By the gateway's clock.</param>
public sealed record GatewayWord(string Kind, DeviceId Device, string Command, string Request, string Text, GatewayId? Gateway, DateTimeOffset At)
{
    /// <summary>Null for an event that is none of them.</summary>
    public static GatewayWord? Of(FleetEvent happened) =>
        happened is { Kind: FleetEventKinds.DeviceResponse or FleetEventKinds.DeviceDelivered or FleetEventKinds.DeviceCommand, Device: { } device } && happened.Detail.Split(' ', 3) is { Length: >= 2 } parts
            ? new GatewayWord(happened.Kind, device, parts[0], parts[1], parts.Length > 2 ? parts[2] : "", happened.Gateway, EventTime.ToDateTimeOffset(happened.Time))
            : null;
}

/// <summary>The way to a device: by its connection here, or through the gateway that it was last heard through. Safe from any thread.</summary>
public interface IDeviceWay
{
    /// <summary>Says a message to a device that is connected here (whoever asks says it again where that matters), or keeps it for its gateway, once however often this is called.</summary>
    /// <param name="id">Of the tenant.</param>
    /// <param name="topic">Below <c>devices/{device}/</c>.</param>
    /// <returns>Why it is not on its way; null when it is.</returns>
    Task<Problem?> SendAsync(TenantId tenant, string id, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, CancellationToken cancellationToken);

    /// <summary>The same, and hears of it when the device acknowledges it (PUBACK); where that is known: not of one that goes through a gateway.</summary>
    /// <param name="delivered">Called at most once for each time it was said, within the MQTT engine: must be quick.</param>
    Task<Problem?> SendAsync(TenantId tenant, string id, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, Action? delivered, CancellationToken cancellationToken);

    /// <summary>How the device can be reached now.</summary>
    /// <param name="topic">To which it must listen itself, where it is connected here.</param>
    DeviceRoute RouteOf(TenantId tenant, DeviceId device, string topic);

    /// <summary>A gateway has handed up what a device of it said or did about a command, or what it told one itself; it is in the store. On the store's writer's loop, in commit order: must be quick.</summary>
    event Action<TenantId, GatewayWord>? Heard;

    /// <summary>What was handed up so about a device's commands before, newest first; as far as the store has it, and a thousand events go back.</summary>
    Task<IReadOnlyList<GatewayWord>> HeardBeforeAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken);

    /// <summary>Messages that have not reached the device, or the gateway that it is heard through.</summary>
    int WaitingFor(TenantId tenant, DeviceId device);

    /// <summary>Lets go of a message that waits for a gateway; nothing happens where it waits no more.</summary>
    Task RemoveAsync(TenantId tenant, string id, CancellationToken cancellationToken);

    /// <summary>Whether the device has a connection to this node now.</summary>
    bool IsConnectedHere(TenantId tenant, DeviceId device);

    /// <summary>The gateway that the device was last heard through; null for none.</summary>
    GatewayId? GatewayOf(TenantId tenant, DeviceId device);
}
