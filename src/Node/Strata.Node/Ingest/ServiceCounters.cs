using System.Collections.Concurrent;
using Strata.Core.Tenancy;

namespace Strata.Node.Ingest;

/// <summary>
/// How each tenant was served since the counters were last taken: what was acknowledged and what could not be, how long it took, how the API answered. Counted by whoever
/// serves, taken once a minute by who judges service levels; where nobody takes them they are eight numbers a tenant. Safe from any thread.
/// </summary>
public sealed class ServiceCounters
{
    private readonly ConcurrentDictionary<TenantId, TenantService> tenants = new();

    public TenantService Of(TenantId tenant) => tenants.GetOrAdd(tenant, static _ => new TenantService());
}

/// <summary>See <see cref="ServiceCounters"/>.</summary>
public sealed class TenantService
{
    private long acknowledged, failed, apiCalls, apiFailed;

    private LatencyHistogram Latency { get; } = new();

    /// <summary>Messages were answered as one, stored or refused for what they hold.</summary>
    public void Acknowledged(long messages, TimeSpan latency)
    {
        Interlocked.Add(ref acknowledged, messages);
        Latency.Record(latency, messages);
    }

    /// <summary>Messages could not be taken: the fault is the node's.</summary>
    public void Failed(long messages) => Interlocked.Add(ref failed, messages);

    /// <summary>A request of a person or program was answered.</summary>
    /// <param name="isFailure">With 5xx.</param>
    public void Answered(bool isFailure)
    {
        Interlocked.Increment(ref apiCalls);
        if (isFailure)
            Interlocked.Increment(ref apiFailed);
    }

    /// <summary>What was counted since the last time; the counters begin at 0 again. What is counted meanwhile is in this or the next one.</summary>
    public ServiceTally Take()
    {
        var latency = Latency.Drain();
        return new ServiceTally(
            Interlocked.Exchange(ref acknowledged, 0), Interlocked.Exchange(ref failed, 0), latency.P95, Interlocked.Exchange(ref apiCalls, 0), Interlocked.Exchange(ref apiFailed, 0));
    }
}

/// <param name="P95Ms">What 95 % of the acknowledgements stayed within, ms; null when there was none.</param>
public readonly record struct ServiceTally(long Acknowledged, long Failed, double? P95Ms, long ApiCalls, long ApiFailed);
