using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Ingest;

/// <summary>
/// The one writer of the node: a lane that all tenants share, in turns, and one for each tenant whose store is its own, so that neither its speed nor its faults are felt by others. Observers are told
/// of one commit after the other, whichever lane it is of. Safe for use by any number of threads.
/// </summary>
public sealed partial class IngestWriter : IHostedService, IAsyncDisposable
{
    private readonly ITelemetryStore store;
    private readonly IngestOptions options;
    private readonly ICommitObserver[] observers;
    private readonly IngestMetrics metrics;
    private readonly TimeProvider time;
    private readonly ILogger<IngestWriter> logger;
    private readonly IngestLane shared;
    private readonly Lock observing = new();
    private readonly Dictionary<TenantId, IngestLane> lanes = [];
    private readonly SemaphoreSlim separating = new(1, 1);
    private volatile ImmutableDictionary<TenantId, IngestLane> apart = ImmutableDictionary<TenantId, IngestLane>.Empty;

    public IngestWriter(
        ITelemetryStore store, IngestOptions options, IEnumerable<ICommitObserver> observers, IngestMetrics metrics, TimeProvider time,
        ILogger<IngestWriter> logger)
    {
        (this.store, this.options, this.observers, this.metrics, this.time, this.logger) = (store, options, [.. observers], metrics, time, logger);
        shared = NewLane();
        metrics.Watch(() => apart.Values.Aggregate(shared.Depth, static (sum, lane) => (sum.Items + lane.Depth.Items, sum.Bytes + lane.Depth.Bytes)));
    }

    /// <summary>False while the shared store cannot commit (or the writer has stopped): items fail at once. Readiness asks this.</summary>
    public bool CanCommit => shared.CanCommit;

    /// <summary>Whether a tenant has a lane of its own.</summary>
    public bool IsSeparate(TenantId tenant) => apart.ContainsKey(tenant);

    /// <summary>Tenants with a lane of their own that cannot commit, and why.</summary>
    public IReadOnlyList<(TenantId Tenant, string Fault)> SeparateFaults => [.. apart.Where(l => !l.Value.CanCommit).Select(l => (l.Key, l.Value.Fault))];

    /// <summary>What is wrong while <see cref="CanCommit"/> is false; else empty.</summary>
    public string Fault => shared.Fault;

    /// <summary>
    /// How long a commit that runs now has taken, the longest of all lanes', when that is longer than <see cref="IngestOptions.SlowCommit"/>; else null. What it holds is not acknowledged yet, and
    /// senders wait.
    /// </summary>
    public TimeSpan? SlowCommit => apart.Values.Aggregate(shared.SlowCommit, static (longest, lane) => lane.SlowCommit is { } age && !(age <= longest) ? age : longest);

    /// <summary>How full the fullest queue is, 0 to 1: of its items or its bytes, whichever is more.</summary>
    public double QueueFilled => apart.Values.Aggregate(shared.QueueFilled, static (most, lane) => Math.Max(most, lane.QueueFilled));

    /// <summary>
    /// Hands an item over. Completes when the queue has taken it, at once unless it is full: this wait is the back-pressure. The item is called back exactly once
    /// unless this throws. While the store cannot commit, and when the writer is stopping, <see cref="IngestItem.Failed"/> is called before this completes.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled while waiting for room; the item is not taken and is not called back.</exception>
    public ValueTask EnqueueAsync(IngestItem item, CancellationToken cancellationToken) =>
        (apart.IsEmpty ? shared : LaneOf(item.Write.Tenant) ?? shared).EnqueueAsync(item, cancellationToken);

    /// <summary>Enqueues a write and waits for its commit. Once taken it is not cancelled: the write and its batch stay the writer's until this completes.</summary>
    /// <exception cref="TelemetryStoreException">Not stored, or nobody knows; see <see cref="IngestItem.Failed"/>.</exception>
    /// <exception cref="ArgumentException">The write is malformed.</exception>
    public Task<CommitReport> CommitAsync(TelemetryWrite write, CancellationToken cancellationToken) => (LaneOf(write.Tenant) ?? shared).CommitAsync(write, cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        shared.Start();
        return Task.CompletedTask;
    }

    /// <summary>Takes no further items and commits those it has; what is left when the token is cancelled fails.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await shared.StopAsync(cancellationToken); // First: it may lead items elsewhere.
        foreach (var lane in lanes.Values)
            await lane.StopAsync(cancellationToken);
    }

    /// <summary>Gives a tenant a lane of its own, in order: when this completes, what of the tenant was handed over before has gone where it went, and nothing of the tenant is on the shared lane any more.</summary>
    public async Task SeparateAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await separating.WaitAsync(cancellationToken);
        try
        {
            if (apart.ContainsKey(tenant))
                return;
            // The lane of an earlier time goes on: what came to it late is committed by it.
            if (!lanes.TryGetValue(tenant, out var lane))
            {
                lanes[tenant] = lane = NewLane();
                lane.Start();
            }
            using var held = await lane.HoldAsync(cancellationToken);
            apart = apart.Add(tenant, lane);
            await shared.PassAsync(tenant, CancellationToken.None);
        }
        finally
        {
            separating.Release();
        }
    }

    /// <summary>Takes the tenant back onto the shared lane, in order: what was handed over before is committed before what comes now; the shared lane waits for it.</summary>
    public async Task JoinAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await separating.WaitAsync(cancellationToken);
        try
        {
            if (!apart.TryGetValue(tenant, out var lane))
                return;
            using var held = await shared.HoldAsync(cancellationToken);
            apart = apart.Remove(tenant);
            await lane.PassAsync(tenant, CancellationToken.None);
        }
        finally
        {
            separating.Release();
        }
    }

    /// <summary>Completes when everything of the tenant that was handed over before has been committed or has failed.</summary>
    public Task PassAsync(TenantId tenant, CancellationToken cancellationToken) => (LaneOf(tenant) ?? shared).PassAsync(tenant, cancellationToken);

    /// <summary>Lets no write of a separate tenant begin until the disposal; who hands over meanwhile waits.</summary>
    /// <exception cref="InvalidOperationException">The tenant has no lane of its own.</exception>
    public Task<IDisposable> HoldAsync(TenantId tenant, CancellationToken cancellationToken) =>
        (LaneOf(tenant) ?? throw new InvalidOperationException($"{tenant} has no lane of its own.")).HoldAsync(cancellationToken);

    /// <summary>May be called more than once: the container does so for what it hands out under two names.</summary>
    public async ValueTask DisposeAsync()
    {
        await shared.DisposeAsync();
        foreach (var lane in lanes.Values)
            await lane.DisposeAsync();
    }

    private IngestLane NewLane() => new(store, options, Observe, LaneOf, metrics, time, logger);

    private IngestLane? LaneOf(TenantId tenant) => apart.GetValueOrDefault(tenant);

    private void Observe(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        lock (observing)
        {
            foreach (var observer in observers)
            {
                try
                {
                    observer.OnCommitted(writes, report);
                }
                catch (Exception e)
                {
                    Log.ObserverFailed(logger, observer.GetType().Name, report.Commit, e);
                }
            }
        }
    }
}
