using System.Buffers;
using System.Text;
using CsCheck;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;
using static Strata.Core.Tests.Generators;
using static Strata.Core.Tests.Telemetry.Decoding;

namespace Strata.Core.Tests.Telemetry;

public sealed class PayloadProperties
{
    private static readonly Gen<MetricName> Names = Gen.Frequency(
        (6, AnyOf("temperature", "humidity", "ts", "values", "battery.voltage", "a b", "x:y-z")),
        (2, Gen.Char["ABCxyz019"].Array[1, 40].Select(c => new string(c))),
        (1, Gen.Const(new string('n', 128)))).Select(MetricName.Parse);

    private static readonly Gen<ReadingValue> Values = Gen.Frequency(
        (4, Gen.Double.Where(double.IsFinite).Select(ReadingValue.OfNumber)),
        (4, Gen.Int[-100_000, 100_000].Select(i => ReadingValue.OfNumber(i / 100.0))),
        (1, AnyOf(0, -0.0, double.MaxValue, double.Epsilon, 9007199254740992, 9007199254740994, -9999999999999998, 1e16, 1e15, 123456789012345680).Select(ReadingValue.OfNumber)),
        (2, Gen.Bool.Select(ReadingValue.OfBoolean)),
        (2, Gen.String.Select(s => ReadingValue.OfText(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(s)).Replace("\0", "", StringComparison.Ordinal)))));

    private static readonly Gen<long> Times = Gen.Frequency(
        (2, Gen.Const(EventTime.Arrival)), (3, Gen.Long[EventTime.Earliest, Now]), (3, Gen.Long[0, 3].Select(i => Now - i)));

    private static readonly Gen<Reading[]> Readings = Gen.Select(Names, Times, Values, (n, t, v) => new Reading(Device, n, t, v)).Array[1, 30];

    [Fact]
    public void What_is_written_reads_back_the_same() => Readings.Sample(readings =>
    {
        var batch = new ReadingBatch();
        foreach (var reading in readings)
            batch.Add(reading);
        var output = new ArrayBufferWriter<byte>();
        TelemetryJson.Write(output, batch, 0, batch.Count);
        Assert.Equal(readings, Decode(output.WrittenSpan));
        output.ResetWrittenCount();
        TelemetryJson.Write(output, readings[0]);
        Assert.Equal(readings[..1], Decode(output.WrittenSpan));
    });

    [Fact]
    public void Numbers_are_read_as_correctly_rounded_as_the_framework_does() =>
        Gen.Select(Gen.Int[0, 25], Gen.Int[0, 25], Gen.Int[-330, 310], Gen.Bool, Gen.Char["0123456789"].Array[51]).Sample((whole, fraction, exponent, negative, digits) =>
        {
            var text = (negative ? "-" : "") + (whole == 0 ? "0" : "1" + new string(digits, 0, whole)) + "." + new string(digits, whole, fraction + 1)
                + (exponent % 3 == 0 ? "" : exponent % 3 == 1 ? $"E+{exponent}" : exponent < 0 ? $"e{exponent}" : $"e{exponent % 20}");
            var expected = double.Parse(text);
            if (!double.IsFinite(expected))
                return;
            var read = Assert.Single(Decode(Encoding.ASCII.GetBytes($"{{\"a\":{text}}}")));
            Assert.Equal(BitConverter.DoubleToInt64Bits(expected), BitConverter.DoubleToInt64Bits(read.Value.Number));
        });

    [Fact]
    public void Damage_never_throws_and_is_refused_within_the_payload() =>
        Gen.Select(AnyOf(Seeds), AnyOf(PayloadFormat.Json, PayloadFormat.SenmlJson), Gen.Select(Gen.Int[0, 300], Gen.Int[0, 3], Gen.Byte).Array[1, 6])
            .Sample((seed, format, damage) =>
            {
                var payload = Encoding.UTF8.GetBytes(seed).ToList();
                foreach (var (place, kind, value) in damage)
                    Mutation.Apply(payload, place, kind, value);
                var batch = new ReadingBatch();
                batch.BeginMessage();
                if (PayloadDecoder.TryDecode(format, Device, payload.ToArray(), Now, batch, PayloadLimits.Default, out var error))
                {
                    Assert.True(batch.Count > 0);
                    return;
                }
                Assert.InRange(error.Offset, 0, payload.Count);
                Assert.False(string.IsNullOrEmpty(error.Reason));
                Assert.Equal(0, batch.Count);
            }, iter: 20_000);

    [Fact]
    public void A_payload_cut_anywhere_is_refused() => Assert.All(Seeds, seed =>
    {
        var payload = Encoding.UTF8.GetBytes(seed);
        foreach (var format in Enum.GetValues<PayloadFormat>())
        {
            for (var length = 0; length < payload.Length; length++)
                Refusal(payload[..length], format);
        }
    });

    [Fact]
    public void Whatever_the_framework_calls_invalid_json_is_refused() =>
        Gen.Select(AnyOf(Seeds), Gen.Select(Gen.Int[0, 300], Gen.Int[0, 3], Gen.Byte).Array[1, 3]).Sample((seed, damage) =>
        {
            var payload = Encoding.UTF8.GetBytes(seed).ToList();
            foreach (var (place, kind, value) in damage)
                Mutation.Apply(payload, place, kind, value);
            var bytes = payload.ToArray();
            if (!IsJson(bytes))
            {
                Refusal(bytes);
                Refusal(bytes, PayloadFormat.SenmlJson);
            }
        }, iter: 20_000);

    private static readonly string[] Seeds =
    [
        "{\"temperature\":22.4}",
        "{\"ts\":1673924399000.125,\"values\":{\"a\":-1.5e-3,\"b\":true,\"c\":{\"d\":\"x\\u00e9\\n\\ud83d\\ude00é\"}}}",
        "[{\"a\":1},{\"ts\":1673924399000,\"values\":{\"a\":2,\"b\":false}}]",
        "[{\"bn\":\"t-101:\",\"bt\":1673924000,\"bu\":\"Cel\",\"bver\":5,\"n\":\"a\",\"v\":1.5},{\"n\":\"b\",\"t\":-1,\"vs\":\"text\"},{\"n\":\"c\",\"vb\":true,\"x\":[1,{\"y\":null}]},{\"n\":\"d\",\"s\":7}]",
    ];

    private static bool IsJson(byte[] payload)
    {
        try
        {
            var reader = new System.Text.Json.Utf8JsonReader(payload);
            while (reader.Read())
            {
                if (reader.TokenType is System.Text.Json.JsonTokenType.String or System.Text.Json.JsonTokenType.PropertyName)
                    reader.GetString();
            }
            return true;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static Reading[] Decode(ReadOnlySpan<byte> payload)
    {
        var batch = new ReadingBatch();
        batch.BeginMessage();
        if (!PayloadDecoder.TryDecode(PayloadFormat.Json, Device, payload, Now, batch, PayloadLimits.Default, out var error))
            Assert.Fail($"{error} in {Encoding.UTF8.GetString(payload)}");
        batch.EndMessage();
        return [.. Enumerable.Range(0, batch.Count).Select(row => batch[row])];
    }
}
