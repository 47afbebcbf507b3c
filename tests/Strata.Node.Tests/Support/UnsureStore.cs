using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry;

namespace Strata.Node.Tests.Support;

/// <summary>Whether a store says that it does not know a commit's outcome, and what it did.</summary>
internal enum Unsure
{
    No,
    Stored,
    NotStored,
}

/// <summary>Another store whose commits that carry something fail when told to: after they were stored, or before.</summary>
internal sealed class UnsureStore(ITelemetryStore store) : ITelemetryStore
{
    public Unsure Unsure { get; set; }

    public StoreHealth Health => store.Health;

    public async ValueTask<CommitReport> CommitAsync(IReadOnlyList<TelemetryWrite> writes, CancellationToken cancellationToken)
    {
        if (writes.Count == 0 || Unsure == Unsure.No)
            return await store.CommitAsync(writes, cancellationToken);
        if (Unsure == Unsure.Stored)
            await store.CommitAsync(writes, cancellationToken);
        throw new TelemetryStoreException("The connection was lost before the commit was answered.");
    }

    /// <summary>The other store is its owner's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public ValueTask<IReadOnlyList<Reading>> ReadAsync(TenantId tenant, ReadingRange range, CancellationToken cancellationToken) => store.ReadAsync(tenant, range, cancellationToken);

    public ValueTask<IReadOnlyList<AggregateRow>> AggregateAsync(
        TenantId tenant, ReadingRange range, long every, IReadOnlyList<AggregateFunction> functions, CancellationToken cancellationToken) =>
        store.AggregateAsync(tenant, range, every, functions, cancellationToken);

    public ValueTask<IReadOnlyList<UsageHour>> UsageAsync(TenantId tenant, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) =>
        store.UsageAsync(tenant, since, until, cancellationToken);

    public ValueTask<long> CountAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken) => store.CountAsync(tenant, device, cancellationToken);

    public ValueTask<IReadOnlyList<Reading>> LatestAsync(TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken) =>
        store.LatestAsync(tenant, devices, cancellationToken);

    public ValueTask<IReadOnlyList<WindowRecord>> WindowsAsync(TenantId tenant, WindowRange range, CancellationToken cancellationToken) => store.WindowsAsync(tenant, range, cancellationToken);

    public ValueTask<IReadOnlyList<StoredEvent>> EventsAsync(TenantId tenant, EventRange range, CancellationToken cancellationToken) => store.EventsAsync(tenant, range, cancellationToken);

    public ValueTask<IReadOnlyList<StoredGap>> GapsAsync(TenantId tenant, string? source, long? before, int limit, CancellationToken cancellationToken) =>
        store.GapsAsync(tenant, source, before, limit, cancellationToken);

    public ValueTask<IReadOnlyList<SourceProgress>> ProgressAsync(TenantId tenant, string? source, CancellationToken cancellationToken) => store.ProgressAsync(tenant, source, cancellationToken);

    public ValueTask<StoreTotals> TotalsAsync(TenantId tenant, CancellationToken cancellationToken) => store.TotalsAsync(tenant, cancellationToken);

    public ValueTask<CommittedRows> CommittedAfterAsync(TenantId tenant, long after, int limit, CancellationToken cancellationToken) =>
        store.CommittedAfterAsync(tenant, after, limit, cancellationToken);

    public ValueTask<long> RetainAsync(RetentionPolicy policy, CancellationToken cancellationToken) => store.RetainAsync(policy, cancellationToken);

    public ValueTask<long> EraseAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken) => store.EraseAsync(tenant, device, cancellationToken);

    public ValueTask ScrubAsync(TenantId tenant, CancellationToken cancellationToken) => store.ScrubAsync(tenant, cancellationToken);
}
