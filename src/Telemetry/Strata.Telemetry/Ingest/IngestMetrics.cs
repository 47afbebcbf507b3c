using System.Diagnostics.Metrics;

namespace Strata.Telemetry.Ingest;

/// <summary>What the writer does, for operators. Meter <c>Strata.Ingest</c>.</summary>
public sealed class IngestMetrics : IDisposable
{
    private readonly Meter meter;
    private readonly Counter<long> rows;
    private readonly Counter<long> repeated;
    private readonly Counter<long> refused;
    private readonly Counter<long> failures;
    private readonly Counter<long> failedItems;
    private readonly Histogram<double> duration;
    private readonly Histogram<int> size;

    public IngestMetrics(IMeterFactory factory)
    {
        meter = factory.Create("Strata.Ingest");
        rows = meter.CreateCounter<long>("strata.ingest.rows", "{row}", "Rows committed.");
        repeated = meter.CreateCounter<long>("strata.ingest.repeated", "{message}", "Messages and records seen before.");
        refused = meter.CreateCounter<long>("strata.ingest.refused", "{message}", "Messages refused for good by a limit of the store.");
        failures = meter.CreateCounter<long>("strata.ingest.commit.failures", "{commit}", "Commits that failed or whose outcome is unknown.");
        failedItems = meter.CreateCounter<long>("strata.ingest.failed", "{item}", "Items that were not acknowledged.");
        duration = meter.CreateHistogram<double>("strata.ingest.commit.duration", "s", "Time of a commit, from taking its items to durable.");
        size = meter.CreateHistogram<int>("strata.ingest.commit.items", "{item}", "Items in one commit.");
    }

    internal void Watch(Func<(int Items, long Bytes)> queue)
    {
        meter.CreateObservableGauge("strata.ingest.queue.items", () => queue().Items, "{item}", "Items waiting for the writer.");
        meter.CreateObservableGauge("strata.ingest.queue.size", () => queue().Bytes, "By", "Memory of the items waiting.");
    }

    internal void Committed(CommitReport report, int items, TimeSpan took)
    {
        rows.Add(report.Stored);
        repeated.Add(report.Repeated);
        refused.Add(report.Refused);
        size.Record(items);
        duration.Record(took.TotalSeconds);
    }

    internal void CommitFailed() => failures.Add(1);

    internal void ItemsFailed(int count) => failedItems.Add(count);

    public void Dispose() => meter.Dispose();
}
