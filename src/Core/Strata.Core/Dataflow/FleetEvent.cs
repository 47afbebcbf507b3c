using Strata.Core.Devices;

namespace Strata.Core.Dataflow;

/// <summary>Something that happened in the fleet and that people and applications may want to hear of.</summary>
/// <param name="Time">Microseconds since the epoch.</param>
/// <param name="Kind">One of <see cref="FleetEventKinds"/>.</param>
/// <param name="Detail">One sentence for people; of some kinds what programs read.</param>
public sealed record FleetEvent(long Time, string Kind, DeviceId? Device, GatewayId? Gateway, string Detail)
{
    /// <summary>UTF-8 bytes of a detail at most.</summary>
    public const int MaxDetailBytes = 1_024;

    /// <summary>The same of a device's answer to a command.</summary>
    public const int MaxResponseBytes = 200_000;

    /// <summary>UTF-8 bytes of the detail that an event of the kind may have.</summary>
    public static int MaxDetailOf(string kind) => kind is FleetEventKinds.DeviceResponse or FleetEventKinds.DeviceCommand ? MaxResponseBytes : MaxDetailBytes;
}

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

    /// <summary>A device acknowledged a command that came through its gateway: the command and the request.</summary>
    public const string DeviceDelivered = "device.delivered";

    /// <summary>A gateway told a device of its own to do something: the command, the request and what was told, as JSON.</summary>
    public const string DeviceCommand = "device.command";

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
