using System.Buffers;
using System.Text;
using CsCheck;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Dataflow.Uplink;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Node.Tests.Uplink;

public sealed class UplinkCodecTests
{
    private static readonly Gen<string> Name = Gen.String[Gen.Char["abcXYZ019._:-"], 0, 12].Select(s => "n" + s);
    private static readonly Gen<long> Time = Gen.Long[EventTime.Earliest, 4_000_000_000_000_000];
    private static readonly Gen<double> Number = Gen.OneOf(Gen.Double[-1e6, 1e6], Gen.Int[-100, 100].Select(i => i / 2.0), Gen.Double.Where(double.IsFinite));

    private static readonly Gen<ReadingValue> Value = Gen.OneOf(
        Number.Select(ReadingValue.OfNumber), Gen.Bool.Select(ReadingValue.OfBoolean), Gen.String[0, 20].Where(IsText).Select(ReadingValue.OfText));

    private static readonly Gen<Reading[]> Readings = Gen.Select(Name, Gen.Select(Time, Name, Value).Array[1, 12]).Select((device, rows) => rows
        .OrderBy(r => r.Item1).DistinctBy(r => (r.Item1, r.Item2))
        .Select(r => new Reading(DeviceId.Parse(device), MetricName.Parse(r.Item2), r.Item1, r.Item3)).ToArray());

    [Fact]
    public void Readings_come_back_the_same() =>
        Gen.Select(Readings, Gen.Long[1, long.MaxValue], Time.Nullable(), Name.Null()).Sample((readings, number, sampled, gateway) =>
        {
            GatewayId? heardBy = gateway is null ? null : GatewayId.Parse(gateway);
            var (reader, batch) = Read(number, UplinkKind.Readings, o => UplinkEntryWriter.WriteReadings(o, readings, sampled, heardBy));
            var rows = Enumerable.Range(0, batch.Count).Select(i => batch[i]).ToArray();
            return reader.Number == number && reader.Sampled == sampled && reader.Gateway == heardBy && rows.SequenceEqual(readings);
        });

    [Fact]
    public void Events_gaps_and_rejections_come_back_the_same() =>
        Gen.Select(Time, Name, Name.Null(), Gen.String[0, 50].Where(IsText), Gen.Long[1, 1_000_000], Time.Nullable(), Gen.Bool).Sample(
            (time, kind, device, text, number, from, own) =>
            {
                var happened = new FleetEvent(time, kind, device is null ? null : DeviceId.Parse(device), null, text);
                var gap = new GapRecord(own ? "gw" : kind, own ? "s" : "q1", number, number * 2, 7, from, from, "buffer-full");
                var refused = new UplinkRejection(time, text, "payload", kind, number);
                return Read(1, UplinkKind.Event, o => UplinkEntryWriter.WriteEvent(o, happened)).Reader.Event == happened
                    && Read(2, UplinkKind.Gap, o => UplinkEntryWriter.WriteGap(o, gap, own)).Reader.Gap == gap
                    && Read(3, UplinkKind.Rejection, o => UplinkEntryWriter.WriteRejection(o, refused)).Reader.Rejection == refused;
            });

    [Fact]
    public void A_windows_whole_numbers_are_exact_other_values_carry_seven_digits_and_deviations_four() =>
        Gen.Select(Name, Time, Gen.Long[1, 86_400_000_000], Gen.Int[0, 1000], Gen.Select(Name, Gen.Long[0, 1_000_000], Number, Number, Number).Array[0, 5], Gen.Bool).Sample(
            (group, start, length, small, metrics, withSite) =>
            {
                var window = new WindowRecord(
                    group, SiteId.Parse("hq/floor-1"), GatewayId.Parse("gw"), start, length, small, small, small + 1,
                    [.. metrics.DistinctBy(m => m.Item1).Select(m => new WindowMetric(MetricName.Parse(m.Item1), m.Item2, m.Item3, m.Item4, m.Item5, Math.Abs(m.Item3), m.Item5))]);
                var read = Read(9, UplinkKind.Window, o => UplinkEntryWriter.WriteWindow(o, window, withSite)).Reader.Window!;
                return read.Site.HasValue == withSite && Same(read.ToRecord(window.Site, window.Gateway), window);
            });

    [Fact]
    public void A_floors_three_metrics_take_at_most_200_bytes()
    {
        var window = new WindowRecord(
            "floor-1", SiteId.Parse("hq/floor-1"), GatewayId.Parse("gw-hq"), 1_673_924_800_000_000, 300_000_000, 0, 12, 12,
            [Metric("temperature", 60, 23.18167, 23.1, 23.245, 0.04512, 23.2), Metric("humidity", 60, 27.2341, 27.1, 27.39, 0.0721, 27.2), Metric("occupancy", 60, 0.45, 0, 1, 0.4975, 1)]);
        var output = new ArrayBufferWriter<byte>();
        WindowPayload.Write(output, window, withSite: false);

        Assert.InRange(output.WrittenCount, 100, 200);
    }

    [Theory]
    [InlineData("[1,\"r\",{\"v\":{\"a\":1},\"t\":1673924800000,\"d\":\"x\"}]")]
    [InlineData("[1,\"r\",{\"new\":[1,{}],\"d\":\"x\",\"t\":1673924800000.5,\"v\":{\"a\":1}}]")]
    public void Members_come_in_any_order_and_unknown_ones_are_skipped(string line)
    {
        var batch = new ReadingBatch();

        Assert.True(new UplinkEntryReader(PayloadLimits.Default).TryRead(Encoding.UTF8.GetBytes(line), "gw", "s", batch, out _));
        Assert.Equal("x", batch.Devices[0].Value);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("{}", 0)]
    [InlineData("[0,\"r\",{}]", 0)]
    [InlineData("[1.5,\"r\",{}]", 0)]
    [InlineData("[7,\"z\",{}]", 7)]
    [InlineData("[7,\"r\",[]]", 7)]
    [InlineData("[7,\"r\",{}]", 7)]
    [InlineData("[7,\"r\",{\"d\":\"x\",\"t\":1,\"v\":{\"a\":null}}]", 7)]
    [InlineData("[7,\"r\",{\"d\":\"x\",\"t\":1,\"v\":{\"a\":1e999}}]", 7)]
    [InlineData("[7,\"r\",{\"d\":\"x\",\"t\":1.2345,\"v\":{\"a\":1}}]", 7)]
    [InlineData("[7,\"r\",{\"d\":\"x\",\"t\":-1,\"v\":{\"a\":1}}]", 7)]
    [InlineData("[7,\"r\",{\"d\":\"x\",\"v\":{\"a\":1}}]", 7)]
    [InlineData("[7,\"r\",{\"d\":\"x\",\"t\":1,\"v\":{\"a\":1}},8]", 7)]
    [InlineData("[7,\"r\",{\"d\":\"x\",\"t\":1,\"v\":{\"a\":1}}]x", 7)]
    [InlineData("[7,\"r\",{\"d\":\"x\",\"t\":1,\"v\":{\"a\":\"\\ud800\"}}]", 7)]
    [InlineData("[7,\"w\",{\"g\":\"f\",\"t\":1,\"n\":[1,0,0],\"m\":{}}]", 7)]
    [InlineData("[7,\"w\",{\"g\":\"f\",\"t\":1,\"n\":[0,0,0,0],\"m\":{}}]", 7)]
    [InlineData("[7,\"w\",{\"g\":\"f\",\"t\":1,\"n\":[1,0,0,0],\"m\":{\"a\":[1,2,3]}}]", 7)]
    [InlineData("[7,\"g\",{\"f\":5,\"l\":4,\"x\":\"\"}]", 7)]
    [InlineData("[7,\"g\",{\"f\":5,\"l\":6,\"s\":\"only\",\"x\":\"\"}]", 7)]
    [InlineData("[7,\"e\",{\"k\":\"x\"}]", 7)]
    [InlineData("[7,\"r\",{\"d\":\"x\",\"t\":1,\"v\":{\"a\":[[[[[[[[[1]]]]]]]]]}}]", 7)]
    public void What_is_wrong_is_refused_whole_and_the_number_is_known_as_far_as_it_was_said(string line, long number)
    {
        var batch = new ReadingBatch();
        var reader = new UplinkEntryReader(PayloadLimits.Default);

        Assert.False(reader.TryRead(Encoding.UTF8.GetBytes(line), "gw", "s", batch, out var error));
        Assert.Equal((number, 0, 0), (reader.Number, batch.Count, batch.MessageCount));
        Assert.NotEmpty(error.Reason);
        batch.BeginMessage(); // No message was left open.
    }

    [Fact]
    public void Any_bytes_are_read_or_refused_and_nothing_else() =>
        Gen.Select(Readings, Gen.Int[0, 400], Gen.Byte).Sample((readings, at, changed) =>
        {
            var output = new ArrayBufferWriter<byte>();
            UplinkEntryWriter.WriteReadings(output, readings);
            var line = Line(5, UplinkKind.Readings, output.WrittenSpan);
            line[at % line.Length] = changed;
            var batch = new ReadingBatch();
            if (new UplinkEntryReader(PayloadLimits.Default).TryRead(line, "gw", "s", batch, out _))
                batch.AbandonMessage();
            return batch.Count == 0;
        });

    [Fact]
    public void Reading_known_names_allocates_nothing()
    {
        var output = new ArrayBufferWriter<byte>();
        UplinkEntryWriter.WriteReadings(output, [Reading("t-101", "temperature", 22.4), Reading("t-101", "humidity", 41)]);
        var line = Line(5, UplinkKind.Readings, output.WrittenSpan);
        var (reader, batch) = (new UplinkEntryReader(PayloadLimits.Default), new ReadingBatch());
        Take(100);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Take(1000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(0, allocated);

        void Take(int times)
        {
            for (var i = 0; i < times; i++)
            {
                reader.TryRead(line, "gw", "s", batch, out _);
                batch.EndMessage();
                batch.Clear();
            }
        }
    }

    private static Reading Reading(string device, string metric, double value) =>
        new(DeviceId.Parse(device), MetricName.Parse(metric), 1_673_924_800_000_123, ReadingValue.OfNumber(value));

    private static WindowMetric Metric(string name, long count, double mean, double min, double max, double deviation, double last) =>
        new(MetricName.Parse(name), count, mean, min, max, deviation, last);

    private static (UplinkEntryReader Reader, ReadingBatch Batch) Read(long number, UplinkKind kind, Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        var (reader, batch) = (new UplinkEntryReader(PayloadLimits.Default), new ReadingBatch());
        Assert.True(reader.TryRead(Line(number, kind, output.WrittenSpan), "gw", "s", batch, out var error), error.ToString());
        Assert.Equal((kind, output.WrittenCount), (reader.Kind, reader.PayloadBytes));
        return (reader, batch);
    }

    private static byte[] Line(long number, UplinkKind kind, ReadOnlySpan<byte> payload)
    {
        var output = new ArrayBufferWriter<byte>();
        UplinkEntryWriter.WriteLine(output, number, kind, payload);
        Assert.Equal((byte)'\n', output.WrittenSpan[^1]);
        return output.WrittenSpan[..^1].ToArray();
    }

    private static bool Same(WindowRecord a, WindowRecord b) =>
        Head(a) == Head(b) && a.Metrics.Count == b.Metrics.Count
        && a.Metrics.Zip(b.Metrics).All(m => m.First.Metric == m.Second.Metric && m.First.Count == m.Second.Count && Near(m.First.Min, m.Second.Min)
            && Near(m.First.Max, m.Second.Max) && Near(m.First.Last, m.Second.Last) && Near(m.First.Mean, m.Second.Mean)
            && Near(m.First.Deviation, m.Second.Deviation, 5.1e-4));

    private static (string, SiteId, GatewayId, long, long, int, int, int) Head(WindowRecord w) =>
        (w.Group, w.Site, w.Gateway, w.Start, w.Length, w.Revision, w.Heard, w.Members);

    /// <param name="share">Half a unit of the last digit carried, as a share of the smallest value with that many digits.</param>
    private static bool Near(double read, double exact, double share = 5.1e-7) =>
        double.IsInteger(exact) && share < 1e-5 && Math.Abs(exact) < 1e15 ? read == exact : Math.Abs(read - exact) <= Math.Abs(exact) * share + double.Epsilon;

    private static bool IsText(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;
}
