using System.Text;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>How a telemetry payload is written.</summary>
public enum PayloadFormat : byte
{
    /// <summary>Strata's own JSON forms: <c>{"temperature":22.4}</c>, <c>{"ts":ms,"values":{...}}</c>, arrays of either.</summary>
    Json,

    /// <summary>SenML in JSON, RFC 8428.</summary>
    SenmlJson,
}

/// <summary>Which format a payload has. Decided from what the sender says, never from the payload's bytes.</summary>
public static class PayloadFormats
{
    /// <summary>The topic level that marks SenML in JSON.</summary>
    public static ReadOnlySpan<byte> SenmlSuffix => "/senml"u8;

    /// <summary>
    /// Decides the format: the content type when there is one (<c>application/json</c>, <c>application/senml+json</c>; parameters after <c>;</c>
    /// and letter case do not matter), else the topic suffix <c>/senml</c>, else JSON.
    /// </summary>
    /// <param name="contentType">HTTP Content-Type or the MQTT 5 content type, ASCII; empty when absent.</param>
    /// <param name="topic">The topic or path that it came on; may be empty.</param>
    /// <param name="reason">One sentence when false: the content type is not known.</param>
    public static bool TrySelect(ReadOnlySpan<byte> contentType, ReadOnlySpan<byte> topic, out PayloadFormat format, out string? reason)
    {
        reason = null;
        format = topic.EndsWith(SenmlSuffix) ? PayloadFormat.SenmlJson : PayloadFormat.Json;
        if (contentType.IsEmpty)
            return true;
        var end = contentType.IndexOf((byte)';');
        var name = (end < 0 ? contentType : contentType[..end]).Trim(" \t"u8);
        if (Ascii.EqualsIgnoreCase(name, "application/json"u8))
            format = PayloadFormat.Json;
        else if (Ascii.EqualsIgnoreCase(name, "application/senml+json"u8))
            format = PayloadFormat.SenmlJson;
        else
            reason = $"The content type '{Printable(name)}' is not known; use application/json or application/senml+json.";
        return reason is null;
    }

    /// <inheritdoc cref="TrySelect(ReadOnlySpan{byte}, ReadOnlySpan{byte}, out PayloadFormat, out string?)"/>
    public static bool TrySelect(string? contentType, string topic, out PayloadFormat format, out string? reason) =>
        TrySelect(Encoding.UTF8.GetBytes(contentType ?? ""), Encoding.UTF8.GetBytes(topic), out format, out reason);

    private static string Printable(ReadOnlySpan<byte> name)
    {
        var text = Encoding.ASCII.GetString(name.Length > 60 ? name[..60] : name);
        return string.Create(text.Length, text, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
                to[i] = char.IsControl(from[i]) ? '?' : from[i];
        });
    }
}
