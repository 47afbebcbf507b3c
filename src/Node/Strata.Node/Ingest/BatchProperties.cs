using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;
using Strata.Core.Telemetry;
using Strata.Mqtt;

namespace Strata.Node.Ingest;

/// <summary>What a source says about a batch besides its payload: MQTT 5 user properties, or HTTP headers of the same names.</summary>
internal struct BatchProperties
{
    public const string Batch = "strata-batch";
    public const string SampledName = "strata-sampled";
    public const string SuppressedName = "strata-suppressed";
    public const string ImmediateName = "strata-immediate";
    private const int MaxStream = 32;

    /// <summary>When the newest sample was taken at the source, microseconds; 0 when not said.</summary>
    public long Sampled;

    /// <summary>Samples suppressed since the last report; -1 when not said.</summary>
    public long Suppressed;

    public bool Immediate;

    /// <summary>The batch's number; null when the source does not number.</summary>
    public SourceStamp? Stamp;

    /// <summary>Reads the user properties of a PUBLISH.</summary>
    /// <param name="source">Who numbers.</param>
    /// <param name="stream">The stream said last on the connection, kept so that its name is not allocated for each message.</param>
    /// <param name="reason">On false: why, for the source's developer.</param>
    public static bool TryRead(ReadOnlySpan<byte> userProperties, string source, ref string? stream, out BatchProperties properties, out string? reason)
    {
        (properties, reason) = (new BatchProperties { Suppressed = -1 }, null);
        var reader = new UserPropertyReader(userProperties);
        while (reason is null && reader.TryRead(out var name, out var value))
        {
            if (name.StartsWith("strata-"u8))
                reason = properties.Set(name, value, source, ref stream);
        }
        return reason is null;
    }

    /// <inheritdoc cref="TryRead(ReadOnlySpan{byte}, string, ref string?, out BatchProperties, out string?)"/>
    public static bool TryRead(IHeaderDictionary headers, string source, out BatchProperties properties, out string? reason)
    {
        (properties, reason) = (new BatchProperties { Suppressed = -1 }, null);
        string? stream = null;
        foreach (var name in (ReadOnlySpan<string>)[Batch, SampledName, SuppressedName, ImmediateName])
        {
            if (reason is null && headers[name] is [{ } value, ..])
                reason = properties.Set(Encoding.ASCII.GetBytes(name), Encoding.UTF8.GetBytes(value), source, ref stream);
        }
        return reason is null;
    }

    private string? Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, string source, ref string? stream)
    {
        if (name.SequenceEqual("strata-batch"u8))
            return SetStamp(value, source, ref stream) ? null : "strata-batch is STREAM/NUMBER: 1-32 letters or digits, a slash, an integer from 1.";
        if (name.SequenceEqual("strata-sampled"u8))
        {
            var good = TryInteger(value, out var milliseconds) && milliseconds <= long.MaxValue / 1000;
            Sampled = good ? milliseconds * 1000 : 0;
            return good ? null : "strata-sampled is a time in ms since 1970.";
        }
        if (name.SequenceEqual("strata-suppressed"u8))
            return TryInteger(value, out Suppressed) ? null : "strata-suppressed is a count.";
        if (name.SequenceEqual("strata-immediate"u8))
            Immediate = value.SequenceEqual("1"u8);
        return null;
    }

    private bool SetStamp(ReadOnlySpan<byte> value, string source, ref string? stream)
    {
        var slash = value.IndexOf((byte)'/');
        if (slash is < 1 or > MaxStream || !TryInteger(value[(slash + 1)..], out var number) || number < 1)
            return false;
        var name = value[..slash];
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)c))
                return false;
        }
        if (stream is null || !Ascii.Equals(name, stream))
            stream = Encoding.ASCII.GetString(name);
        Stamp = new SourceStamp(source, stream, number);
        return true;
    }

    private static bool TryInteger(ReadOnlySpan<byte> text, out long value) =>
        Utf8Parser.TryParse(text, out value, out var used) && used == text.Length && used > 0 && value >= 0;
}
