using Strata.Cloud.Contracts;
using Strata.Fog.Configuration;
using Strata.Fog.Link;
using Strata.Fog.Served;
using Strata.Fog.Uplink;
using Strata.Forwarding;
using Strata.Node.Ingest;
using Strata.Node.Operations;
using Strata.Node.Uplink;
using Strata.Telemetry;

namespace Strata.Fog.Status;

/// <summary>The gateway's books, from the store and the log themselves, so that a restart changes nothing.</summary>
internal sealed class FogBooks(
    ITelemetryStore store, ForwardLog log, UplinkProjector projector, FlowTotals flow, SiteConfiguration site, GatewayIdentity self, LinkState link,
    GatewayStatusBoard board, IngestCounters counters, CapacityShare share, TimeProvider time)
{
    public async Task<GatewayStatus> ReadAsync(CancellationToken cancellationToken)
    {
        var totals = await store.TotalsAsync(site.View.Tenant, cancellationToken);
        var status = log.Status;
        var raw = Acknowledged(EntryTag.Readings);
        var windows = Acknowledged(EntryTag.Window);
        var below = Acknowledged(EntryTag.WindowBelow);
        var health = Acknowledged(EntryTag.Health);
        var readingsIn = totals.Readings - totals.Health;
        var flows = new FlowInfo(
            readingsIn, raw.Readings + windows.Readings, flow.BytesIn, status.Acknowledged.Bytes - health.Bytes,
            readingsIn + log.StatusOf(EntryTag.WindowBelow).Appended.Records, raw.Readings + windows.Records + below.Records);
        var books = new ProcessBooks(
            "fog", self.Id, flows, 0, windows.Readings, 0, status.Waiting.Readings + projector.OpenReadings + Unprojected(readingsIn), flow.Duplicates,
            status.Gaps + totals.Gaps, status.Lost.Readings, link.IsUp, status.Waiting.Records, status.Waiting.Bytes, time.GetUtcNow());
        return new GatewayStatus(books, Below(), status.Oldest, NodeDescription.Version, counters.Of(site.View.Tenant).ImmediateLatency.Snapshot(), share.Percent < 100 ? share.Percent : null);
    }

    /// <summary>Readings committed here that are not in the log or a window yet: none, unless the log is full.</summary>
    private long Unprojected(long readingsIn)
    {
        if (projector.IsCurrent)
            return 0;
        var projected = log.StatusOf(EntryTag.Readings).Appended.Readings + log.StatusOf(EntryTag.Window).Appended.Readings + projector.OpenReadings;
        return Math.Max(0, readingsIn - projected);
    }

    private ForwardCount Acknowledged(byte tag)
    {
        var (appended, waiting, lost) = log.StatusOf(tag);
        return appended - waiting - lost;
    }

    /// <summary>The gateways chained to this one, with what is below them; and the devices here that keep no books of their own, as one.</summary>
    private List<ProcessBooks> Below()
    {
        var books = new List<ProcessBooks>();
        foreach (var (_, report) in board.All(site.View.Tenant))
        {
            books.Add(report.Status.Books);
            books.AddRange(report.Status.Below);
        }
        var plain = projector.PlainReadings;
        if (plain > 0)
        {
            books.Add(new ProcessBooks(
                "edge", $"devices without an agent at {self.Id}", new FlowInfo(plain, plain, 0, 0, plain, plain), 0, 0, 0, 0, 0, 0, 0, null, 0, 0, time.GetUtcNow()));
        }
        return books;
    }
}
