using System.Buffers;
using System.Text;
using CsCheck;
using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Dataflow.Uplink;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using static Strata.Core.Tests.Generators;

namespace Strata.Core.Tests.Dataflow;

public sealed class UplinkProperties
{
    private const long Now = 1_673_924_400_000_000;

    private static readonly DeviceId Device = DeviceId.Parse("t-101");

    private static readonly Gen<Reading> Reading = Gen.Select(
        AnyOf("temperature", "open", "battery.voltage", "ts", "values").Select(MetricName.Parse), Gen.Long[Now - 3, Now],
        Gen.OneOf(
            Gen.Double.Where(double.IsFinite).Select(ReadingValue.OfNumber), Gen.Bool.Select(ReadingValue.OfBoolean),
            Gen.String.Select(s => ReadingValue.OfText(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(s))))),
        (metric, time, value) => new Reading(Device, metric, time, value));

    [Fact]
    public void Readings_come_back_as_they_were() => Gen.Select(Reading.Array[1, 20], Gen.Long[1, long.MaxValue]).Sample((readings, number) =>
    {
        var payload = new ArrayBufferWriter<byte>();
        UplinkEntryWriter.WriteReadings(payload, readings);
        var line = new ArrayBufferWriter<byte>();
        UplinkEntryWriter.WriteLine(line, number, UplinkKind.Readings, payload.WrittenSpan);
        var batch = new ReadingBatch();
        var reader = new UplinkEntryReader(PayloadLimits.Default);
        if (!reader.TryRead(line.WrittenSpan[..^1], "gw", "s", batch, out var error))
            Assert.Fail($"{error} in {Encoding.UTF8.GetString(line.WrittenSpan)}");
        Assert.Equal((number, UplinkKind.Readings, Device), (reader.Number, reader.Kind, reader.Device));
        Assert.Equal(readings, Enumerable.Range(0, batch.Count).Select(row => batch[row]));
    });

    [Fact]
    public void Damage_never_throws_and_is_refused_within_the_line() =>
        Gen.Select(AnyOf(Lines()), Gen.Select(Gen.Int[0, 400], Gen.Int[0, 3], Gen.Byte).Array[1, 5]).Sample((seed, damage) =>
        {
            var line = seed.ToList();
            foreach (var (place, kind, value) in damage)
                Mutation.Apply(line, place, kind, value);
            var batch = new ReadingBatch();
            if (!new UplinkEntryReader(PayloadLimits.Default).TryRead(line.ToArray(), "gw", "s", batch, out var error))
            {
                Assert.InRange(error.Offset, 0, line.Count);
                Assert.False(string.IsNullOrEmpty(error.Reason));
                Assert.Equal(0, batch.Count);
            }
        }, iter: 50_000);

    private static byte[][] Lines()
    {
        var window = new WindowRecord(
            "floor-1", SiteId.Parse("hq/floor-1"), GatewayId.Parse("gw"), Now, 300_000_000, 0, 12, 12, [new(MetricName.Parse("temperature"), 60, 23.18, 23.1, 23.2, 0.04, 23.2)]);
        return
        [
            Line(UplinkKind.Readings, o => UplinkEntryWriter.WriteReadings(
                o, [new(Device, MetricName.Parse("a"), Now, ReadingValue.OfNumber(1.5)), new(Device, MetricName.Parse("b"), Now + 1, ReadingValue.OfText("é\n"))], Now, GatewayId.Parse("gw-b"))),
            Line(UplinkKind.Window, o => UplinkEntryWriter.WriteWindow(o, window, withSite: true)),
            Line(UplinkKind.Event, o => UplinkEntryWriter.WriteEvent(o, new FleetEvent(Now, FleetEventKinds.DeviceSilent, Device, null, "No reading."))),
            Line(UplinkKind.Gap, o => UplinkEntryWriter.WriteGap(o, new GapRecord("gw", "s", 1, 5, 10, Now, Now + 1, "buffer-full"))),
            Line(UplinkKind.Rejection, o => UplinkEntryWriter.WriteRejection(o, new UplinkRejection(Now, "t-999", "authentication", "unknown device", 3))),
        ];
    }

    private static byte[] Line(UplinkKind kind, Action<IBufferWriter<byte>> write)
    {
        var payload = new ArrayBufferWriter<byte>();
        write(payload);
        var line = new ArrayBufferWriter<byte>();
        UplinkEntryWriter.WriteLine(line, 7, kind, payload.WrittenSpan);
        return line.WrittenSpan[..^1].ToArray();
    }
}
