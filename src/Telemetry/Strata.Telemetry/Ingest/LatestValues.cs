using System.Collections.Concurrent;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Ingest;

/// <summary>
/// The newest value of each metric, in memory. Updated by commits before they are acknowledged; a device's older metrics are fetched from the store once, when
/// it is first asked for, or all at once by <see cref="WarmAsync"/>. Bounded: the devices least recently written or asked for make room and are fetched again.
/// Safe for use by any number of threads.
/// </summary>
public sealed class LatestValues(ITelemetryStore store, IngestOptions options, TimeProvider time) : ICommitObserver
{
    private readonly ConcurrentDictionary<(TenantId, DeviceId), DeviceValues> devices = new();
    private readonly HashSet<TenantId> whole = [];
    private readonly Lock gate = new();
    private long forgotten;
    private long erased;
    private int count;

    /// <summary>Values held.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>From memory alone: false also when the device was not yet asked for with <see cref="OfAsync(TenantId, DeviceId, CancellationToken)"/> and has sent nothing since start.</summary>
    public bool TryGet(TenantId tenant, DeviceId device, MetricName metric, out Reading reading)
    {
        if (devices.TryGetValue((tenant, device), out var values))
            return values.TryGet(metric, out reading);
        reading = default;
        return false;
    }

    /// <summary>Whether all of the device's newest values are in memory, so that asking for them does not touch the store.</summary>
    public bool Holds(TenantId tenant, DeviceId device) => devices.TryGetValue((tenant, device), out var values) && values.Complete;

    /// <summary>All newest values of a device, in order of metric names. Completes at once except when the device is asked for first.</summary>
    public ValueTask<IReadOnlyList<Reading>> OfAsync(TenantId tenant, DeviceId device, CancellationToken cancellationToken) =>
        devices.TryGetValue((tenant, device), out var values) && values.Complete
            ? ValueTask.FromResult<IReadOnlyList<Reading>>(values.Copy(time.GetTimestamp()))
            : LoadAsync(tenant, [device], cancellationToken);

    /// <summary>All newest values of several devices, device by device in the order asked. Those not in memory are fetched with one query.</summary>
    public ValueTask<IReadOnlyList<Reading>> OfAsync(TenantId tenant, IReadOnlyList<DeviceId> wanted, CancellationToken cancellationToken) =>
        LoadAsync(tenant, wanted, cancellationToken);

    /// <summary>
    /// Fetches all newest values of a tenant with one query, so that no first question touches the store: from then on a device that is new here is new in the store.
    /// That ends when devices must make room; with more series than the room it never begins.
    /// </summary>
    public async Task WarmAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        long before, erasedBefore;
        lock (gate)
            (before, erasedBefore) = (forgotten, erased);
        var now = time.GetTimestamp();
        foreach (var reading in await store.LatestAsync(tenant, [], cancellationToken))
        {
            if (Count >= options.MaxLatestValues)
                return;
            if (devices.GetOrAdd((tenant, reading.Device), static _ => new DeviceValues()).Put(reading, standing: false, now))
                Interlocked.Increment(ref count);
        }
        lock (gate)
        {
            if (forgotten != before)
                return;
            if (erased != erasedBefore)
            {
                // What was fetched may be erased since: devices are fetched when they are asked for.
                foreach (var key in devices.Keys.Where(k => k.Item1 == tenant))
                    if (devices.TryRemove(key, out var values))
                        Interlocked.Add(ref count, -values.Count);
                return;
            }
            whole.Add(tenant);
            foreach (var (key, values) in devices)
                values.Complete |= key.Item1 == tenant;
        }
    }

    /// <summary>Forgets a device whose readings were erased from the store.</summary>
    public void Forget(TenantId tenant, DeviceId device)
    {
        lock (gate)
            erased++; // Who is asking the store meanwhile asks again.
        if (devices.TryRemove((tenant, device), out var values))
            Interlocked.Add(ref count, -values.Count);
    }

    public void OnCommitted(IReadOnlyList<TelemetryWrite> writes, CommitReport report)
    {
        var now = time.GetTimestamp();
        foreach (var write in writes)
            if (write.Readings is { } batch)
                foreach (var message in batch.Messages)
                    if (message.Outcome == MessageOutcome.Stored)
                        Observe(write.Tenant, batch, message, now);
        if (Count > options.MaxLatestValues)
            MakeRoom();
    }

    private void Observe(TenantId tenant, ReadingBatch batch, BatchMessage message, long now)
    {
        DeviceValues? values = null;
        DeviceId current = default;
        for (var row = message.Start; row < message.Start + message.Count; row++)
        {
            var device = batch.Devices[row];
            if (values is null || device != current)
            {
                values = ForWriting(tenant, device);
                current = device;
            }
            if (values.Put(batch[row], standing: true, now))
                Interlocked.Increment(ref count);
        }
    }

    private DeviceValues ForWriting(TenantId tenant, DeviceId device)
    {
        if (devices.TryGetValue((tenant, device), out var known))
            return known;
        lock (gate)
            return devices.GetOrAdd((tenant, device), _ => new DeviceValues { Complete = whole.Contains(tenant) });
    }

    private async ValueTask<IReadOnlyList<Reading>> LoadAsync(TenantId tenant, IReadOnlyList<DeviceId> wanted, CancellationToken cancellationToken)
    {
        var before = Volatile.Read(ref erased);
        var missing = wanted.Where(d => !devices.TryGetValue((tenant, d), out var values) || !values.Complete).ToArray();
        var now = time.GetTimestamp();
        // Made before asking, so that what is committed meanwhile is not missed; what the store says loses against it at the same time.
        foreach (var device in missing)
            devices.GetOrAdd((tenant, device), static _ => new DeviceValues());
        if (missing.Length > 0)
        {
            foreach (var reading in await store.LatestAsync(tenant, missing, cancellationToken))
                if (devices.GetOrAdd((tenant, reading.Device), static _ => new DeviceValues()).Put(reading, standing: false, now))
                    Interlocked.Increment(ref count);
            foreach (var device in missing)
                if (devices.TryGetValue((tenant, device), out var values))
                    values.Complete = true;
        }
        if (missing.Length > 0 && Volatile.Read(ref erased) != before)
        {
            // What the store said may be erased since.
            foreach (var device in missing)
                Forget(tenant, device);
            return await LoadAsync(tenant, wanted, cancellationToken);
        }
        var result = new List<Reading>();
        foreach (var device in wanted)
            if (devices.TryGetValue((tenant, device), out var values))
                result.AddRange(values.Copy(now));
        if (Count > options.MaxLatestValues)
            MakeRoom();
        return result;
    }

    /// <summary>Forgets the least recently used devices until an eighth of the room is free.</summary>
    private void MakeRoom()
    {
        var goal = options.MaxLatestValues - options.MaxLatestValues / 8;
        lock (gate)
        {
            forgotten++;
            whole.Clear();
        }
        foreach (var (key, values) in devices.ToArray().OrderBy(d => d.Value.Used))
        {
            if (Count <= goal)
                return;
            if (devices.TryRemove(key, out _))
                Interlocked.Add(ref count, -values.Count);
        }
    }

    /// <summary>One device's metrics, few, in name order.</summary>
    private sealed class DeviceValues
    {
        private readonly Lock gate = new();
        private readonly List<Reading> readings = [];
        private volatile bool complete;
        private long used;

        /// <summary>Whether the store was asked for the device's older metrics.</summary>
        public bool Complete
        {
            get => complete;
            set => complete = value;
        }

        public long Used => Volatile.Read(ref used);

        public int Count
        {
            get
            {
                lock (gate)
                    return readings.Count;
            }
        }

        public bool TryGet(MetricName metric, out Reading reading)
        {
            lock (gate)
            {
                var at = IndexOf(metric);
                reading = at < 0 ? default : readings[at];
                return at >= 0;
            }
        }

        /// <summary>True when the metric is new.</summary>
        public bool Put(in Reading reading, bool standing, long now)
        {
            lock (gate)
            {
                used = now;
                var at = IndexOf(reading.Metric);
                if (at < 0)
                {
                    readings.Insert(~at, reading);
                    return true;
                }
                if (reading.Time > readings[at].Time || (standing && reading.Time == readings[at].Time))
                    readings[at] = reading;
                return false;
            }
        }

        public Reading[] Copy(long now)
        {
            lock (gate)
            {
                used = now;
                return [.. readings];
            }
        }

        private int IndexOf(MetricName metric)
        {
            int low = 0, high = readings.Count - 1;
            while (low <= high)
            {
                var middle = (low + high) / 2;
                var order = string.CompareOrdinal(readings[middle].Metric.Value, metric.Value);
                if (order == 0)
                    return middle;
                if (order < 0)
                    low = middle + 1;
                else
                    high = middle - 1;
            }
            return ~low;
        }
    }
}
