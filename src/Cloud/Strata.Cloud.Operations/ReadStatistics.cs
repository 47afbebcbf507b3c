using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Operations;
using Strata.Node.Reads;
using Strata.Node.Uplink;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Operations;

/// <summary>
/// <c>GET /api/v1/statistics</c>: gathers the figures of all tiers and reconciles them. Asked often (a live table), so an answer stands for
/// a moment: <see cref="StatisticsOptions.Freshness"/>.
/// </summary>
internal sealed class ReadStatistics(
    ITelemetryStore store, LatestValues latest, DeviceDirectory devices, GatewayDirectory gateways, GatewayStatusBoard board, IFleetRoutes routes,
    IngestCounters counters, CommitFigures figures, StatisticsOptions options, TimeProvider time) : IDisposable
{
    /// <summary>A bucket that holds all times there are.</summary>
    private const long AllTime = 1_000L * 366 * 86_400_000_000;

    private static readonly AggregateFunction[] CountOnly = [AggregateFunction.Count];

    private readonly SemaphoreSlim asking = new(1);
    private readonly Dictionary<TenantId, (long At, StatisticsInfo Statistics)> answers = [];

    public static async Task<IResult> HandleAsync(HttpContext context, ReadStatistics statistics, CancellationToken cancellationToken) =>
        TypedResults.Json(await statistics.ReadAsync(context.Tenant(), cancellationToken), ContractsJson.Default.StatisticsInfo);

    public async Task<StatisticsInfo> ReadAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await asking.WaitAsync(cancellationToken);
        try
        {
            if (answers.TryGetValue(tenant, out var known) && time.GetElapsedTime(known.At) < options.Freshness)
                return known.Statistics;
            var statistics = Reconciliation.Reconcile(await GatherAsync(tenant, cancellationToken));
            answers[tenant] = (time.GetTimestamp(), statistics);
            return statistics;
        }
        finally
        {
            asking.Release();
        }
    }

    public void Dispose() => asking.Dispose();

    private async Task<TierFigures> GatherAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        DeviceId[] known = [.. devices.All(tenant).Select(d => d.Device)];
        var agents = EdgeBooks.From(await latest.OfAsync(tenant, known, cancellationToken));
        var agentIds = agents.Select(a => a.Process).ToHashSet();
        var plain = known.Where(d => !agentIds.Contains(d.Value) && routes.RouteTo(tenant, d) is null).ToArray();
        var reports = board.All(tenant);
        var below = reports.SelectMany(r => r.Report.Status.Below).ToList();
        List<ProcessBooks> gatewayBooks = [.. reports.Select(r => r.Report.Status.Books), .. below.Where(b => b.Tier == "fog")];
        List<ProcessBooks> sources = [.. agents, .. below.Where(b => b.Tier == "edge" && !agentIds.Contains(b.Process))];
        if (await DirectAsync(tenant, plain, cancellationToken) is { } direct)
            sources.Add(direct);
        return new TierFigures(
            sources, gatewayBooks, await store.TotalsAsync(tenant, cancellationToken), BytesIn(tenant, agents, reports), counters.Duplicates,
            counters.ImmediateLatency.Snapshot(), figures.Windowed, figures.ReadingsPerSecond, time.GetUtcNow());
    }

    /// <summary>The book of devices without an agent that talk to this node: what was received of them is what they measured; null when there are none.</summary>
    private async Task<ProcessBooks?> DirectAsync(TenantId tenant, DeviceId[] plain, CancellationToken cancellationToken)
    {
        if (plain.Length == 0)
            return null;
        var range = new ReadingRange { Devices = plain, From = EventTime.Earliest, Limit = int.MaxValue };
        var rows = await store.AggregateAsync(tenant, range, AllTime, CountOnly, cancellationToken);
        var count = (long)rows.Where(r => !r.Metric.IsHealth).Sum(r => r.Values[0] ?? 0);
        return count == 0
            ? null
            : new ProcessBooks("edge", "devices without an agent", new FlowInfo(count, count, 0, 0, count, count), 0, 0, 0, 0, 0, 0, 0, null, 0, 0, time.GetUtcNow());
    }

    private long BytesIn(TenantId tenant, IReadOnlyList<ProcessBooks> agents, IReadOnlyList<(GatewayId Gateway, GatewayReport Report)> reports)
    {
        var fromGateways = reports.Where(r => gateways.TryGet(tenant, r.Gateway, out var entry) && entry.Parent is null).Sum(r => r.Report.Status.Books.Flow.BytesOut);
        var fromAgents = agents.Where(a => routes.RouteTo(tenant, DeviceId.Parse(a.Process)) is null).Sum(a => a.Flow.BytesOut);
        return fromGateways + fromAgents;
    }
}
