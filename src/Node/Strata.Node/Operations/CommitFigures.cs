using System.Collections.Concurrent;
using Strata.Cloud.Contracts;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Operations;

/// <summary>What the commits of this process tell of each tenant.</summary>
public sealed class CommitFigures(TimeProvider time) : ICommitObserver
{
    private readonly ConcurrentDictionary<TenantId, TenantFigures> tenants = new();

    public TenantFigures Of(TenantId tenant) => tenants.GetOrAdd(tenant, static (_, time) => new TenantFigures(time), time);

    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        foreach (var write in writes)
            Of(write.Tenant).Note(write, report);
    }
}

/// <summary>Readings a second over the last ten, and how long after its end a window became visible.</summary>
public sealed class TenantFigures(TimeProvider time)
{
    private const int Seconds = 10;
    private readonly long[] counts = new long[Seconds + 1];
    private readonly long[] stamps = new long[Seconds + 1];
    private readonly Lock gate = new();
    private readonly LatencyHistogram windowed = new();

    /// <summary>From the end of a window to the commit of its first revision here.</summary>
    public LatencyInfo Windowed => windowed.Snapshot();

    /// <summary>Readings committed per second, over the last ten whole seconds.</summary>
    public double ReadingsPerSecond
    {
        get
        {
            var now = Second();
            long sum = 0;
            lock (gate)
            {
                for (var i = 0; i < counts.Length; i++)
                    sum += stamps[i] < now && stamps[i] >= now - Seconds ? counts[i] : 0;
            }
            return (double)sum / Seconds;
        }
    }

    internal void Note(TelemetryWrite write, CommitReport report)
    {
        long readings = 0;
        if (write.Readings is { } batch)
        {
            foreach (var message in batch.Messages)
                readings += message.Outcome == MessageOutcome.Stored ? message.Count : 0;
        }
        foreach (var window in write.Windows)
        {
            if (window.Record.Revision == 0 && !report.IsRepeated(window.Record))
                windowed.Record(report.Time - EventTime.ToDateTimeOffset(window.Record.Start + window.Record.Length));
        }
        Add(readings);
    }

    private void Add(long readings)
    {
        var now = Second();
        lock (gate)
        {
            var at = (int)(now % counts.Length);
            if (stamps[at] != now)
                (stamps[at], counts[at]) = (now, 0);
            counts[at] += readings;
        }
    }

    private long Second() => (long)time.GetElapsedTime(0).TotalSeconds;
}
