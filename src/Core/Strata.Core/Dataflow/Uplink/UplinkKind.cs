using Strata.Core.Architecture;
using Strata.Core.Devices;

namespace Strata.Core.Dataflow.Uplink;

/// <summary>What an uplink entry is (<c>docs/protocol.md</c>).</summary>
public enum UplinkKind : byte
{
    /// <summary><c>"r"</c>: readings of one device.</summary>
    Readings,

    /// <summary><c>"w"</c>: a window of a group.</summary>
    Window,

    /// <summary><c>"e"</c>: an event.</summary>
    Event,

    /// <summary><c>"g"</c>: numbers that will never come.</summary>
    Gap,

    /// <summary><c>"x"</c>: someone was refused at the gateway.</summary>
    Rejection,
}

/// <summary>A refusal at a gateway, told to its parent.</summary>
/// <param name="Time">The last of them, microseconds.</param>
/// <param name="Subject">The device id or user name given; may be empty.</param>
/// <param name="Kind">As in the API (<c>authentication</c>, <c>payload</c>, ...); <c>authentication</c> when the gateway did not say.</param>
/// <param name="Times">How many since the gateway told it last.</param>
public sealed record UplinkRejection(long Time, string Subject, string Kind, string Reason, long Times);

/// <summary>A window as it stands in a payload: place and gateway only where the sender said them.</summary>
public sealed record WindowContent(
    string Group, SiteId? Site, GatewayId? Gateway, long Start, long Length, int Revision, int Heard, int Members, IReadOnlyList<WindowMetric> Metrics)
{
    /// <summary>The window, with what the payload left out.</summary>
    public WindowRecord ToRecord(SiteId site, GatewayId gateway) =>
        new(Group, Site ?? site, Gateway ?? gateway, Start, Length, Revision, Heard, Members, Metrics);
}
