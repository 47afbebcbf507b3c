using System.Buffers;
using System.Text.Unicode;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>
/// Reads JSON (RFC 8259) strictly from a span, token by token, without allocating. Methods that return false have set
/// <see cref="Error"/>; the cursor is then of no further use.
/// </summary>
internal ref partial struct JsonCursor(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> data = data;

    /// <summary>Where the next byte is read.</summary>
    public int At;

    public PayloadError Error;

    public bool Fail(int offset, string reason)
    {
        Error = new PayloadError(offset, reason);
        return false;
    }

    /// <summary>Skips white space and looks at the next byte without taking it; 0 at the end.</summary>
    public byte Peek()
    {
        while ((uint)At < (uint)data.Length)
        {
            var c = data[At];
            if (c > ' ' || c is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
                return c;
            At++;
        }
        return 0;
    }

    /// <summary>Fails where the cursor stands, or says that the payload ended too early.</summary>
    public bool Unexpected(string reason) =>
        At >= data.Length ? Fail(data.Length, "The payload ends too early.") : Fail(At, reason);

    /// <summary>Takes the colon after a name.</summary>
    public bool ReadColon()
    {
        if (Peek() != ':')
            return Unexpected("A colon must follow the name.");
        At++;
        return true;
    }

    /// <summary>
    /// After a member or element: takes a comma (<paramref name="more"/> true, and something follows) or the closing bracket (false).
    /// </summary>
    public bool ReadSeparator(byte close, out bool more)
    {
        var c = Peek();
        more = c == ',';
        if (!more && c != close)
            return Unexpected(close == '}' ? "A comma or a closing brace must follow the value." : "A comma or a closing bracket must follow the element.");
        At++;
        if (more && Peek() == close)
            return Fail(At, "Something must follow the comma.");
        return true;
    }

    /// <summary>Checks that only white space is left.</summary>
    public bool ReadEnd()
    {
        Peek();
        return At == data.Length || Fail(At, "Bytes follow the end of the payload.");
    }

    /// <summary>Takes the rest of a literal such as <c>true</c>.</summary>
    public bool ReadLiteral(ReadOnlySpan<byte> literal)
    {
        var rest = data[At..];
        if (rest.StartsWith(literal))
        {
            At += literal.Length;
            return true;
        }
        var same = rest.CommonPrefixLength(literal);
        return At + same >= data.Length ? Fail(data.Length, "The payload ends too early.") : Fail(At + same, "This is neither true, false, null nor anything else that JSON knows.");
    }

    /// <summary>Takes a string: what stands between the quotes, not yet checked nor unescaped. The next byte must be the quote.</summary>
    public bool ReadString(out ReadOnlySpan<byte> raw, out bool escaped)
    {
        var rest = data[(At + 1)..];
        var end = rest.IndexOfAny((byte)'"', (byte)'\\');
        escaped = false;
        while (end >= 0 && rest[end] == '\\')
        {
            escaped = true;
            end += 2;
            var next = end < rest.Length ? rest[end..].IndexOfAny((byte)'"', (byte)'\\') : -1;
            end = next < 0 ? -1 : end + next;
        }
        if (end < 0)
        {
            raw = default;
            return Fail(data.Length, "The payload ends inside a text.");
        }
        raw = rest[..end];
        At += end + 2;
        return true;
    }

    /// <summary>Checks that a string's raw bytes are valid: no control characters, valid UTF-8.</summary>
    /// <param name="offset">Where <paramref name="raw"/> begins in the payload.</param>
    public bool CheckString(scoped ReadOnlySpan<byte> raw, int offset)
    {
        var control = raw.IndexOfAnyInRange((byte)0, (byte)0x1F);
        if (control >= 0)
            return Fail(offset + control, "A control character in a text must be escaped.");
        if (Utf8.IsValid(raw))
            return true;
        var good = 0;
        while (System.Text.Rune.DecodeFromUtf8(raw[good..], out _, out var length) == System.Buffers.OperationStatus.Done)
            good += length;
        return Fail(offset + good, "This is not valid UTF-8.");
    }

    /// <summary>Takes any value and forgets it.</summary>
    /// <param name="depth">How many levels may still open.</param>
    public bool SkipValue(int depth)
    {
        switch (Peek())
        {
            case (byte)'{' or (byte)'[':
                return SkipContainer(depth);
            case (byte)'"':
                return SkipString();
            case (byte)'t':
                return ReadLiteral("true"u8);
            case (byte)'f':
                return ReadLiteral("false"u8);
            case (byte)'n':
                return ReadLiteral("null"u8);
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                return ReadNumber(out _);
            default:
                return Unexpected("A value is expected here.");
        }
    }

    private bool SkipString()
    {
        var start = At + 1;
        if (!ReadString(out var raw, out var escaped) || !CheckString(raw, start))
            return false;
        if (!escaped)
            return true;
        var unescaped = ArrayPool<byte>.Shared.Rent(raw.Length);
        var isValid = JsonEscapes.TryResolve(raw, unescaped, out _, out var bad, out var reason);
        ArrayPool<byte>.Shared.Return(unescaped);
        return isValid || Fail(start + bad, reason!);
    }

    private bool SkipContainer(int depth)
    {
        if (depth == 0)
            return Fail(At, "The payload is nested too deep.");
        var isObject = data[At] == '{';
        var close = isObject ? (byte)'}' : (byte)']';
        At++;
        if (Peek() == close)
        {
            At++;
            return true;
        }
        for (var more = true; more;)
        {
            if (isObject)
            {
                if (Peek() != '"')
                    return Unexpected("A name in quotes is expected here.");
                if (!SkipString() || !ReadColon())
                    return false;
            }
            if (!SkipValue(depth - 1) || !ReadSeparator(close, out more))
                return false;
        }
        return true;
    }
}
