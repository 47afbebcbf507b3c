using System.Text.Json;
using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow.Uplink;

public sealed partial class UplinkEntryReader
{
    /// <summary>Reads <c>{"d":..,"t":..,"v":{..}}</c> or <c>{"d":..,"s":[[..,{..}],..]}</c>. Values that come before their device or time are read at the end.</summary>
    private bool TryReadReadings(ref Utf8JsonReader reader, ReadingBatch batch)
    {
        var at = reader.TokenStartIndex;
        long? time = null;
        Utf8JsonReader values = default, series = default;
        bool hasDevice = false, hasValues = false, hasSeries = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            reader.Read();
            if (name.SequenceEqual("d"u8))
            {
                if (!UplinkJson.TryDevice(ref reader, out var device))
                    return Fail(reader.TokenStartIndex, "'d' is a device id.");
                (Device, hasDevice) = (device, true);
            }
            else if (name.SequenceEqual("t"u8))
            {
                if (!UplinkJson.TryTime(reader, out var read))
                    return Fail(reader.TokenStartIndex, "'t' is a time in ms with up to three decimals.");
                time = read;
            }
            else if (name.SequenceEqual("i"u8))
            {
                if (!UplinkJson.TryTime(reader, out var sampled))
                    return Fail(reader.TokenStartIndex, "'i' is a time in ms with up to three decimals.");
                Sampled = sampled;
            }
            else if (name.SequenceEqual("g"u8))
            {
                if (!UplinkJson.TryGateway(ref reader, out var gateway))
                    return Fail(reader.TokenStartIndex, "'g' is a gateway id.");
                Gateway = gateway;
            }
            else if (name.SequenceEqual("v"u8))
            {
                values = reader;
                hasValues = true;
                reader.Skip();
            }
            else if (name.SequenceEqual("s"u8))
            {
                series = reader;
                hasSeries = true;
                reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }
        if (!hasDevice || hasValues == hasSeries || hasValues != time.HasValue)
            return Fail(at, "Readings need 'd', and either 't' and 'v' or 's'.");
        return hasValues ? TryReadValues(ref values, time!.Value, batch) : TryReadSeries(ref series, batch);
    }

    private bool TryReadSeries(ref Utf8JsonReader reader, ReadingBatch batch)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            return Fail(reader.TokenStartIndex, "'s' is an array of pairs: time, values.");
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            if (!reader.Read() || !UplinkJson.TryTime(reader, out var time))
                return Fail(reader.TokenStartIndex, "A pair begins with a time in ms with up to three decimals.");
            if (!reader.Read() || !TryReadValues(ref reader, time, batch))
                return false;
            if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
                return Fail(reader.TokenStartIndex, "A pair is a time and values.");
        }
        return reader.TokenType == JsonTokenType.EndArray || Fail(reader.TokenStartIndex, "'s' is an array of pairs: time, values.");
    }

    private bool TryReadValues(ref Utf8JsonReader reader, long time, ReadingBatch batch)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return Fail(reader.TokenStartIndex, "Values are an object: metric and value.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!UplinkJson.TryMetric(ref reader, out var metric))
                return Fail(reader.TokenStartIndex, "This is not a metric name.");
            reader.Read();
            if (++rows > limits.MaxReadings)
                return Fail(reader.TokenStartIndex, $"An entry has at most {limits.MaxReadings} readings.");
            switch (reader.TokenType)
            {
                case JsonTokenType.Number when UplinkJson.TryNumber(ref reader, out var number):
                    batch.Add(Device, metric, time, number);
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    batch.Add(Device, metric, time, reader.TokenType == JsonTokenType.True);
                    break;
                case JsonTokenType.String when UplinkJson.TryText(ref reader, limits.MaxTextBytes, out var text):
                    batch.Add(Device, metric, time, text);
                    break;
                default:
                    return Fail(reader.TokenStartIndex, "A value is a finite number, true, false or a text that is not too long.");
            }
        }
        return true;
    }
}
