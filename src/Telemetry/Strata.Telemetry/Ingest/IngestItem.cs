namespace Strata.Telemetry.Ingest;

/// <summary>
/// One piece of work for the <see cref="IngestWriter"/>, and whom to tell. Exactly one of <see cref="Committed"/> and <see cref="Failed"/> is
/// called, once per enqueuing. An item may be enqueued again after that, so that a connection needs one.
/// </summary>
public abstract class IngestItem
{
    /// <summary>What is to be stored. It and its batch belong to the writer from enqueuing until the callback.</summary>
    public abstract TelemetryWrite Write { get; }

    /// <summary>
    /// The write is durable: it may be acknowledged. Called on the writer's loop, after the observers: must be short, must not block, and
    /// must not wait for the writer. The batch is the item's again.
    /// </summary>
    protected internal abstract void Committed(CommitReport report);

    /// <summary>
    /// The write was not stored, or nobody knows: it must not be acknowledged, and sending it again is right. Called like <see cref="Committed"/>, also
    /// within <see cref="IngestWriter.EnqueueAsync"/> while the store cannot commit.
    /// </summary>
    /// <param name="exception">A <see cref="TelemetryStoreException"/> for a fault that may pass (disk, stopping); an <see cref="ArgumentException"/> when
    /// this write is malformed.</param>
    protected internal abstract void Failed(Exception exception);

    /// <summary>Memory that the item stands for in the queue's bound, in bytes: an estimate, computed once when it is enqueued.</summary>
    internal long EstimateBytes()
    {
        const int row = 48, record = 512, item = 256;
        var write = Write;
        var size = item + (long)record * (write.Windows.Count + write.Events.Count + write.Gaps.Count + write.Seen.Count);
        if (write.Readings is not { } batch)
            return size;
        size += (long)row * batch.Count;
        foreach (var text in batch.Texts)
            size += text is null ? 0 : 24 + 2 * text.Length;
        return size;
    }

    internal int Rows => (Write.Readings?.Count ?? 0) + Write.Windows.Count + Write.Events.Count + Write.Gaps.Count;
}
