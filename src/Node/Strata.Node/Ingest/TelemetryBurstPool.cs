using System.Collections.Concurrent;

namespace Strata.Node.Ingest;

/// <summary>Bursts for reuse by all connections, so that an idle connection holds none. Bounded in number and in the size of a burst.</summary>
internal sealed class TelemetryBurstPool(TelemetryMqttHost host, int maxBursts = 256, int maxRows = 16_384, int maxLiveBytes = 256 * 1024)
{
    private readonly ConcurrentQueue<TelemetryBurst> bursts = new();
    private int count;

    public TelemetryBurst Rent()
    {
        if (!bursts.TryDequeue(out var burst))
            return new TelemetryBurst(host, this);
        Interlocked.Decrement(ref count);
        return burst;
    }

    public void Return(TelemetryBurst burst)
    {
        if (burst.Batch.Capacity > maxRows || burst.Live.Capacity > maxLiveBytes)
            return;
        burst.Clear();
        if (Interlocked.Increment(ref count) > maxBursts)
            Interlocked.Decrement(ref count);
        else
            bursts.Enqueue(burst);
    }
}
