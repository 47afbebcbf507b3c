using System.Buffers;
using System.Runtime.InteropServices;
using Strata.Core.Dataflow;
using Strata.Core.Dataflow.Uplink;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Forwarding;

namespace Strata.Fog.Uplink;

/// <summary>Gathers the records of one append to the uplink's log. For one thread; emptied by <see cref="Take"/>.</summary>
internal sealed class EntryBuilder(GatewayId self)
{
    private const int MaxReadings = 100;
    private const int MaxTextLength = 8_192;

    private readonly ArrayBufferWriter<byte> buffer = new(4096);
    private readonly Dictionary<(DeviceId Device, GatewayId? Origin, long Sampled, bool Health), List<Reading>> open = [];
    private readonly List<ForwardRecord> records = [];
    private readonly HashSet<string> placed = [];

    /// <summary>Adds a reading; those of one device go into one entry as far as they are alike.</summary>
    /// <param name="sampled">For an immediate reading: when it was taken, microseconds; 0 otherwise.</param>
    public void Add(in Reading reading, GatewayId? origin, long sampled)
    {
        var key = (reading.Device, origin, sampled, reading.Metric.IsHealth);
        ref var readings = ref CollectionsMarshal.GetValueRefOrAddDefault(open, key, out _);
        readings ??= [];
        readings.Add(reading);
        if (readings.Count < MaxReadings && (reading.Value.Text?.Length ?? 0) < MaxTextLength)
            return;
        Write(key, readings);
        open.Remove(key);
    }

    /// <param name="covered">Readings that it covers and no revision before.</param>
    public void Add(WindowRecord window, long covered)
    {
        var own = window.Gateway == self;
        buffer.ResetWrittenCount();
        UplinkEntryWriter.WriteWindow(buffer, window, withSite: !own || placed.Add(window.Group), own ? null : window.Gateway);
        Add(own ? EntryTag.Window : EntryTag.WindowBelow, (int)Math.Clamp(covered, 0, int.MaxValue), window.Start, window.Start + window.Length - 1);
    }

    public void Add(FleetEvent record)
    {
        buffer.ResetWrittenCount();
        UplinkEntryWriter.WriteEvent(buffer, record, record.Gateway is { } gateway && gateway != self ? gateway : null);
        Add(EntryTag.Event, 0, record.Time, record.Time);
    }

    public void Add(GapRecord gap)
    {
        buffer.ResetWrittenCount();
        UplinkEntryWriter.WriteGap(buffer, gap, own: false);
        Add(EntryTag.GapBelow, 0, gap.From, gap.To);
    }

    public void Add(UplinkRejection rejection, GatewayId? gateway)
    {
        buffer.ResetWrittenCount();
        UplinkEntryWriter.WriteRejection(buffer, rejection, gateway);
        Add(EntryTag.Rejection, 0, rejection.Time, rejection.Time);
    }

    /// <summary>Ends all open entries.</summary>
    public void Close()
    {
        foreach (var (key, readings) in open)
            Write(key, readings);
        open.Clear();
    }

    /// <summary>The records gathered, immediate ones first.</summary>
    /// <param name="cursor">The last commit that they stand for; null when they are of none.</param>
    public IReadOnlyList<ForwardRecord> Take(long? cursor)
    {
        Close();
        ForwardRecord[] taken = [.. records.Select(r => r with { Cursor = cursor })];
        records.Clear();
        return taken;
    }

    /// <summary>The payload that tells of a gap in the gateway's own log.</summary>
    public static ReadOnlyMemory<byte> GapPayload(string source, string stream, ForwardGap gap)
    {
        var output = new ArrayBufferWriter<byte>(128);
        UplinkEntryWriter.WriteGap(output, new GapRecord(source, stream, gap.First, gap.Last, gap.Readings, gap.From, gap.To, gap.Reason));
        return output.WrittenMemory;
    }

    private void Write((DeviceId Device, GatewayId? Origin, long Sampled, bool Health) key, List<Reading> readings)
    {
        readings.Sort(static (a, b) => a.Time.CompareTo(b.Time));
        buffer.ResetWrittenCount();
        UplinkEntryWriter.WriteReadings(buffer, CollectionsMarshal.AsSpan(readings), key.Sampled > 0 ? key.Sampled : null, key.Origin);
        var count = key.Health ? 0 : readings.Count;
        Add(key.Health ? EntryTag.Health : EntryTag.Readings, count, readings[0].Time, readings[^1].Time);
        if (key.Sampled == 0 || records.Count == 1)
            return;
        var immediate = records[^1];
        records.RemoveAt(records.Count - 1);
        records.Insert(0, immediate);
    }

    private void Add(byte tag, int readings, long? from, long? to) =>
        records.Add(new ForwardRecord(buffer.WrittenMemory.ToArray()) { Tag = tag, Readings = readings, From = from, To = to });
}
