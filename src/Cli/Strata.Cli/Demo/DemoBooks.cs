using Strata.Cloud.Contracts;
using Strata.Core.Dataflow;

namespace Strata.Cli.Demo;

/// <summary>The reconciled books of one tenant.</summary>
internal sealed record DemoBooks(string Tenant, StatisticsInfo Statistics)
{
    public bool Balance => Statistics.Unexplained == 0 && Statistics.Edge.ReadingsIn > 0;

    /// <summary>They balance, and nothing has moved since the other look at them.</summary>
    public bool StandsStill(DemoBooks before) =>
        Statistics.Unexplained == 0 && Statistics.Stored == before.Statistics.Stored && Statistics.Aggregated == before.Statistics.Aggregated
        && Statistics.Waiting == before.Statistics.Waiting;

    /// <summary>All tenants' books added up. Percentiles do not add: the slowest tenant's stand.</summary>
    public static StatisticsInfo Together(IReadOnlyList<DemoBooks> books)
    {
        var all = books.Select(b => b.Statistics).ToList();
        var (edge, fog, cloud) = (Sum(all, s => s.Edge), Sum(all, s => s.Fog), Sum(all, s => s.Cloud));
        return new StatisticsInfo(
            all.Max(s => s.At), edge, fog, cloud, all.Sum(s => s.Suppressed), all.Sum(s => s.Aggregated), all.Sum(s => s.Stored), all.Sum(s => s.Waiting),
            all.Sum(s => s.Duplicates), all.Sum(s => s.Gaps), all.Sum(s => s.Lost), all.Sum(s => s.Unexplained), Books.Reduction(edge.ReadingsIn, cloud.RecordsIn),
            Books.Reduction(edge.RecordsIn, edge.RecordsOut), Books.Reduction(fog.RecordsIn, fog.RecordsOut), Books.Reduction(edge.BytesIn, cloud.BytesIn),
            Slowest(all.Select(s => s.Immediate)), Slowest(all.Select(s => s.Windowed)), all.Sum(s => s.ReadingsPerSecond), [.. all.SelectMany(s => s.Processes)]);
    }

    private static FlowInfo Sum(List<StatisticsInfo> all, Func<StatisticsInfo, FlowInfo> tier) => all.Aggregate(new FlowInfo(0, 0, 0, 0, 0, 0), (sum, s) => sum + tier(s));

    private static LatencyInfo Slowest(IEnumerable<LatencyInfo> latencies) =>
        latencies.Aggregate(new LatencyInfo(null, null, null, 0), (worst, one) => new LatencyInfo(
            Max(worst.P50, one.P50), Max(worst.P95, one.P95), Max(worst.P99, one.P99), worst.Count + one.Count));

    private static double? Max(double? a, double? b) => a is { } x && b is { } y ? Math.Max(x, y) : a ?? b;
}
