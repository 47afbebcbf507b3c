using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Core.Dataflow.Uplink;

/// <summary>
/// Writes uplink entries: the payload of each kind, and the line <c>[NUMBER,KIND,PAYLOAD]</c> around one. What it writes,
/// <see cref="UplinkEntryReader"/> reads back the same. Pure; safe from any thread.
/// </summary>
public static class UplinkEntryWriter
{
    private static ReadOnlySpan<byte> KindLetters => "rwegx"u8;

    /// <summary>Writes one line with its line feed.</summary>
    /// <param name="payload">As written by one of the other methods.</param>
    public static void WriteLine(IBufferWriter<byte> output, long number, UplinkKind kind, ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        var span = output.GetSpan(payload.Length + 32);
        span[0] = (byte)'[';
        Utf8Formatter.TryFormat(number, span[1..], out var length);
        length++;
        ReadOnlySpan<byte> letter = [(byte)',', (byte)'"', KindLetters[(int)kind], (byte)'"', (byte)','];
        letter.CopyTo(span[length..]);
        length += letter.Length;
        payload.CopyTo(span[length..]);
        length += payload.Length;
        "]\n"u8.CopyTo(span[length..]);
        output.Advance(length + 2);
    }

    /// <summary>Writes readings of one device; neighbours of one time share an object.</summary>
    /// <param name="readings">At least one; all of one device, none with <see cref="EventTime.Arrival"/>.</param>
    /// <param name="sampled">For an immediate reading: when the source took it, microseconds.</param>
    /// <param name="gateway">The gateway that heard it, when it is not the sender.</param>
    public static void WriteReadings(IBufferWriter<byte> output, ReadOnlySpan<Reading> readings, long? sampled = null, GatewayId? gateway = null)
    {
        var json = UplinkJson.Writer(output);
        json.WriteStartObject();
        json.WriteString("d"u8, readings[0].Device.Value);
        WriteSampled(json, sampled);
        WriteGateway(json, "g"u8, gateway);
        var first = SameTime(readings);
        if (first == readings.Length)
        {
            WriteTime(json, "t"u8, readings[0].Time);
            json.WritePropertyName("v"u8);
            WriteValues(json, readings);
        }
        else
        {
            json.WriteStartArray("s"u8);
            while (!readings.IsEmpty)
            {
                var count = SameTime(readings);
                json.WriteStartArray();
                UplinkJson.WriteTime(json, readings[0].Time);
                WriteValues(json, readings[..count]);
                json.WriteEndArray();
                readings = readings[count..];
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
        json.Flush();
    }

    /// <summary>Writes an event.</summary>
    /// <param name="gateway">The gateway where it happened, when it is not the sender.</param>
    public static void WriteEvent(IBufferWriter<byte> output, FleetEvent record, GatewayId? gateway = null)
    {
        var json = UplinkJson.Writer(output);
        json.WriteStartObject();
        WriteTime(json, "t"u8, record.Time);
        json.WriteString("k"u8, record.Kind);
        if (record.Device is { } device)
            json.WriteString("d"u8, device.Value);
        json.WriteString("x"u8, record.Detail);
        WriteGateway(json, "g"u8, gateway);
        json.WriteEndObject();
        json.Flush();
    }

    /// <summary>Writes a gap.</summary>
    /// <param name="own">True for a gap in the sender's own stream: source and stream are the request's. False for one that the sender was told or found below it.</param>
    public static void WriteGap(IBufferWriter<byte> output, GapRecord gap, bool own = true)
    {
        var json = UplinkJson.Writer(output);
        json.WriteStartObject();
        if (!own)
        {
            json.WriteString("s"u8, gap.Source);
            json.WriteString("q"u8, gap.Stream);
        }
        json.WriteNumber("f"u8, gap.First);
        json.WriteNumber("l"u8, gap.Last);
        json.WriteNumber("n"u8, gap.Readings);
        if (gap.From is { } from)
            WriteTime(json, "t0"u8, from);
        if (gap.To is { } to)
            WriteTime(json, "t1"u8, to);
        json.WriteString("x"u8, gap.Reason);
        json.WriteEndObject();
        json.Flush();
    }

    public static void WriteRejection(IBufferWriter<byte> output, UplinkRejection rejection, GatewayId? gateway = null)
    {
        var json = UplinkJson.Writer(output);
        json.WriteStartObject();
        WriteTime(json, "t"u8, rejection.Time);
        json.WriteString("d"u8, rejection.Subject);
        json.WriteString("k"u8, rejection.Kind);
        json.WriteString("x"u8, rejection.Reason);
        json.WriteNumber("n"u8, rejection.Times);
        WriteGateway(json, "g"u8, gateway);
        json.WriteEndObject();
        json.Flush();
    }

    /// <summary>Writes a window; see <see cref="WindowPayload"/>.</summary>
    public static void WriteWindow(IBufferWriter<byte> output, WindowRecord window, bool withSite, GatewayId? gateway = null) =>
        WindowPayload.Write(output, window, withSite, gateway);

    private static void WriteSampled(Utf8JsonWriter json, long? sampled)
    {
        if (sampled is { } time)
            WriteTime(json, "i"u8, time);
    }

    private static void WriteGateway(Utf8JsonWriter json, ReadOnlySpan<byte> name, GatewayId? gateway)
    {
        if (gateway is { } id)
            json.WriteString(name, id.Value);
    }

    private static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, long time)
    {
        json.WritePropertyName(name);
        UplinkJson.WriteTime(json, time);
    }

    private static int SameTime(ReadOnlySpan<Reading> readings)
    {
        var count = 1;
        while (count < readings.Length && readings[count].Time == readings[0].Time)
            count++;
        return count;
    }

    private static void WriteValues(Utf8JsonWriter json, ReadOnlySpan<Reading> readings)
    {
        json.WriteStartObject();
        foreach (ref readonly var reading in readings)
        {
            json.WritePropertyName(reading.Metric.Value);
            switch (reading.Value.Kind)
            {
                case ReadingKind.Number:
                    json.WriteNumberValue(reading.Value.Number);
                    break;
                case ReadingKind.Boolean:
                    json.WriteBooleanValue(reading.Value.Boolean);
                    break;
                default:
                    json.WriteStringValue(reading.Value.Text);
                    break;
            }
        }
        json.WriteEndObject();
    }
}
