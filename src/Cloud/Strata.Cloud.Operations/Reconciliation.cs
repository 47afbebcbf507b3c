using Strata.Cloud.Contracts;
using Strata.Core.Dataflow;
using Strata.Telemetry;

namespace Strata.Cloud.Operations;

/// <summary>What each tier says, gathered at about the same time.</summary>
/// <param name="Sources">The books of the edge tier: one per agent, and one per group of devices without an agent.</param>
/// <param name="Gateways">The books of all gateways, chained ones too.</param>
/// <param name="Totals">Of this node's store.</param>
/// <param name="BytesIn">Payload bytes that were sent to this node, as the senders tell: they keep it through restarts.</param>
/// <param name="Duplicates">Numbered batches and entries that came here again and changed nothing.</param>
internal sealed record TierFigures(
    IReadOnlyList<ProcessBooks> Sources, IReadOnlyList<ProcessBooks> Gateways, StoreTotals Totals, long BytesIn, long Duplicates,
    LatencyInfo Immediate, LatencyInfo Windowed, double ReadingsPerSecond, DateTimeOffset At);

/// <summary>
/// The arithmetic of <c>GET /api/v1/statistics</c>. Each reading that a source took is in exactly one place: suppressed at the edge, aggregated (only its
/// window came up), stored raw in the cloud, waiting on the way, or lost. What is left over is <see cref="StatisticsInfo.Unexplained"/>:
/// 0 once everything has drained; while readings are on the way the tiers' figures are of slightly different moments and it wavers around 0.
/// </summary>
internal static class Reconciliation
{
    public static StatisticsInfo Reconcile(TierFigures figures)
    {
        var edge = Sum(figures.Sources);
        var fog = Sum(figures.Gateways);
        var books = CloudBooks(figures);
        var suppressed = figures.Sources.Sum(s => s.Suppressed);
        var waiting = figures.Sources.Sum(s => s.Waiting) + figures.Gateways.Sum(g => g.Waiting);
        var lost = Math.Max(figures.Totals.Lost, figures.Sources.Sum(s => s.Lost) + figures.Gateways.Sum(g => g.Lost));
        var whole = new Books(edge.ReadingsIn, suppressed, books.Aggregated, books.Stored, waiting, lost);
        return new StatisticsInfo(
            figures.At, edge, fog, books.Flow, suppressed, books.Aggregated, books.Stored, waiting,
            figures.Duplicates + figures.Gateways.Sum(g => g.Duplicates), Math.Max(figures.Totals.Gaps, figures.Gateways.Sum(g => g.Gaps)), lost,
            whole.Unexplained, Books.Reduction(edge.ReadingsIn, books.Flow.RecordsIn), Books.Reduction(edge.RecordsIn, edge.RecordsOut),
            Books.Reduction(fog.RecordsIn, fog.RecordsOut), Books.Reduction(edge.BytesIn, figures.BytesIn), figures.Immediate, figures.Windowed, figures.ReadingsPerSecond,
            [.. figures.Sources, .. figures.Gateways, books]);
    }

    /// <summary>
    /// Readings of which only the window came up. The store counts every reading of its windows, also those stored raw beside it (policy <c>both</c>,
    /// immediate ones); the gateways know which were not, but only the store knows what arrived: the smaller is what both vouch for.
    /// </summary>
    private static long Aggregated(TierFigures figures) => figures.Gateways.Count == 0
        ? figures.Totals.Aggregated
        : Math.Min(figures.Totals.Aggregated, figures.Gateways.Sum(g => g.Aggregated));

    /// <summary>The cloud's own books. Health figures are reports about sources, not readings of theirs.</summary>
    private static ProcessBooks CloudBooks(TierFigures figures)
    {
        var stored = figures.Totals.Readings - figures.Totals.Health;
        var aggregated = Aggregated(figures);
        return new ProcessBooks(
            "cloud", "cloud", new FlowInfo(stored + aggregated, 0, figures.BytesIn, 0, stored + figures.Totals.Windows, 0), 0, aggregated, stored, 0,
            figures.Duplicates, figures.Totals.Gaps, figures.Totals.Lost, null, 0, 0, figures.At);
    }

    private static FlowInfo Sum(IReadOnlyList<ProcessBooks> books) =>
        books.Aggregate(new FlowInfo(0, 0, 0, 0, 0, 0), (sum, book) => sum + book.Flow);
}
