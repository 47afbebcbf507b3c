using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core.Devices;
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
    ITelemetryStore store, LatestValues latest, GatewayDirectory gateways, GatewayStatusBoard board, IFleetRoutes routes,
    IngestCounters counters, CommitFigures figures, StatisticsOptions options, TimeProvider time) : IDisposable
{
    /// <summary>Answers kept; beyond it all are forgotten.</summary>
    private const int MaxAnswers = 1_000;

    /// <summary>Gaps looked at for somebody with a scope.</summary>
    private const int MaxGaps = 10_000;

    private readonly SemaphoreSlim asking = new(1);
    private readonly Dictionary<(TenantId, string), (long At, StatisticsInfo Statistics)> answers = [];

    public static async Task<IResult> HandleAsync(HttpContext context, ReadStatistics statistics, CancellationToken cancellationToken) =>
        TypedResults.Json(await statistics.ReadAsync(context.Access(), cancellationToken), ContractsJson.Default.StatisticsInfo);

    public async Task<StatisticsInfo> ReadAsync(Access access, CancellationToken cancellationToken)
    {
        // Whoever may read the whole tenant gets the same answer; a scope is its principal's.
        var key = (access.Tenant, access.IsWhole(Permission.ReadingsRead) ? "" : $"{access.Principal.Kind}/{access.Principal.Id}");
        await asking.WaitAsync(cancellationToken);
        try
        {
            if (answers.TryGetValue(key, out var known) && time.GetElapsedTime(known.At) < options.Freshness)
                return known.Statistics;
            var statistics = Reconciliation.Reconcile(await GatherAsync(access, cancellationToken));
            if (answers.Count >= MaxAnswers)
                answers.Clear();
            answers[key] = (time.GetTimestamp(), statistics);
            return statistics;
        }
        finally
        {
            asking.Release();
        }
    }

    public void Dispose() => asking.Dispose();

    private async Task<TierFigures> GatherAsync(Access access, CancellationToken cancellationToken)
    {
        var tenant = access.Tenant;
        DeviceId[] known = [.. access.Visible(Permission.ReadingsRead)];
        var agents = EdgeBooks.From(await latest.OfAsync(tenant, known, cancellationToken));
        var agentIds = agents.Select(a => a.Process).ToHashSet();
        var plain = known.Where(d => !agentIds.Contains(d.Value) && routes.RouteTo(tenant, d) is null).ToArray();
        var reports = board.All(tenant).Where(r => access.Sees(Permission.ReadingsRead, r.Gateway)).ToList();
        var below = reports.SelectMany(r => r.Report.Status.Below).Where(b => access.SeesSource(Permission.ReadingsRead, b.Process)).ToList();
        List<ProcessBooks> gatewayBooks = [.. reports.Select(r => r.Report.Status.Books), .. below.Where(b => b.Tier == "fog")];
        List<ProcessBooks> sources = [.. agents, .. below.Where(b => b.Tier == "edge" && !agentIds.Contains(b.Process))];
        if (await DirectAsync(tenant, plain, cancellationToken) is { } direct)
            sources.Add(direct);
        if (!access.IsWhole(Permission.ReadingsRead))
        {
            // What the node counts for the tenant as a whole says nothing of a part, and must not be shown to who sees a part.
            return new TierFigures(
                sources, gatewayBooks, await TotalsAsync(access, known, gatewayBooks, cancellationToken), BytesIn(tenant, agents, reports), 0,
                new LatencyInfo(null, null, null, 0), new LatencyInfo(null, null, null, 0), 0, time.GetUtcNow());
        }
        var (own, commits) = (counters.Of(tenant), figures.Of(tenant));
        return new TierFigures(
            sources, gatewayBooks, await store.TotalsAsync(tenant, cancellationToken), BytesIn(tenant, agents, reports), own.Duplicates,
            own.ImmediateLatency.Snapshot(), commits.Windowed, commits.ReadingsPerSecond, time.GetUtcNow());
    }

    /// <summary>The store's totals of a part of the tenant: what it holds now of these devices, and what its gateways say.</summary>
    private async ValueTask<StoreTotals> TotalsAsync(Access access, DeviceId[] known, IReadOnlyList<ProcessBooks> gatewayBooks, CancellationToken cancellationToken)
    {
        var (all, health) = await ScopedReads.CountAsync(store, access.Tenant, known, cancellationToken);
        var gaps = (await store.GapsAsync(access.Tenant, null, null, MaxGaps, cancellationToken)).Where(g => access.SeesSource(Permission.ReadingsRead, g.Gap.Source)).ToList();
        return new StoreTotals(all, gatewayBooks.Sum(b => b.Aggregated), 0, gaps.Count, gaps.Sum(g => g.Gap.Readings), health);
    }

    /// <summary>The book of devices without an agent that talk to this node: what was received of them is what they measured; null when there are none.</summary>
    private async Task<ProcessBooks?> DirectAsync(TenantId tenant, DeviceId[] plain, CancellationToken cancellationToken)
    {
        if (plain.Length == 0)
            return null;
        var (all, health) = await ScopedReads.CountAsync(store, tenant, plain, cancellationToken);
        var count = all - health;
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
