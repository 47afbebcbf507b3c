using System.Collections.Concurrent;
using Strata.Core.Telemetry;

namespace Strata.Telemetry.Ingest;

/// <summary>
/// Batches for reuse, bounded in number and in the size of a batch. Who rents a batch returns it once, after the writer has called its
/// item back; a batch that is lost is garbage and nothing worse. Safe for use by any number of threads.
/// </summary>
/// <param name="maxBatches">Batches kept at most.</param>
/// <param name="maxRows">A batch that grew beyond this many rows is not kept.</param>
public sealed class ReadingBatchPool(int maxBatches = 256, int maxRows = 16_384)
{
    private readonly ConcurrentStack<ReadingBatch> batches = new();
    private int count;

    /// <summary>An empty batch; the caller's until it is handed to a writer or returned.</summary>
    public ReadingBatch Rent()
    {
        if (!batches.TryPop(out var batch))
            return new ReadingBatch();
        Interlocked.Decrement(ref count);
        return batch;
    }

    /// <summary>Gives a batch back, whatever is in it. The caller must not touch it again.</summary>
    public void Return(ReadingBatch batch)
    {
        if (batch.Capacity > maxRows)
            return;
        batch.Clear();
        if (Interlocked.Increment(ref count) > maxBatches)
            Interlocked.Decrement(ref count);
        else
            batches.Push(batch);
    }
}
