using System.Text;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>The process's bounded memory of metric names and short texts, from UTF-8.</summary>
internal static class MetricNames
{
    /// <summary>Texts up to this many bytes are remembered: states such as <c>open</c> recur, longer texts rarely do.</summary>
    private const int LongestKnownText = 32;

    private static readonly InternTable Names = new(16_384);
    private static readonly InternTable Texts = new(4_096);

    /// <summary>The metric name that these bytes are.</summary>
    /// <param name="bad">On false: index of the byte at fault.</param>
    /// <param name="reason">On false: one sentence.</param>
    public static bool TryGet(ReadOnlySpan<byte> utf8, out MetricName name, out int bad, out string? reason)
    {
        (bad, reason) = (0, null);
        var hash = InternTable.Hash(utf8);
        var text = Names.Find(utf8, hash);
        if (text is null)
        {
            if (!IsName(utf8, out bad, out reason))
            {
                name = default;
                return false;
            }
            text = Encoding.ASCII.GetString(utf8);
            Names.Add(utf8, hash, text);
        }
        name = MetricName.FromValid(text);
        return true;
    }

    /// <summary>A text value as a string; the bytes are valid UTF-8.</summary>
    public static string Text(ReadOnlySpan<byte> utf8) => utf8.Length > LongestKnownText ? Encoding.UTF8.GetString(utf8) : Texts.TextOf(utf8);

    private static bool IsName(ReadOnlySpan<byte> utf8, out int bad, out string? reason)
    {
        bad = 0;
        reason = utf8.IsEmpty ? "A metric name must not be empty." : null;
        if (utf8.Length > MetricName.MaxLength)
            (bad, reason) = (MetricName.MaxLength, $"A metric name has at most {MetricName.MaxLength} characters.");
        for (var i = 0; reason is null && i < utf8.Length; i++)
        {
            var c = (char)utf8[i];
            if (char.IsAsciiLetterOrDigit(c) || (i > 0 && c is '.' or '_' or ':' or '-' or ' '))
                continue;
            (bad, reason) = (i, i == 0 ? "A metric name begins with a letter or a digit." : "A metric name holds letters, digits, space and . _ : - only.");
        }
        return reason is null;
    }
}
