using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Tests;

/// <summary>A store for the writer's tests: commits wait at a gate, fail on demand, and are counted. It answers no queries but the latest values given.</summary>
internal sealed class GatedStore : ITelemetryStore
{
    private readonly TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long commit;

    /// <summary>Writes of each commit.</summary>
    public List<int> Groups { get; } = [];

    public Func<TelemetryWrite, bool> Refuse { get; set; } = _ => false;

    public volatile bool Failing;

    public IReadOnlyList<Reading> Latest { get; set; } = [];

    public int LatestQueries { get; private set; }

    /// <summary>The first commit has begun.</summary>
    public Task Entered => entered.Task;

    public StoreHealth Health => new(!Failing, "", 0);

    public void Open() => gate.TrySetResult();

    public async ValueTask<CommitReport> CommitAsync(IReadOnlyList<TelemetryWrite> writes, CancellationToken cancellationToken)
    {
        var count = writes.Count;
        entered.TrySetResult();
        await gate.Task;
        if (Failing)
            throw new TelemetryStoreException("the disk is full");
        if (writes.Any(Refuse))
            throw new ArgumentException("malformed");
        Groups.Add(count);
        return new CommitReport(++commit, count, 0, DateTimeOffset.UnixEpoch);
    }

    public ValueTask<IReadOnlyList<Reading>> LatestAsync(TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken)
    {
        LatestQueries++;
        return ValueTask.FromResult<IReadOnlyList<Reading>>([.. Latest.Where(r => devices.Count == 0 || devices.Contains(r.Device))]);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public ValueTask<IReadOnlyList<Reading>> ReadAsync(TenantId tenant, ReadingRange range, CancellationToken cancellationToken) => throw Never();

    public ValueTask<IReadOnlyList<AggregateRow>> AggregateAsync(
        TenantId tenant, ReadingRange range, long every, IReadOnlyList<AggregateFunction> functions, CancellationToken cancellationToken) => throw Never();

    public ValueTask<IReadOnlyList<Strata.Core.Metering.UsageHour>> UsageAsync(TenantId tenant, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) => throw Never();

    public ValueTask<long> CountAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken) => throw Never();

    public ValueTask<IReadOnlyList<Strata.Core.Dataflow.WindowRecord>> WindowsAsync(TenantId tenant, WindowRange range, CancellationToken cancellationToken) => throw Never();

    public ValueTask<IReadOnlyList<StoredEvent>> EventsAsync(TenantId tenant, EventRange range, CancellationToken cancellationToken) => throw Never();

    public ValueTask<IReadOnlyList<StoredGap>> GapsAsync(TenantId tenant, string? source, long? before, int limit, CancellationToken cancellationToken) => throw Never();

    public ValueTask<IReadOnlyList<SourceProgress>> ProgressAsync(TenantId tenant, string? source, CancellationToken cancellationToken) => throw Never();

    public ValueTask<StoreTotals> TotalsAsync(TenantId tenant, CancellationToken cancellationToken) => throw Never();

    public ValueTask<CommittedRows> CommittedAfterAsync(TenantId tenant, long after, int limit, CancellationToken cancellationToken) => throw Never();

    public ValueTask<long> RetainAsync(RetentionPolicy policy, CancellationToken cancellationToken) => throw Never();

    public ValueTask<long> EraseAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken) => throw Never();

    public ValueTask ScrubAsync(TenantId tenant, CancellationToken cancellationToken) => throw Never();

    private static NotSupportedException Never() => new("The writer and the latest values do not ask this.");
}
