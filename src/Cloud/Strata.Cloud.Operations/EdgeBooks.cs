using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Cloud.Operations;

/// <summary>
/// The books of edge agents, read from the newest values of their health metrics (<c>health.readingsIn</c> and so on, see docs/protocol.md): they survive
/// restarts of every tier because they are readings like any other.
/// </summary>
internal static class EdgeBooks
{
    /// <summary>The metric that makes a device an agent.</summary>
    public const string ReadingsIn = MetricName.HealthPrefix + "readingsIn";

    /// <summary>One book per agent among the newest readings of all devices.</summary>
    public static IReadOnlyList<ProcessBooks> From(IEnumerable<Reading> latest)
    {
        var books = new List<ProcessBooks>();
        foreach (var device in latest.Where(r => r.Metric.IsHealth).GroupBy(r => r.Device))
        {
            var values = device.ToDictionary(r => r.Metric.Value, r => r.Value.Number);
            if (values.ContainsKey(ReadingsIn))
                books.Add(Book(device.Key, values, device.Max(r => r.Time)));
        }
        return books;
    }

    private static ProcessBooks Book(DeviceId device, Dictionary<string, double> values, long time)
    {
        long Figure(string name) => (long)values.GetValueOrDefault(MetricName.HealthPrefix + name);
        var flow = new FlowInfo(
            Figure("readingsIn"), Figure("readingsOut"), Figure("bytesIn"), Figure("bytesOut"), Figure("readingsIn"), Figure("readingsOut"));
        return new ProcessBooks(
            "edge", device.Value, flow, Figure("suppressed"), 0, 0, Figure("waiting"), Figure("duplicates"), Figure("gaps"), Figure("lost"), null,
            Figure("backlogEntries"), Figure("backlogBytes"), EventTime.ToDateTimeOffset(time));
    }
}
