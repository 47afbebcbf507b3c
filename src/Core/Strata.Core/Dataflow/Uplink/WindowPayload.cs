using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry.Decoding;

namespace Strata.Core.Dataflow.Uplink;

/// <summary>
/// A window as text: the uplink's <c>"w"</c> payload and the payload of the topic <c>sites/{path}/windows</c>. Whole numbers are exact,
/// other values carry 7 significant digits, deviations 4. A floor's three metrics take at most 200 bytes where the numbers are short.
/// </summary>
public static class WindowPayload
{
    /// <summary>Metrics of one window at most.</summary>
    public const int MaxMetrics = 1000;

    /// <summary>Bytes of a group's id at most.</summary>
    public const int MaxGroupLength = 128;

    private static readonly JsonReaderOptions Depth = new() { MaxDepth = 4 };

    /// <param name="withSite">False when the receiver has been told the group's place before.</param>
    /// <param name="gateway">The gateway that computed it, when it is not the sender.</param>
    public static void Write(IBufferWriter<byte> output, WindowRecord window, bool withSite, GatewayId? gateway = null)
    {
        var json = UplinkJson.Writer(output);
        json.WriteStartObject();
        json.WriteString("g"u8, window.Group);
        if (withSite)
            json.WriteString("s"u8, window.Site.Value);
        if (gateway is { } id)
            json.WriteString("gw"u8, id.Value);
        json.WritePropertyName("t"u8);
        UplinkJson.WriteTime(json, window.Start);
        json.WriteStartArray("n"u8);
        UplinkJson.WriteTime(json, window.Length);
        json.WriteNumberValue(window.Revision);
        json.WriteNumberValue(window.Heard);
        json.WriteNumberValue(window.Members);
        json.WriteEndArray();
        json.WriteStartObject("m"u8);
        foreach (var metric in window.Metrics)
        {
            json.WriteStartArray(metric.Metric.Value);
            json.WriteNumberValue(metric.Count);
            UplinkJson.WriteValue(json, metric.Mean);
            UplinkJson.WriteValue(json, metric.Min);
            UplinkJson.WriteValue(json, metric.Max);
            UplinkJson.WriteRounded(json, metric.Deviation, "G4");
            UplinkJson.WriteValue(json, metric.Last);
            json.WriteEndArray();
        }
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
    }

    /// <summary>Reads a payload that stands alone.</summary>
    /// <param name="error">On false: where and why.</param>
    public static bool TryRead(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out WindowContent? window, out PayloadError error)
    {
        (window, error) = (null, default);
        try
        {
            var reader = new Utf8JsonReader(payload, Depth);
            reader.Read();
            if (!TryRead(ref reader, out window, out error))
                return false;
            reader.Read(); // Throws when anything follows.
            return true;
        }
        catch (JsonException broken)
        {
            (window, error) = (null, new PayloadError((int)(broken.BytePositionInLine ?? 0), "This is not JSON."));
            return false;
        }
    }

    /// <summary>Reads the object at which the reader stands; leaves it at the object's end.</summary>
    internal static bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out WindowContent? window, out PayloadError error)
    {
        (window, error) = (null, default);
        var at = (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartObject)
            return Fail(at, "A window is an object.", out error);
        string? group = null;
        SiteId? site = null;
        GatewayId? gateway = null;
        long? start = null;
        (long Length, int Revision, int Heard, int Members)? shape = null;
        List<WindowMetric>? metrics = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            reader.Read();
            var good = true;
            if (name.SequenceEqual("g"u8))
                good = UplinkJson.TryText(ref reader, MaxGroupLength, out group) && group.Length > 0;
            else if (name.SequenceEqual("s"u8))
                good = UplinkJson.TryText(ref reader, SiteId.MaxLength, out var path) && (site = SiteId.TryParse(path, out var id) ? id : null) is not null;
            else if (name.SequenceEqual("gw"u8))
                good = UplinkJson.TryGateway(ref reader, out var id) && (gateway = id) is not null;
            else if (name.SequenceEqual("t"u8))
                good = UplinkJson.TryTime(reader, out var time) && (start = time) is not null;
            else if (name.SequenceEqual("n"u8))
                good = (shape = ReadShape(ref reader)) is not null;
            else if (name.SequenceEqual("m"u8))
                good = (metrics = ReadMetrics(ref reader)) is not null;
            else
                reader.Skip();
            if (!good)
                return Fail((int)reader.TokenStartIndex, "This part of the window is not as it must be.", out error);
        }
        if (group is null || start is null || shape is not { } n || metrics is null)
            return Fail(at, "A window needs 'g', 't', 'n' and 'm'.", out error);
        window = new WindowContent(group, site, gateway, start.Value, n.Length, n.Revision, n.Heard, n.Members, metrics);
        return true;
    }

    private static (long Length, int Revision, int Heard, int Members)? ReadShape(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || !UplinkJson.TryTime(reader, out var length) || length == 0)
            return null;
        var revision = ReadInt(ref reader);
        var heard = ReadInt(ref reader);
        var members = ReadInt(ref reader);
        if (revision is null || heard is null || members is null || !reader.Read() || reader.TokenType != JsonTokenType.EndArray)
            return null;
        return (length, revision.Value, heard.Value, members.Value);
    }

    private static int? ReadInt(ref Utf8JsonReader reader) =>
        reader.Read() && UplinkJson.TryCount(ref reader, out var value) && value <= int.MaxValue ? (int)value : null;

    private static List<WindowMetric>? ReadMetrics(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return null;
        var metrics = new List<WindowMetric>(4);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (metrics.Count == MaxMetrics || !UplinkJson.TryMetric(ref reader, out var name) || metrics.Exists(m => m.Metric == name)
                || !reader.Read() || reader.TokenType != JsonTokenType.StartArray || !reader.Read() || !UplinkJson.TryCount(ref reader, out var count)
                || ReadNumber(ref reader) is not { } mean || ReadNumber(ref reader) is not { } min || ReadNumber(ref reader) is not { } max
                || ReadNumber(ref reader) is not { } deviation || ReadNumber(ref reader) is not { } last
                || !reader.Read() || reader.TokenType != JsonTokenType.EndArray)
                return null;
            metrics.Add(new WindowMetric(name, count, mean, min, max, deviation, last));
        }
        return metrics;
    }

    private static double? ReadNumber(ref Utf8JsonReader reader) => reader.Read() && UplinkJson.TryNumber(ref reader, out var value) ? value : null;

    private static bool Fail(int offset, string reason, out PayloadError error)
    {
        error = new PayloadError(offset, reason);
        return false;
    }
}
