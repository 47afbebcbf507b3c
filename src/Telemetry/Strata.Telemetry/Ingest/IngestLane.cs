using Microsoft.Extensions.Logging;
using Strata.Core.Tenancy;
using Log = Strata.Telemetry.Ingest.IngestWriter.Log;

namespace Strata.Telemetry.Ingest;

/// <summary>
/// One queue and the loop that commits it. Whatever was enqueued while the last commit ran makes up the next (group commit). A full queue makes givers wait; while the store cannot
/// commit, items fail at once and a probe tries until it can. Safe for use by any number of threads.
/// </summary>
internal sealed partial class IngestLane : IAsyncDisposable
{
    private readonly ITelemetryStore store;
    private readonly IngestOptions options;
    private readonly Action<IReadOnlyList<TelemetryWrite>, CommitReport> observe;
    private readonly Func<TenantId, IngestLane?> elsewhere;
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly IngestMetrics metrics;
    private readonly TimeProvider time;
    private readonly ILogger<IngestWriter> logger;
    private readonly IngestQueue queue;
    private readonly CancellationTokenSource ending = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly List<IngestItem> group = [];
    private readonly List<TelemetryWrite> writes = [];
    private Task loop = Task.CompletedTask;
    private volatile TelemetryStoreException? fault;
    private long committingSince;
    private int disposed;

    /// <param name="observe">Told of each commit before it is acknowledged.</param>
    /// <param name="elsewhere">The lane of a tenant that has one; null for those of this lane.</param>
    public IngestLane(
        ITelemetryStore store, IngestOptions options, Action<IReadOnlyList<TelemetryWrite>, CommitReport> observe, Func<TenantId, IngestLane?> elsewhere, IngestMetrics metrics, TimeProvider time,
        ILogger<IngestWriter> logger)
    {
        (this.store, this.options, this.observe, this.elsewhere, this.metrics, this.time, this.logger) = (store, options, observe, elsewhere, metrics, time, logger);
        queue = new IngestQueue(options.MaxQueuedItems, options.MaxQueuedBytes, options.MaxRowsPerCommit);
    }

    public (int Items, long Bytes) Depth => queue.Depth;

    /// <summary>False while the store cannot commit (or the writer has stopped): items fail at once. Readiness asks this.</summary>
    public bool CanCommit => fault is null;

    /// <summary>What is wrong while <see cref="CanCommit"/> is false; else empty.</summary>
    public string Fault => fault?.Message ?? "";

    /// <summary>How long the commit that runs now has taken, when that is longer than <see cref="IngestOptions.SlowCommit"/>; else null.</summary>
    public TimeSpan? SlowCommit => Interlocked.Read(ref committingSince) is var since and not 0 && time.GetElapsedTime(since) is var age && age >= options.SlowCommit ? age : null;

    /// <summary>How full the queue is, 0 to 1: of its items or its bytes, whichever is more.</summary>
    public double QueueFilled
    {
        get
        {
            var (items, bytes) = queue.Depth;
            return Math.Min(1, Math.Max((double)items / options.MaxQueuedItems, (double)bytes / options.MaxQueuedBytes));
        }
    }

    /// <summary>
    /// Hands an item over. Completes when the queue has taken it, at once unless it is full: this wait is the back-pressure. The item is called back exactly once
    /// unless this throws. While the store cannot commit, and when the writer is stopping, <see cref="IngestItem.Failed"/> is called before this completes.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled while waiting for room; the item is not taken and is not called back.</exception>
    public ValueTask EnqueueAsync(IngestItem item, CancellationToken cancellationToken)
    {
        if (fault is { } reason)
        {
            Fail(item, reason);
            return ValueTask.CompletedTask;
        }
        return queue.TryEnqueue(item) ? ValueTask.CompletedTask : WaitForRoomAsync(item, cancellationToken);
    }

    /// <summary>Enqueues a write and waits for its commit. Once taken it is not cancelled: the write and its batch stay the writer's until this completes.</summary>
    /// <exception cref="TelemetryStoreException">Not stored, or nobody knows; see <see cref="IngestItem.Failed"/>.</exception>
    /// <exception cref="ArgumentException">The write is malformed.</exception>
    public async Task<CommitReport> CommitAsync(TelemetryWrite write, CancellationToken cancellationToken)
    {
        var item = new AwaitedItem(write);
        await EnqueueAsync(item, cancellationToken);
        return await item.Completion;
    }

    public void Start() => loop = Task.Run(RunAsync, CancellationToken.None);

    /// <summary>Waits for the commit that runs and lets no other begin until the disposal; what is handed over meanwhile waits.</summary>
    public async Task<IDisposable> HoldAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        return new Hold(turn);
    }

    /// <summary>Completes when everything of the tenant that was handed over before has been committed, has failed, or has gone to its own lane.</summary>
    public async Task PassAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var marker = new AwaitedItem(new TelemetryWrite { Tenant = TenantId.Main });
        if (!await queue.EnqueueAsync(tenant, marker, cancellationToken))
            return; // The node is stopping: nothing goes anywhere.
        try
        {
            await marker.Completion;
        }
        catch (TelemetryStoreException)
        {
            // It has failed, as everything before it has.
        }
    }

    /// <summary>Takes no further items and commits those it has; what is left when the token is cancelled fails.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        queue.Complete();
        await ending.CancelAsync();
        await using (cancellationToken.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), stopping))
            await loop;
    }

    /// <summary>May be called more than once: the container does so for what it hands out under two names.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        await stopping.CancelAsync();
        await ending.CancelAsync();
        queue.Complete();
        await loop;
        queue.Dispose();
        ending.Dispose();
        stopping.Dispose();
        turn.Dispose();
    }

    private async ValueTask WaitForRoomAsync(IngestItem item, CancellationToken cancellationToken)
    {
        if (!await queue.EnqueueAsync(item, cancellationToken))
            Fail(item, Stopping());
    }

    private async Task RunAsync()
    {
        try
        {
            while (await queue.TakeAsync(group))
            {
                await turn.WaitAsync(CancellationToken.None);
                try
                {
                    LeadElsewhere();
                    if (stopping.IsCancellationRequested || fault is not null)
                        FailGroup(fault ?? Stopping());
                    else if (group.Count > 0)
                        await CommitGroupAsync();
                }
                finally
                {
                    turn.Release();
                }
                if (fault is not null && !ending.IsCancellationRequested)
                    await RecoverAsync();
            }
        }
        catch (Exception e)
        {
            Log.Stopped(logger, e);
            fault = new TelemetryStoreException("The writer has stopped on an error that it does not know; restart the node. " + e.Message, e);
            FailGroup(fault);
            queue.Complete();
            await FailQueuedAsync(fault);
        }
    }

    /// <summary>What was on its way when its tenant got a lane of its own goes there.</summary>
    private void LeadElsewhere() => group.RemoveAll(item =>
    {
        if (elsewhere(item.Write.Tenant) is not { } other || other == this)
            return false;
        other.queue.EnqueueBeyondBounds(item);
        return true;
    });

    private async ValueTask CommitGroupAsync()
    {
        try
        {
            await CommitAsync(group);
        }
        catch (ArgumentException) when (group.Count > 1)
        {
            await CommitOneByOneAsync();
        }
        catch (ArgumentException e)
        {
            Log.Malformed(logger, e.Message);
            FailGroup(e);
        }
        catch (TelemetryStoreException e)
        {
            StoreFailed(e);
        }
        group.Clear();
    }

    /// <summary>One of the group is malformed: the others must not suffer for it.</summary>
    private async ValueTask CommitOneByOneAsync()
    {
        var all = group.ToArray();
        for (var at = 0; at < all.Length; at++)
        {
            group.Clear();
            if (fault is not null)
                group.AddRange(all.AsSpan(at));
            else
                group.Add(all[at]);
            if (fault is { } reason)
            {
                FailGroup(reason);
                return;
            }
            await CommitGroupAsync();
        }
    }

    private async ValueTask CommitAsync(List<IngestItem> items)
    {
        var start = time.GetTimestamp();
        writes.Clear();
        foreach (var item in items)
            writes.Add(item.Write);
        Interlocked.Exchange(ref committingSince, start);
        CommitReport report;
        try
        {
            report = await store.CommitAsync(writes, CancellationToken.None);
        }
        finally
        {
            Interlocked.Exchange(ref committingSince, 0);
        }
        metrics.Committed(report, items.Count, time.GetElapsedTime(start));
        observe(writes, report);
        writes.Clear();
        foreach (var item in items)
            Tell(item, report);
    }

    private void StoreFailed(TelemetryStoreException e)
    {
        Log.CommitFailed(logger, group.Count, e);
        metrics.CommitFailed();
        fault = e;
        FailGroup(e);
    }

    /// <summary>Fails what waits, and probes until a commit succeeds. The first probe comes at once: the store may have reopened itself.</summary>
    private async Task RecoverAsync()
    {
        var since = time.GetTimestamp();
        var delay = options.ProbeDelay;
        while (!ending.IsCancellationRequested)
        {
            await FailQueuedAsync(fault!);
            try
            {
                await store.CommitAsync([], CancellationToken.None);
                fault = null;
                Log.Recovered(logger, time.GetElapsedTime(since));
                return;
            }
            catch (TelemetryStoreException e)
            {
                fault = e;
                Log.ProbeFailed(logger, delay, e.Message);
            }
            await Task.Delay(delay, time, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, options.ProbeMaxDelay.Ticks));
        }
    }

    private async ValueTask FailQueuedAsync(Exception reason)
    {
        while (queue.Depth.Items > 0 && await queue.TakeAsync(group))
            FailGroup(reason);
    }

    private void FailGroup(Exception reason)
    {
        foreach (var item in group)
            Fail(item, reason);
        group.Clear();
    }

    private void Fail(IngestItem item, Exception reason)
    {
        metrics.ItemsFailed(1);
        try
        {
            item.Failed(reason);
        }
        catch (Exception e)
        {
            Log.CallbackFailed(logger, e);
        }
    }

    private void Tell(IngestItem item, CommitReport report)
    {
        try
        {
            item.Committed(report);
        }
        catch (Exception e)
        {
            Log.CallbackFailed(logger, e);
        }
    }

    private static TelemetryStoreException Stopping() => new("The node is stopping and takes no further data.");

    private sealed class AwaitedItem(TelemetryWrite write) : IngestItem
    {
        private readonly TaskCompletionSource<CommitReport> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override TelemetryWrite Write => write;

        public Task<CommitReport> Completion => completion.Task;

        protected internal override void Committed(CommitReport report) => completion.TrySetResult(report);

        protected internal override void Failed(Exception exception) => completion.TrySetException(exception);
    }

    private sealed class Hold(SemaphoreSlim turn) : IDisposable
    {
        private int done;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref done, 1) == 0)
                turn.Release();
        }
    }
}
