using System.Collections.Concurrent;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Node.Ingest;

/// <summary>How the newest report of one metric of one device came to this node and through it.</summary>
/// <param name="ReadingTime">The reading's own time, microseconds.</param>
/// <param name="Sampled">When the source took it, by its clock; null when it did not say.</param>
/// <param name="Suppressed">Samples suppressed at the source since the report before, as it said; null when it did not.</param>
/// <param name="Gateway">The gateway that handed it over; null when the device talks to this node.</param>
/// <param name="Origin">The gateway that heard the device, when another than <paramref name="Gateway"/>.</param>
/// <param name="Stamp">The batch's or uplink entry's number, when it had one.</param>
/// <param name="Received">When its bytes had arrived here.</param>
/// <param name="Committed">When it was durable here.</param>
public readonly record struct HopRecord(
    long ReadingTime, DateTimeOffset? Sampled, long? Suppressed, bool Immediate, GatewayId? Gateway, GatewayId? Origin, SourceStamp? Stamp,
    DateTimeOffset Received, DateTimeOffset Committed);

/// <summary>
/// The newest <see cref="HopRecord"/> of each metric of each device, for tracing. In memory and bounded: when full, the sixteenth not
/// reported for longest goes. Safe from any thread.
/// </summary>
/// <param name="capacity">Series at most; 100,000 take about 30 MB.</param>
public sealed class HopLog(int capacity = HopLog.DefaultCapacity)
{
    public const int DefaultCapacity = 100_000;

    private readonly ConcurrentDictionary<(TenantId, DeviceId, MetricName), HopSlot> slots = new();
    private readonly Lock making = new();
    private int count;

    public int Count => Volatile.Read(ref count);

    public bool TryGet(TenantId tenant, DeviceId device, MetricName metric, out HopRecord record)
    {
        record = default;
        return slots.TryGetValue((tenant, device, metric), out var slot) && slot.TryRead(out record);
    }

    public void Record(TenantId tenant, DeviceId device, MetricName metric, in HopRecord record) => Slot(tenant, device, metric).Write(record);

    /// <summary>The place of one series. A connection may keep it and write to it until <see cref="HopSlot.Evicted"/>.</summary>
    internal HopSlot Slot(TenantId tenant, DeviceId device, MetricName metric)
    {
        var key = (tenant, device, metric);
        if (slots.TryGetValue(key, out var slot))
            return slot;
        lock (making)
        {
            if (slots.TryGetValue(key, out slot))
                return slot;
            if (count >= capacity)
                Evict();
            slots[key] = slot = new HopSlot();
            count++;
            return slot;
        }
    }

    private void Evict()
    {
        foreach (var (key, slot) in slots.OrderBy(s => s.Value.Written).Take(Math.Max(1, capacity / 16)).ToList())
        {
            slot.Evicted = true;
            if (slots.TryRemove(key, out _))
                count--;
        }
    }
}

/// <summary>One series of a <see cref="HopLog"/>; overwritten in place.</summary>
internal sealed class HopSlot
{
    private readonly Lock writing = new();
    private HopRecord record;
    private bool written;

    /// <summary>True when the log has dropped the series; ask it for a new slot.</summary>
    public volatile bool Evicted;

    public DateTimeOffset Written
    {
        get
        {
            lock (writing)
                return record.Committed;
        }
    }

    /// <summary>Keeps the record unless a newer one (by commit) stands.</summary>
    public void Write(in HopRecord next)
    {
        lock (writing)
        {
            if (written && next.Committed < record.Committed)
                return;
            record = next;
            written = true;
        }
    }

    public bool TryRead(out HopRecord copy)
    {
        lock (writing)
            copy = record;
        return written;
    }
}
