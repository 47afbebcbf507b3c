using Strata.Core.Devices;

namespace Strata.Core.Dataflow;

/// <summary>Something that happened in the fleet and that people and applications may want to hear of.</summary>
/// <param name="Time">Microseconds since the epoch.</param>
/// <param name="Kind">One of <see cref="FleetEventKinds"/>.</param>
/// <param name="Detail">One sentence for people.</param>
public sealed record FleetEvent(long Time, string Kind, DeviceId? Device, GatewayId? Gateway, string Detail);

/// <summary>The closed set of event kinds.</summary>
public static class FleetEventKinds
{
    public const string DeviceConnected = "device.connected";
    public const string DeviceDisconnected = "device.disconnected";
    public const string DeviceSilent = "device.silent";
    public const string DeviceReturned = "device.returned";
    public const string DeviceMoved = "device.moved";
    public const string DeviceState = "device.state";

    /// <summary>A device answered a command that came through its gateway: the command, the request and what it said.</summary>
    public const string DeviceResponse = "device.response";

    /// <summary>A rollout was started, went on to its next ring, was stopped or is done: which, and why.</summary>
    public const string RolloutState = "rollout.state";

    /// <summary>A device said something of updates to its gateway: the topic below its own, and what it said.</summary>
    public const string DeviceMessage = "device.message";

    public const string GatewayJoined = "gateway.joined";
    public const string GatewayLinkUp = "gateway.link-up";
    public const string GatewayLinkDown = "gateway.link-down";
    public const string GatewayGap = "gateway.gap";
    public const string StoreFailed = "store.failed";
    public const string StoreRecovered = "store.recovered";
}
