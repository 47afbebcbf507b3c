using System.Runtime.CompilerServices;
using System.Text;
using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Telemetry;
using Strata.Mqtt;
using Strata.Node.Devices;
using Strata.Node.Identity;
using Strata.Node.Metering;

namespace Strata.Node.Ingest;

/// <summary>
/// One MQTT connection of a device: the host's state of it. <see cref="Open"/>, <see cref="Stream"/> and the slots of metrics belong to the connection's
/// read loop and, for the slots, to the writer's loop.
/// </summary>
internal sealed class DeviceConnection(DeviceEntry entry, int maxBursts, TenantMeter meter)
{
    /// <summary>Hop slots remembered per connection; a device with more metrics looks the others up each time.</summary>
    private const int MaxKnownSlots = 32;

    private static long last;

    private (MetricName Metric, HopSlot Slot)[] slots = [];
    private int failed;
    private int renewing;
    private volatile StrongBox<DeviceRights> rights = new(entry.Rights);

    public DeviceEntry Entry { get; } = entry;

    /// <summary>No other connection of this node has it.</summary>
    public long Number { get; } = Interlocked.Increment(ref last);

    /// <summary>What the device may do now; follows the state of its life.</summary>
    public DeviceRights Rights
    {
        get => rights.Value;
        set => rights = new StrongBox<DeviceRights>(value);
    }

    /// <summary>Of its tenant.</summary>
    public TenantMeter Meter { get; } = meter;

    /// <summary><c>devices/{id}/</c>.</summary>
    public string TopicText => $"devices/{Entry.Device.Value}/";

    /// <summary>The same in UTF-8.</summary>
    public byte[] TopicPrefix { get; } = Encoding.UTF8.GetBytes($"devices/{entry.Device.Value}/");

    /// <summary>To which of its own topics it is held; null for all of them.</summary>
    public TopicRules? Topics { get; init; }

    /// <summary>Whether it may publish to this topic below its own.</summary>
    public bool MayPublish(ReadOnlySpan<byte> rest)
    {
        if (Topics is null)
            return true;
        Span<char> text = rest.Length <= 512 ? stackalloc char[512] : new char[rest.Length];
        return Encoding.UTF8.TryGetChars(rest, text, out var length) && Topics.MayPublish(text[..length]);
    }

    /// <summary>By which certificate it connected; null for a secret.</summary>
    public CertificateVerdict? Certificate { get; init; }

    /// <summary>Set when the engine has accepted the connection.</summary>
    public MqttClient? Client { get; set; }

    /// <summary>The burst being gathered; null between bursts.</summary>
    public TelemetryBurst? Open { get; set; }

    /// <summary>The last stream named in a <c>strata-batch</c>.</summary>
    public string? Stream;

    /// <summary>Bursts that may still be handed to the writer.</summary>
    public SemaphoreSlim InFlight { get; } = new(maxBursts, maxBursts);

    /// <summary>Its tenant's counters, once they are known.</summary>
    public TenantService? Service { get; set; }

    /// <summary>When <see cref="IDeviceActivity.Heard"/> was told last; the writer's loop only.</summary>
    public DateTimeOffset LastHeard { get; set; }

    /// <summary>True once a commit failed or the device was revoked: what arrives after it is neither decoded nor acknowledged.</summary>
    public bool IsFailed => Volatile.Read(ref failed) != 0;

    /// <summary>True for the first caller.</summary>
    public bool Fail() => Interlocked.Exchange(ref failed, 1) == 0;

    /// <summary>One request for the next certificate at a time; false while one is under way.</summary>
    public bool TryBeginRenewal() => Interlocked.Exchange(ref renewing, 1) == 0;

    public void EndRenewal() => Volatile.Write(ref renewing, 0);

    /// <summary>The hop slot of one metric. On the writer's loop only.</summary>
    public HopSlot Slot(HopLog log, MetricName metric)
    {
        for (var i = 0; i < slots.Length; i++)
        {
            if (!ReferenceEquals(slots[i].Metric.Value, metric.Value))
                continue;
            if (slots[i].Slot.Evicted)
                slots[i].Slot = log.Slot(Entry.Tenant, Entry.Device, metric);
            return slots[i].Slot;
        }
        var slot = log.Slot(Entry.Tenant, Entry.Device, metric);
        if (slots.Length < MaxKnownSlots)
            slots = [.. slots, (metric, slot)];
        return slot;
    }
}
