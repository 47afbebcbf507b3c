using Strata.Cloud.Contracts;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Node.Ingest;
using Strata.Node.Operations;
using Strata.Node.Reads;
using Strata.Telemetry;

namespace Strata.Cloud.Operations;

/// <summary>The hop of a metric whose readings stay at the gateway: the newest window of the device's place that carries it.</summary>
internal sealed class WindowHops(ITelemetryStore store, DeviceDirectory devices, IFleetRoutes routes, NodeDescription node, TimeProvider time) : IHopSource
{
    /// <summary>How far back a window is looked for.</summary>
    private static readonly TimeSpan Reach = TimeSpan.FromDays(1);

    public async ValueTask<IReadOnlyList<HopInfo>> HopsAsync(TenantId tenant, DeviceId device, MetricName metric, HopRecord? hop, CancellationToken cancellationToken)
    {
        if (hop is not null || routes.RouteTo(tenant, device) is not { KeepsRaw: true } || !devices.TryGet(tenant, device, out var entry) || entry.Site is not { } site)
            return [];
        var from = EventTime.From(time.GetUtcNow() - Reach);
        var windows = await store.WindowsAsync(tenant, new WindowRange(null, null, from, long.MaxValue, null, 10_000), cancellationToken);
        var window = windows.LastOrDefault(w => w.Metrics.Any(m => m.Metric == metric) && (routes.SitesOfGroup(tenant, w.Group) ?? [w.Site]).Any(s => s.Contains(site)));
        if (window is null)
            return [];
        var count = window.Metrics.First(m => m.Metric == metric).Count;
        var end = EventTime.ToDateTimeOffset(window.Start + window.Length);
        return
        [
            TraceHops.Info(Hop.Windowed(window.Gateway.Value, window.Start + window.Length, null, window.Group, count - 1)),
            new HopInfo(node.Tier, node.Name, 4, end, null, $"committed as window {window.Group} {EventTime.ToDateTimeOffset(window.Start):HH:mm:ss} of {window.Heard} devices, revision {window.Revision}; time is the window's end"),
        ];
    }
}
