using Strata.Cloud.Contracts;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Node.Ingest;

namespace Strata.Node.Operations;

/// <summary>Hops from what the ingest noted.</summary>
internal static class TraceHops
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
