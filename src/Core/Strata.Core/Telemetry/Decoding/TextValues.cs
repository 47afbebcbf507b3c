namespace Strata.Core.Telemetry.Decoding;

/// <summary>Reads a text value: checked, unescaped, within its limit.</summary>
internal static class TextValues
{
    /// <summary>Takes the string at the cursor, whose next byte is the quote.</summary>
    public static bool TryRead(ref JsonCursor cursor, DecodeScratch scratch, PayloadLimits limits, out string text)
    {
        text = "";
        var quote = cursor.At;
        if (!cursor.ReadString(out var raw, out var escaped) || !cursor.CheckString(raw, quote + 1))
            return false;
        if (escaped)
        {
            // Six bytes of escape give at least one of text: anything longer is over the limit without being resolved.
            if (raw.Length > 6L * limits.MaxTextBytes)
                return cursor.Fail(quote, TooLong(limits));
            var buffer = scratch.Text(raw.Length);
            if (!JsonEscapes.TryResolve(raw, buffer, out var length, out var bad, out var reason))
                return cursor.Fail(quote + 1 + bad, reason!);
            raw = buffer.AsSpan(0, length);
        }
        if (raw.Length > limits.MaxTextBytes)
            return cursor.Fail(quote, TooLong(limits));
        if (raw.Contains((byte)0))
            return cursor.Fail(quote, "A text must not hold the character U+0000.");
        text = MetricNames.Text(raw);
        return true;
    }

    private static string TooLong(PayloadLimits limits) => $"A text value has at most {limits.MaxTextBytes} bytes.";
}
