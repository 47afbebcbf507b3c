using System.Text;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>Resolves the escapes of a JSON string.</summary>
internal static class JsonEscapes
{
    /// <summary>
    /// Writes the string's UTF-8 without escapes. <paramref name="raw"/> is what stands between the quotes, every backslash followed by a byte;
    /// <paramref name="to"/> needs at most as many bytes as it has.
    /// </summary>
    /// <param name="bad">On false: index of the escape at fault.</param>
    /// <param name="reason">On false: one sentence.</param>
    public static bool TryResolve(ReadOnlySpan<byte> raw, Span<byte> to, out int written, out int bad, out string? reason)
    {
        (written, bad, reason) = (0, 0, null);
        for (var i = 0; i < raw.Length;)
        {
            if (raw[i] != '\\')
            {
                to[written++] = raw[i++];
                continue;
            }
            bad = i;
            if (raw[i + 1] == 'u')
            {
                if (!TryReadRune(raw, ref i, out var rune, out reason))
                    return false;
                written += rune.EncodeToUtf8(to[written..]);
                continue;
            }
            var plain = Short(raw[i + 1]);
            if (plain == 0)
            {
                reason = "JSON knows no such escape.";
                return false;
            }
            to[written++] = plain;
            i += 2;
        }
        return true;
    }

    private static byte Short(byte letter) => letter switch
    {
        (byte)'"' or (byte)'\\' or (byte)'/' => letter,
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        _ => 0,
    };

    private static bool TryReadRune(ReadOnlySpan<byte> raw, ref int i, out Rune rune, out string? reason)
    {
        (rune, reason) = (default, "An escape \\u needs four hexadecimal digits.");
        if (!TryReadUnit(raw[i..], out var high))
            return false;
        i += 6;
        if (Rune.TryCreate(high, out rune))
            return true;
        reason = "The escape is half of a surrogate pair.";
        if (!TryReadUnit(raw[i..], out var low) || !Rune.TryCreate(high, low, out rune))
            return false;
        i += 6;
        return true;
    }

    private static bool TryReadUnit(ReadOnlySpan<byte> raw, out char unit)
    {
        unit = '\0';
        if (raw.Length < 6 || raw[0] != '\\' || raw[1] != 'u')
            return false;
        var value = 0;
        foreach (var b in raw.Slice(2, 4))
        {
            if (!char.IsAsciiHexDigit((char)b))
                return false;
            value = (value << 4) | (b <= '9' ? b - '0' : (b | 0x20) - 'a' + 10);
        }
        unit = (char)value;
        return true;
    }
}
