using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Node.Tests.Support;

/// <summary>A store in memory that keeps numbers like a real one, can hold a commit until the test lets it go, and can fail.</summary>
internal sealed class MemoryStore(TimeProvider time) : ITelemetryStore
{
    private readonly Lock gate = new();
    private readonly Dictionary<(string Source, string Stream), IntervalSet> seen = [];
    private TaskCompletionSource? hold;
    private TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long commits;

    public List<Reading> Readings { get; } = [];

    public List<(Reading Reading, GatewayId? Gateway)> Origins { get; } = [];

    public List<WindowRecord> Windows { get; } = [];

    public List<FleetEvent> Events { get; } = [];

    public List<GapRecord> Gaps { get; } = [];

    /// <summary>While true, every commit throws as for a full disk.</summary>
    public bool Failing { get; set; }

    /// <summary>While true, every message is refused for good.</summary>
    public bool Refusing { get; set; }

    public StoreHealth Health => new(!Failing, "", 0);

    /// <summary>From now on commits that carry something wait until <see cref="Release"/>.</summary>
    public void Hold()
    {
        hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Release() => hold?.TrySetResult();

    /// <summary>Completes when a held commit has begun.</summary>
    public Task Entered => entered.Task.WaitAsync(TestNode.Patience);

    public async ValueTask<CommitReport> CommitAsync(IReadOnlyList<TelemetryWrite> writes, CancellationToken cancellationToken)
    {
        if (writes.Count > 0 && hold is { } waiting)
        {
            entered.TrySetResult();
            await waiting.Task;
        }
        if (Failing)
            throw new TelemetryStoreException("No space left on device.");
        lock (gate)
        {
            var repeated = new HashSet<object>(ReferenceEqualityComparer.Instance);
            foreach (var write in writes)
                Take(write, repeated);
            return new CommitReport(++commits, 0, repeated.Count, time.GetUtcNow()) { RepeatedRecords = repeated };
        }
    }

    public ValueTask<IReadOnlyList<SourceProgress>> ProgressAsync(TenantId tenant, string? source, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return ValueTask.FromResult<IReadOnlyList<SourceProgress>>(
                [.. seen.Where(s => s.Key.Source == source).Select(s => new SourceProgress(s.Key.Source, s.Key.Stream, [.. s.Value.Intervals]))]);
        }
    }

    public ValueTask<IReadOnlyList<StoredGap>> GapsAsync(TenantId tenant, string? source, long? before, int limit, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return ValueTask.FromResult<IReadOnlyList<StoredGap>>(
                [.. Gaps.Select((g, i) => new StoredGap(i, default, g)).Where(g => g.Gap.Source == source && (before is null || g.Position < before)).Reverse().Take(limit)]);
        }
    }

    public ValueTask<IReadOnlyList<Reading>> ReadAsync(TenantId tenant, ReadingRange range, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<AggregateRow>> AggregateAsync(
        TenantId tenant, ReadingRange range, long every, IReadOnlyList<AggregateFunction> functions, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<Strata.Core.Metering.UsageHour>> UsageAsync(TenantId tenant, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask<long> CountAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return ValueTask.FromResult(Readings.LongCount(r => device is null || r.Device == device));
        }
    }

    public ValueTask<IReadOnlyList<Reading>> LatestAsync(TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<WindowRecord>> WindowsAsync(TenantId tenant, WindowRange range, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<StoredEvent>> EventsAsync(TenantId tenant, EventRange range, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<StoreTotals> TotalsAsync(TenantId tenant, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<CommittedRows> CommittedAfterAsync(TenantId tenant, long after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<long> RetainAsync(RetentionPolicy policy, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<long> EraseAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask ScrubAsync(TenantId tenant, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync()
    {
        Release();
        return ValueTask.CompletedTask;
    }

    private void Take(TelemetryWrite write, HashSet<object> repeated)
    {
        if (write.Readings is { } batch)
            Take(batch, write.Gateway);
        foreach (var window in write.Windows)
            Take(window, Windows, repeated);
        foreach (var happened in write.Events)
            Take(happened, Events, repeated);
        foreach (var gap in write.Gaps)
            Take(gap, Gaps, repeated);
        foreach (var stamp in write.Seen)
            IsNew(stamp);
    }

    private void Take(ReadingBatch batch, GatewayId? gateway)
    {
        for (var i = 0; i < batch.MessageCount; i++)
        {
            var message = batch.Messages[i];
            var outcome = Refusing ? MessageOutcome.Refused : IsNew(message.Stamp) ? MessageOutcome.Stored : MessageOutcome.Repeated;
            batch.SetOutcome(i, outcome);
            for (var row = message.Start; outcome == MessageOutcome.Stored && row < message.Start + message.Count; row++)
            {
                Readings.Add(batch[row]);
                Origins.Add((batch[row], gateway));
            }
        }
    }

    private void Take<T>(Stamped<T> item, List<T> to, HashSet<object> repeated)
        where T : class
    {
        if (IsNew(item.Stamp))
            to.Add(item.Record);
        else
            repeated.Add(item.Record);
    }

    private bool IsNew(SourceStamp? stamp)
    {
        if (stamp is not { } s)
            return true;
        if (!seen.TryGetValue((s.Source, s.Stream), out var numbers))
            seen[(s.Source, s.Stream)] = numbers = new IntervalSet();
        return numbers.Add(s.Number);
    }
}
