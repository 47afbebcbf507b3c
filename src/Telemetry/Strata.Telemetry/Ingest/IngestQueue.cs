namespace Strata.Telemetry.Ingest;

/// <summary>
/// Items in order of arrival, bounded in number and bytes; who comes when it is full waits in line. Any number of givers, one taker.
/// </summary>
internal sealed class IngestQueue(int maxItems, long maxBytes) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Queue<(IngestItem Item, long Bytes)> items = new();
    private readonly LinkedList<Waiter> waiters = new();
    private readonly SemaphoreSlim arrived = new(0, 1);
    private bool signalled;
    private bool completed;
    private long bytes;

    public (int Items, long Bytes) Depth
    {
        get
        {
            lock (gate)
                return (items.Count, bytes);
        }
    }

    /// <summary>Takes the item if there is room and nobody waits; false when it must wait or nothing is taken any more.</summary>
    public bool TryEnqueue(IngestItem item)
    {
        var size = item.EstimateBytes();
        lock (gate)
        {
            if (completed || waiters.Count > 0 || !HasRoom(size))
                return false;
            Put(item, size);
            return true;
        }
    }

    /// <summary>False when no further item is taken (<see cref="Complete"/>).</summary>
    public ValueTask<bool> EnqueueAsync(IngestItem item, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var size = item.EstimateBytes();
        Waiter waiter;
        lock (gate)
        {
            if (completed)
                return ValueTask.FromResult(false);
            if (waiters.Count == 0 && HasRoom(size))
            {
                Put(item, size);
                return ValueTask.FromResult(true);
            }
            waiter = new Waiter(item, size);
            waiter.Node = waiters.AddLast(waiter);
        }
        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>Moves items into the list until it holds the wanted rows. Waits for the first; false when the queue is completed and empty.</summary>
    public async ValueTask<bool> TakeAsync(List<IngestItem> into, int maxRows)
    {
        while (true)
        {
            lock (gate)
            {
                if (Take(into, maxRows))
                    return true;
                if (completed)
                    return false;
            }
            await arrived.WaitAsync(CancellationToken.None);
            lock (gate)
                signalled = false;
        }
    }

    /// <summary>Takes what another queue had room for; also when this one is full or completed.</summary>
    public void EnqueueBeyondBounds(IngestItem item)
    {
        lock (gate)
            Put(item, item.EstimateBytes());
    }

    /// <summary>Takes no more items; those already waiting for room are let in.</summary>
    public void Complete()
    {
        lock (gate)
        {
            completed = true;
            Signal();
        }
    }

    public void Dispose() => arrived.Dispose();

    private async ValueTask<bool> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        await using (cancellationToken.UnsafeRegister(Cancel, waiter))
            await waiter.Task;
        return true;

        void Cancel(object? state)
        {
            var waiting = (Waiter)state!;
            lock (gate)
            {
                if (waiting.Node is null)
                    return;
                waiters.Remove(waiting.Node);
                waiting.Node = null;
                Admit();
            }
            waiting.TrySetCanceled(cancellationToken);
        }
    }

    private bool Take(List<IngestItem> into, int maxRows)
    {
        var rows = 0;
        while (rows < maxRows && items.TryDequeue(out var next))
        {
            bytes -= next.Bytes;
            rows += Math.Max(1, next.Item.Rows);
            into.Add(next.Item);
        }
        Admit();
        return into.Count > 0;
    }

    private void Admit()
    {
        while (waiters.First is { } first && HasRoom(first.Value.Bytes))
        {
            waiters.RemoveFirst();
            first.Value.Node = null;
            Put(first.Value.Item, first.Value.Bytes);
            first.Value.TrySetResult();
        }
    }

    private bool HasRoom(long size) => items.Count == 0 || (items.Count < maxItems && bytes + size <= maxBytes);

    private void Put(IngestItem item, long size)
    {
        items.Enqueue((item, size));
        bytes += size;
        Signal();
    }

    private void Signal()
    {
        if (signalled)
            return;
        signalled = true;
        arrived.Release();
    }

    private sealed class Waiter(IngestItem item, long bytes) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public IngestItem Item => item;

        public long Bytes => bytes;

        /// <summary>Its place in line; null once admitted or cancelled.</summary>
        public LinkedListNode<Waiter>? Node { get; set; }
    }
}
