using System.Collections.Concurrent;
using Strata.Core.Tenancy;

namespace Strata.Node.Ingest;

/// <summary>
/// What came into this process since it started, of all tenants and of each: for the statistics, which keep the totals of earlier runs. Counted after the commit, what
/// was seen before only as a duplicate. Safe from any thread.
/// </summary>
public sealed class IngestCounters
{
    private readonly ConcurrentDictionary<TenantId, IngestCounters> byTenant = new();
    private long readings, payloadBytes, records, duplicates, immediate;

    /// <summary>Readings committed.</summary>
    public long Readings => Volatile.Read(ref readings);

    /// <summary>Bytes of the payloads that brought them (topics, headers and frames not counted).</summary>
    public long PayloadBytes => Volatile.Read(ref payloadBytes);

    /// <summary>Records committed: a reading, or a window entry.</summary>
    public long Records => Volatile.Read(ref records);

    /// <summary>Numbered batches or entries that came again and changed nothing.</summary>
    public long Duplicates => Volatile.Read(ref duplicates);

    /// <summary>Readings marked immediate, among <see cref="Readings"/>.</summary>
    public long Immediate => Volatile.Read(ref immediate);

    /// <summary>Latency of immediate readings: from the sample at the source to the commit here.</summary>
    public LatencyHistogram ImmediateLatency { get; } = new();

    /// <summary>The same for one tenant alone.</summary>
    public IngestCounters Of(TenantId tenant) => byTenant.GetOrAdd(tenant, static _ => new IngestCounters());

    internal void RecordImmediate(TenantId tenant, TimeSpan latency)
    {
        ImmediateLatency.Record(latency);
        Of(tenant).ImmediateLatency.Record(latency);
    }

    internal void Add(TenantId tenant, in IngestTally tally)
    {
        Add(tally);
        Of(tenant).Add(tally);
    }

    private void Add(in IngestTally tally)
    {
        Interlocked.Add(ref readings, tally.Readings);
        Interlocked.Add(ref payloadBytes, tally.PayloadBytes);
        Interlocked.Add(ref records, tally.Records);
        Interlocked.Add(ref duplicates, tally.Duplicates);
        Interlocked.Add(ref immediate, tally.Immediate);
    }
}

/// <summary>Gathered over a burst or a request, then added at once.</summary>
internal struct IngestTally
{
    public long Readings, PayloadBytes, Records, Duplicates, Immediate;
}
