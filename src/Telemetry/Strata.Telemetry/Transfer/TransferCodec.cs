using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Metering;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;

namespace Strata.Telemetry.Transfer;

/// <summary>Slices, and what is kept beside them, as bytes: little-endian numbers, UTF-8 texts with their length; names once a slice. Part of the format of archives.</summary>
public static class TransferCodec
{
    public static void Write(BinaryWriter to, TelemetrySlice slice)
    {
        to.Write(slice.UpTo);
        to.Write(slice.Arrived);
        var series = slice.Readings.Select(r => (r.Device, r.Metric)).Distinct().ToList();
        to.Write7BitEncodedInt(series.Count);
        foreach (var (device, metric) in series)
        {
            to.Write(device.Value);
            to.Write(metric.Value);
        }
        var numbers = series.Select((s, i) => (s, i)).ToDictionary(s => s.s, s => s.i);
        to.Write7BitEncodedInt(slice.Readings.Count);
        foreach (var reading in slice.Readings)
        {
            to.Write7BitEncodedInt(numbers[(reading.Device, reading.Metric)]);
            to.Write(reading.Time);
            to.Write((byte)reading.Value.Kind);
            if (reading.Value.Kind == ReadingKind.Text)
                to.Write(reading.Value.Text!);
            else
                to.Write(reading.Value.Number);
        }
        to.Write7BitEncodedInt(slice.Origins.Count);
        foreach (var (row, origin) in slice.Origins.OrderBy(o => o.Key))
        {
            to.Write7BitEncodedInt(row);
            to.Write(origin.Immediate);
            to.Write(origin.Sampled);
            to.Write(origin.Gateway?.Value ?? "");
        }
        to.Write7BitEncodedInt(slice.Windows.Count);
        foreach (var window in slice.Windows)
        {
            to.Write(window.Group);
            to.Write(window.Site.Value);
            to.Write(window.Gateway.Value ?? "");
            to.Write(window.Start);
            to.Write(window.Length);
            to.Write(window.Revision);
            to.Write(window.Heard);
            to.Write(window.Members);
            to.Write(WindowText.Write(window.Metrics));
        }
        to.Write7BitEncodedInt(slice.Events.Count);
        foreach (var happened in slice.Events)
        {
            to.Write(happened.Time);
            to.Write(happened.Kind);
            to.Write(happened.Device?.Value ?? "");
            to.Write(happened.Gateway?.Value ?? "");
            to.Write(happened.Detail);
        }
        to.Write7BitEncodedInt(slice.Gaps.Count);
        foreach (var gap in slice.Gaps)
        {
            to.Write(gap.Source);
            to.Write(gap.Stream);
            to.Write(gap.First);
            to.Write(gap.Last);
            to.Write(gap.Readings);
            to.Write(gap.From ?? long.MinValue);
            to.Write(gap.To ?? long.MinValue);
            to.Write(gap.Reason);
        }
    }

    public static TelemetrySlice ReadSlice(BinaryReader from)
    {
        var (upTo, arrived) = (from.ReadInt64(), from.ReadInt64());
        var series = List(from, f => (DeviceId.Parse(f.ReadString()), MetricName.Parse(f.ReadString())));
        var readings = List(from, f =>
        {
            var (device, metric) = series[f.Read7BitEncodedInt()];
            var (time, kind) = (f.ReadInt64(), (ReadingKind)f.ReadByte());
            return new Reading(device, metric, time, kind == ReadingKind.Text ? ReadingValue.FromColumns(kind, 0, f.ReadString()) : ReadingValue.FromColumns(kind, f.ReadDouble(), null));
        });
        var origins = List(from, f => (Row: f.Read7BitEncodedInt(), Origin: new MessageOrigin(f.ReadBoolean(), f.ReadInt64(), Gateway(f)))).ToDictionary(o => o.Row, o => o.Origin);
        var windows = List(from, f => new WindowRecord(
            f.ReadString(), SiteId.Parse(f.ReadString()), Gateway(f) ?? default, f.ReadInt64(), f.ReadInt64(), f.ReadInt32(), f.ReadInt32(), f.ReadInt32(), WindowText.Read(f.ReadString())));
        var events = List(from, f => new FleetEvent(f.ReadInt64(), f.ReadString(), f.ReadString() is { Length: > 0 } device ? DeviceId.Parse(device) : null, Gateway(f), f.ReadString()));
        var gaps = List(from, f => new GapRecord(f.ReadString(), f.ReadString(), f.ReadInt64(), f.ReadInt64(), f.ReadInt64(), Time(f), Time(f), f.ReadString()));
        return new TelemetrySlice(upTo, arrived, readings, origins, windows, events, gaps);
    }

    public static void Write(BinaryWriter to, TenantRest rest)
    {
        to.Write7BitEncodedInt(rest.Progress.Count);
        foreach (var stream in rest.Progress)
        {
            to.Write(stream.Source);
            to.Write(stream.Stream);
            to.Write7BitEncodedInt(stream.Seen.Count);
            foreach (var (first, last) in stream.Seen)
            {
                to.Write(first);
                to.Write(last);
            }
        }
        to.Write7BitEncodedInt(rest.Usage.Count);
        foreach (var hour in rest.Usage)
        {
            to.Write(EventTime.From(hour.Hour));
            to.Write(hour.DeviceClass);
            foreach (var number in Numbers(hour))
                to.Write(number);
        }
        foreach (var number in (ReadOnlySpan<long>)[rest.Totals.Readings, rest.Totals.Aggregated, rest.Totals.Windows, rest.Totals.Gaps, rest.Totals.Lost, rest.Totals.Health, rest.Held])
            to.Write(number);
    }

    public static TenantRest ReadRest(BinaryReader from, TenantId tenant)
    {
        var progress = List(from, f => new SourceProgress(f.ReadString(), f.ReadString(), List(f, g => (g.ReadInt64(), g.ReadInt64()))));
        var usage = List(from, f => new UsageHour(tenant, EventTime.ToDateTimeOffset(f.ReadInt64()), f.ReadString())
        {
            MessagesIn = f.ReadInt64(), BytesIn = f.ReadInt64(), MessagesOut = f.ReadInt64(), BytesOut = f.ReadInt64(), ReadingsStored = f.ReadInt64(), BytesStored = f.ReadInt64(),
            ApiCalls = f.ReadInt64(), Devices = f.ReadInt64(), Connections = f.ReadInt64(), StorageBytes = f.ReadInt64(),
        });
        var totals = new StoreTotals(from.ReadInt64(), from.ReadInt64(), from.ReadInt64(), from.ReadInt64(), from.ReadInt64(), from.ReadInt64());
        return new TenantRest(progress, usage, totals, from.ReadInt64());
    }

    private static long[] Numbers(UsageHour u) =>
        [u.MessagesIn, u.BytesIn, u.MessagesOut, u.BytesOut, u.ReadingsStored, u.BytesStored, u.ApiCalls, u.Devices, u.Connections, u.StorageBytes];

    private static List<T> List<T>(BinaryReader from, Func<BinaryReader, T> item)
    {
        var count = from.Read7BitEncodedInt();
        var items = new List<T>(Math.Min(count, 4_096));
        for (var i = 0; i < count; i++)
            items.Add(item(from));
        return items;
    }

    private static GatewayId? Gateway(BinaryReader from) => from.ReadString() is { Length: > 0 } gateway ? GatewayId.Parse(gateway) : null;

    private static long? Time(BinaryReader from) => from.ReadInt64() is var time && time == long.MinValue ? null : time;
}
