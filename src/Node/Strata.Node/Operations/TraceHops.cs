using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Node.Ingest;

namespace Strata.Node.Operations;

/// <summary>
/// Hops from what the ingest noted. Levels are those of the seven-level reference model: 1 physical devices and controllers, 2 connectivity, 3 edge
/// (fog) computing, 4 data accumulation, 5 data abstraction, 6 application, 7 collaboration and processes.
/// </summary>
internal static class TraceHops
{
    /// <summary>What the source said of itself with the reading.</summary>
    public static List<HopInfo> Source(DeviceId device, HopRecord hop)
    {
        var sampled = hop.Sampled ?? EventTime.ToDateTimeOffset(hop.ReadingTime);
        var said = hop.Sampled is null ? "sampled (the reading's own time; the device does not say when it sent it)" : "sampled";
        double? spent = hop.Sampled is null ? null : Milliseconds(hop.Received - sampled);
        var hops = new List<HopInfo> { new("edge", device.Value, 1, sampled, spent, said) };
        if (hop.Suppressed is { } suppressed)
            hops.Add(new HopInfo("edge", device.Value, 3, sampled, 0, $"suppressed {suppressed} before it"));
        return hops;
    }

    /// <summary>What this node did with it.</summary>
    public static List<HopInfo> Node(NodeDescription node, HopRecord hop)
    {
        var from = hop.Gateway is { } gateway ? $"from gateway {gateway}" : "from the device";
        var number = hop.Stamp is { } stamp ? $", entry {stamp.Number} of stream {stamp.Stream}" : "";
        var immediate = hop.Immediate ? ", immediate" : "";
        return
        [
            new HopInfo(node.Tier, node.Name, 2, hop.Received, Milliseconds(hop.Committed - hop.Received), $"received {from}{number}{immediate}"),
            new HopInfo(node.Tier, node.Name, 4, hop.Committed, 0, "committed"),
            new HopInfo(node.Tier, node.Name, 5, hop.Committed, null, "visible"),
        ];
    }

    private static double Milliseconds(TimeSpan span) => Math.Round(span.TotalMilliseconds, 3);
}
