using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Transfer;

namespace Strata.Cloud.Tests.Isolation;

/// <summary>A store whose disk has gone: nothing is committed, and there is nothing to read.</summary>
internal sealed class FailingStore(string folder) : ITransferStore
{
    private TelemetryStoreException Gone => new($"the disk has gone ({folder})");

    public StoreHealth Health => new(false, Gone.Message, 0);

    public Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask<CommitReport> CommitAsync(IReadOnlyList<TelemetryWrite> writes, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<IReadOnlyList<Reading>> ReadAsync(TenantId tenant, ReadingRange range, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<IReadOnlyList<AggregateRow>> AggregateAsync(TenantId tenant, ReadingRange range, long every, IReadOnlyList<AggregateFunction> functions, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<IReadOnlyList<UsageHour>> UsageAsync(TenantId tenant, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<long> CountAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<IReadOnlyList<Reading>> LatestAsync(TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<IReadOnlyList<WindowRecord>> WindowsAsync(TenantId tenant, WindowRange range, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<IReadOnlyList<StoredEvent>> EventsAsync(TenantId tenant, EventRange range, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<IReadOnlyList<StoredGap>> GapsAsync(TenantId tenant, string? source, long? before, int limit, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<IReadOnlyList<SourceProgress>> ProgressAsync(TenantId tenant, string? source, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<StoreTotals> TotalsAsync(TenantId tenant, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<CommittedRows> CommittedAfterAsync(TenantId tenant, long after, int limit, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<long> RetainAsync(RetentionPolicy policy, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<long> EraseAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken) => throw Gone;

    public ValueTask ScrubAsync(TenantId tenant, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<long> LastCommitAsync(TenantId tenant, CancellationToken cancellationToken) => throw Gone;

    public ValueTask<IReadOnlyList<CommitTime>> ArrivalsAsync(TenantId tenant, long after, long upTo, CancellationToken cancellationToken) => throw Gone;

    public Task BringAsync(TenantId tenant, TenantRest rest, CancellationToken cancellationToken) => throw Gone;

    public Task<long> RemoveAsync(TenantId tenant, CancellationToken cancellationToken) => throw Gone;

    public void HoldRetention(bool hold)
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
