using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Node.Ingest;

namespace Strata.Node.Operations;

/// <summary>Hops from what the ingest noted.</summary>
public static class TraceHops
{
    /// <summary>What the source said of itself with the reading.</summary>
    public static List<HopInfo> Source(DeviceId device, HopRecord hop)
    {
        if (hop.Sampled is { } sampled)
            return [Info(Hop.Sampled(device.Value, EventTime.From(sampled), Span(hop.Received - sampled), hop.Suppressed ?? 0))];
        // A reading without a time has that of its arrival; it cannot have been sampled after it was received.
        var time = Math.Min(hop.ReadingTime, EventTime.From(hop.Received));
        var said = new Hop(Tier.Edge, device.Value, ReferenceLevel.PhysicalDevices, time, null, "sampled; by the reading's own time, for the device does not say when it took it");
        return [Info(said)];
    }

    /// <summary>How the gateway handed it over: from its last hop there to its arrival here, by the clocks of both.</summary>
    public static HopInfo Forwarded(GatewayId gateway, long entry, HopRecord hop, IReadOnlyList<HopInfo> before)
    {
        var left = before.Count > 0 && before[^1].TimeIn < hop.Received ? before[^1].TimeIn : hop.Received;
        return Info(Hop.Forwarded(gateway.Value, EventTime.From(left), Span(hop.Received - left), entry));
    }

    /// <summary>What this node did with it.</summary>
    public static List<HopInfo> Node(NodeDescription node, HopRecord hop)
    {
        var tier = node.Tier == "fog" ? Tier.Fog : Tier.Cloud;
        var from = hop.Gateway is { } gateway ? $"from gateway {gateway}" : "from the device";
        var number = hop.Stamp is { } stamp ? $", entry {stamp.Number} of stream {stamp.Stream}" : "";
        var immediate = hop.Immediate ? ", immediate" : "";
        var (received, committed) = (EventTime.From(hop.Received), EventTime.From(hop.Committed));
        return
        [
            Info(new Hop(tier, node.Name, ReferenceLevel.Connectivity, received, committed - received, $"received {from}{number}{immediate}")),
            Info(Hop.Committed(tier, node.Name, committed, 0)),
            Info(Hop.Visible(tier, node.Name, committed)),
        ];
    }

    /// <summary>As the API writes it.</summary>
    public static HopInfo Info(Hop hop) => new(
        hop.Tier.Word(), hop.Process, (int)hop.Level, EventTime.ToDateTimeOffset(hop.TimeIn), hop.Spent / 1000.0, hop.What);

    private static long Span(TimeSpan span) => EventTime.Span(span);
}
