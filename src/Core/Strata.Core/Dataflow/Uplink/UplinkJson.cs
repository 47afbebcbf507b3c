using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Core.Dataflow.Uplink;

/// <summary>The small forms that all uplink payloads share: times in ms with decimals, rounded numbers, names, texts.</summary>
internal static class UplinkJson
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly InternTable Devices = new(65_536);

    [ThreadStatic]
    private static Utf8JsonWriter? kept;

    /// <summary>This thread's writer on the output; valid until the next call on the thread. Flush it before returning.</summary>
    public static Utf8JsonWriter Writer(IBufferWriter<byte> output)
    {
        if (kept is null)
            return kept = new Utf8JsonWriter(output, Compact);
        kept.Reset(output);
        return kept;
    }

    /// <summary>Writes microseconds as ms with as many decimals as it takes.</summary>
    public static void WriteTime(Utf8JsonWriter json, long microseconds)
    {
        Span<byte> text = stackalloc byte[32];
        var (whole, part) = Math.DivRem(microseconds, 1000);
        if (part < 0)
            throw new ArgumentOutOfRangeException(nameof(microseconds), microseconds, "A time before 1970.");
        Utf8Formatter.TryFormat(whole, text, out var length);
        if (part != 0)
        {
            text[length] = (byte)'.';
            for (var (i, digits) = (3, part); i > 0; i--, digits /= 10)
                text[length + i] = (byte)('0' + (digits % 10));
            length += 4;
            while (text[length - 1] == '0')
                length--;
        }
        json.WriteRawValue(text[..length], skipInputValidation: true);
    }

    /// <summary>Writes a whole number as it is, any other with 7 significant digits.</summary>
    public static void WriteValue(Utf8JsonWriter json, double value)
    {
        if (Math.Abs(value) < 1L << 53 && value == Math.Floor(value))
            json.WriteNumberValue((long)value);
        else
            WriteRounded(json, value, "G7");
    }

    /// <summary>Writes a number with the digits of a standard format.</summary>
    public static void WriteRounded(Utf8JsonWriter json, double value, string format)
    {
        Span<byte> text = stackalloc byte[32];
        value.TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
        json.WriteRawValue(text[..length], skipInputValidation: true);
    }

    /// <summary>Reads what <see cref="WriteTime"/> writes: at most three decimals, no exponent, not negative.</summary>
    public static bool TryTime(in Utf8JsonReader reader, out long microseconds)
    {
        microseconds = 0;
        if (reader.TokenType != JsonTokenType.Number)
            return false;
        var text = reader.ValueSpan;
        if (!Utf8Parser.TryParse(text, out long whole, out var used) || whole is < 0 or > long.MaxValue / 1000 - 1)
            return false;
        var part = 0;
        if (used < text.Length)
        {
            var decimals = text[(used + 1)..];
            if (text[used] != '.' || decimals.Length is 0 or > 3)
                return false;
            for (var i = 0; i < 3; i++)
            {
                var digit = i < decimals.Length ? decimals[i] - '0' : 0;
                if (digit is < 0 or > 9)
                    return false;
                part = (part * 10) + digit;
            }
        }
        microseconds = (whole * 1000) + part;
        return true;
    }

    public static bool TryNumber(ref Utf8JsonReader reader, out double value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out value) && double.IsFinite(value);
    }

    public static bool TryCount(ref Utf8JsonReader reader, out long value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out value) && value >= 0;
    }

    /// <summary>Reads a string of at most so many UTF-8 bytes.</summary>
    public static bool TryText(ref Utf8JsonReader reader, int maxBytes, out string text)
    {
        text = "";
        if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > (long)maxBytes * 6)
            return false;
        if (!reader.ValueIsEscaped)
        {
            if (reader.ValueSpan.Length > maxBytes || !Utf8.IsValid(reader.ValueSpan))
                return false;
            text = MetricNames.Text(reader.ValueSpan);
            return true;
        }
        try
        {
            text = reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return false; // A half of a surrogate pair, or bytes that are not UTF-8.
        }
        return Encoding.UTF8.GetByteCount(text) <= maxBytes;
    }

    public static bool TryDevice(ref Utf8JsonReader reader, out DeviceId device)
    {
        device = default;
        if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped || reader.ValueSpan.Length > DeviceId.MaxLength)
            return false;
        var utf8 = reader.ValueSpan;
        var hash = InternTable.Hash(utf8);
        var known = Devices.Find(utf8, hash);
        if (DeviceId.TryParse(known ?? Encoding.UTF8.GetString(utf8), out device) && known is null)
            Devices.Add(utf8, hash, device.Value);
        return device.Value.Length > 0;
    }

    public static bool TryGateway(ref Utf8JsonReader reader, out GatewayId gateway)
    {
        gateway = default;
        return TryText(ref reader, DeviceId.MaxLength, out var text) && GatewayId.TryParse(text, out gateway);
    }

    public static bool TryMetric(ref Utf8JsonReader reader, out MetricName metric)
    {
        metric = default;
        return !reader.ValueIsEscaped && MetricNames.TryGet(reader.ValueSpan, out metric, out _, out _);
    }
}
