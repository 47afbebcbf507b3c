using Strata.Core.Tenancy;

namespace Strata.Telemetry.Ingest;

/// <summary>
/// Items of all tenants in turns (<see cref="FairQueue{T}"/>), each tenant's in order of arrival, bounded in number and bytes; who comes when there is no room for its tenant waits in line.
/// Any number of givers, one taker.
/// </summary>
internal sealed class IngestQueue(int maxItems, long maxBytes, int maxRows) : IDisposable
{
    private readonly Lock gate = new();
    private readonly FairQueue<IngestItem> items = new(maxItems, maxBytes, maxRows);
    private readonly SemaphoreSlim arrived = new(0, 1);
    private bool signalled;
    private bool completed;

    public (int Items, long Bytes) Depth
    {
        get
        {
            lock (gate)
                return (items.Count, items.Bytes);
        }
    }

    /// <summary>Takes the item if there is room and nobody of its tenant waits; false when it must wait or nothing is taken any more.</summary>
    public bool TryEnqueue(IngestItem item) => TryEnqueue(item.Write.Tenant, EntryOf(item));

    /// <summary>False when no further item is taken (<see cref="Complete"/>).</summary>
    public ValueTask<bool> EnqueueAsync(IngestItem item, CancellationToken cancellationToken) => EnqueueAsync(item.Write.Tenant, item, cancellationToken);

    /// <summary>The same, in the line of a tenant whose it need not be.</summary>
    public ValueTask<bool> EnqueueAsync(TenantId tenant, IngestItem item, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var entry = EntryOf(item);
        Waiter waiter;
        lock (gate)
        {
            if (completed)
                return ValueTask.FromResult(false);
            if (TryEnqueue(tenant, entry))
                return ValueTask.FromResult(true);
            waiter = new Waiter(entry);
            items.Wait(tenant, waiter);
        }
        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>Moves a commit's items into the list. Waits for the first; false when the queue is completed and empty.</summary>
    public async ValueTask<bool> TakeAsync(List<IngestItem> into)
    {
        while (true)
        {
            lock (gate)
            {
                if (Take(into))
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
        {
            items.Add(item.Write.Tenant, EntryOf(item));
            Signal();
        }
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
            await waiter.Admitted.Task;
        return true;

        void Cancel(object? state)
        {
            var waiting = (Waiter)state!;
            lock (gate)
            {
                if (!items.Leave(waiting))
                    return;
                Admit();
            }
            waiting.Admitted.TrySetCanceled(cancellationToken);
        }
    }

    private bool TryEnqueue(TenantId tenant, in FairQueue<IngestItem>.Entry entry)
    {
        lock (gate)
        {
            if (completed || !items.TryAdd(tenant, entry))
                return false;
            Signal();
            return true;
        }
    }

    private bool Take(List<IngestItem> into)
    {
        items.Take(into);
        Admit();
        return into.Count > 0;
    }

    private void Admit()
    {
        while (items.Admit() is Waiter waiter)
        {
            Signal();
            waiter.Admitted.TrySetResult();
        }
    }

    private void Signal()
    {
        if (signalled)
            return;
        signalled = true;
        arrived.Release();
    }

    private static FairQueue<IngestItem>.Entry EntryOf(IngestItem item) => new(item, item.Rows, item.EstimateBytes());

    private sealed class Waiter(FairQueue<IngestItem>.Entry entry) : FairQueue<IngestItem>.Place(entry)
    {
        public TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
