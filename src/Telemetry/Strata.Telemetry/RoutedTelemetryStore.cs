using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Strata.Core.Devices;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Telemetry.DuckDb;
using Strata.Telemetry.Transfer;

namespace Strata.Telemetry;

/// <summary>
/// The shared store, and stores of tenants that have their own: everybody asks this one and nobody knows. Stores of tenants are files in folders of theirs, or databases, opened when the tenant is placed.
/// </summary>
public sealed class RoutedTelemetryStore(ITelemetryStore shared, TimeProvider time, ILogger<DuckDbTelemetryStore> logger, IDeviceClasses? classes = null) : ITelemetryStore
{
    /// <summary>Memory for the cache and queries of a tenant's own store, MiB.</summary>
    private const int OwnMemoryMiB = 64;

    private volatile ImmutableDictionary<TenantId, ITransferStore> own = ImmutableDictionary<TenantId, ITransferStore>.Empty;

    /// <summary>How tenants are taken out of the shared store; null where that cannot be done.</summary>
    public ITenantMoves? Moves => shared as ITenantMoves;

    /// <summary>That of the shared store; a fault of a tenant's own is said and does not stop the others.</summary>
    public StoreHealth Health
    {
        get
        {
            var health = shared.Health;
            var faults = own.Where(o => !o.Value.Health.CanCommit).Select(o => $"{o.Key}: {o.Value.Health.Detail}").ToList();
            return health with { Detail = string.Join(' ', faults.Prepend(health.Detail)).Trim(), Bytes = health.Bytes + own.Values.Sum(s => s.Health.Bytes) };
        }
    }

    /// <summary>The shared store, as what tenants are brought into and taken out of.</summary>
    public ITransferStore Shared => (ITransferStore)shared;

    /// <summary>The tenants' own stores that cannot commit, and why.</summary>
    public IReadOnlyList<(TenantId Tenant, string Fault)> Faults => [.. own.Where(o => !o.Value.Health.CanCommit).Select(o => (o.Key, o.Value.Health.Detail))];

    /// <summary>The store in which the tenant is.</summary>
    public ITransferStore StoreOf(TenantId tenant) => own.TryGetValue(tenant, out var store) ? store : Shared;

    public bool IsApart(TenantId tenant) => own.ContainsKey(tenant);

    /// <summary>Opens a tenant's own store and leads everything of the tenant there from now on.</summary>
    /// <exception cref="TelemetryStoreException">It cannot be opened; nothing has changed.</exception>
    public Task PlaceAsync(TenantId tenant, string folder, CancellationToken cancellationToken) => PlaceAsync(tenant, () => InFolder(folder), cancellationToken);

    /// <summary>The same with a store of another kind.</summary>
    public async Task PlaceAsync(TenantId tenant, Func<ITransferStore> create, CancellationToken cancellationToken)
    {
        if (own.ContainsKey(tenant))
            return;
        var store = create();
        try
        {
            await store.OpenAsync(cancellationToken);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
        own = own.SetItem(tenant, store);
    }

    /// <summary>A tenant's own store in files, not open yet.</summary>
    public ITransferStore InFolder(string folder) =>
        new DuckDbTelemetryStore(new TelemetryStoreOptions { Folder = folder, MemoryLimitMiB = OwnMemoryMiB, Threads = 1, MaxReaders = 2 }, time, logger, classes);

    /// <summary>Closes a tenant's own store; its files stay.</summary>
    public async Task CloseAsync(TenantId tenant)
    {
        if (!own.TryGetValue(tenant, out var store))
            return;
        own = own.Remove(tenant);
        await store.DisposeAsync();
    }

    public ValueTask<CommitReport> CommitAsync(IReadOnlyList<TelemetryWrite> writes, CancellationToken cancellationToken)
    {
        var places = own;
        if (places.IsEmpty || writes.Count == 0)
            return shared.CommitAsync(writes, cancellationToken);
        var first = Of(writes[0].Tenant);
        for (var i = 1; i < writes.Count; i++)
            if (Of(writes[i].Tenant) != first)
                return CommitToSeveralAsync(writes, cancellationToken);
        return first.CommitAsync(writes, cancellationToken);
    }

    public ValueTask<IReadOnlyList<Reading>> ReadAsync(TenantId tenant, ReadingRange range, CancellationToken cancellationToken) => Of(tenant).ReadAsync(tenant, range, cancellationToken);

    public ValueTask<IReadOnlyList<AggregateRow>> AggregateAsync(
        TenantId tenant, ReadingRange range, long every, IReadOnlyList<AggregateFunction> functions, CancellationToken cancellationToken) =>
        Of(tenant).AggregateAsync(tenant, range, every, functions, cancellationToken);

    public ValueTask<IReadOnlyList<UsageHour>> UsageAsync(TenantId tenant, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellationToken) =>
        Of(tenant).UsageAsync(tenant, since, until, cancellationToken);

    public ValueTask<long> CountAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken) => Of(tenant).CountAsync(tenant, device, cancellationToken);

    public ValueTask<IReadOnlyList<Reading>> LatestAsync(TenantId tenant, IReadOnlyList<DeviceId> devices, CancellationToken cancellationToken) => Of(tenant).LatestAsync(tenant, devices, cancellationToken);

    public ValueTask<IReadOnlyList<Core.Dataflow.WindowRecord>> WindowsAsync(TenantId tenant, WindowRange range, CancellationToken cancellationToken) => Of(tenant).WindowsAsync(tenant, range, cancellationToken);

    public ValueTask<IReadOnlyList<StoredEvent>> EventsAsync(TenantId tenant, EventRange range, CancellationToken cancellationToken) => Of(tenant).EventsAsync(tenant, range, cancellationToken);

    public ValueTask<IReadOnlyList<StoredGap>> GapsAsync(TenantId tenant, string? source, long? before, int limit, CancellationToken cancellationToken) =>
        Of(tenant).GapsAsync(tenant, source, before, limit, cancellationToken);

    public ValueTask<IReadOnlyList<SourceProgress>> ProgressAsync(TenantId tenant, string? source, CancellationToken cancellationToken) => Of(tenant).ProgressAsync(tenant, source, cancellationToken);

    public ValueTask<StoreTotals> TotalsAsync(TenantId tenant, CancellationToken cancellationToken) => Of(tenant).TotalsAsync(tenant, cancellationToken);

    public ValueTask<CommittedRows> CommittedAfterAsync(TenantId tenant, long after, int limit, CancellationToken cancellationToken) => Of(tenant).CommittedAfterAsync(tenant, after, limit, cancellationToken);

    /// <summary>In each store; the bound of size holds for each.</summary>
    public async ValueTask<long> RetainAsync(RetentionPolicy policy, CancellationToken cancellationToken)
    {
        var dropped = await shared.RetainAsync(policy, cancellationToken);
        foreach (var store in own.Values)
            dropped += await store.RetainAsync(policy, cancellationToken);
        return dropped;
    }

    public ValueTask<long> EraseAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken) => Of(tenant).EraseAsync(tenant, device, cancellationToken);

    public ValueTask ScrubAsync(TenantId tenant, CancellationToken cancellationToken) => Of(tenant).ScrubAsync(tenant, cancellationToken);

    /// <summary>Closes the tenants' own stores; the shared one is its owner's.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var tenant in own.Keys)
            await CloseAsync(tenant);
    }

    private ITelemetryStore Of(TenantId tenant) => own.TryGetValue(tenant, out var store) ? store : shared;

    /// <summary>Each store's part is a transaction of its own: after a failure some may be stored, as after any whose outcome is unknown.</summary>
    private async ValueTask<CommitReport> CommitToSeveralAsync(IReadOnlyList<TelemetryWrite> writes, CancellationToken cancellationToken)
    {
        CommitReport? whole = null;
        foreach (var part in writes.GroupBy(w => Of(w.Tenant)))
        {
            var report = await part.Key.CommitAsync([.. part], cancellationToken);
            whole = whole is null ? report : whole with
            {
                Stored = whole.Stored + report.Stored, Repeated = whole.Repeated + report.Repeated, Refused = whole.Refused + report.Refused, Time = report.Time,
                RepeatedRecords = whole.RepeatedRecords is null ? report.RepeatedRecords : new HashSet<object>(whole.RepeatedRecords.Concat(report.RepeatedRecords ?? new HashSet<object>()), ReferenceEqualityComparer.Instance),
            };
        }
        return whole!;
    }
}
