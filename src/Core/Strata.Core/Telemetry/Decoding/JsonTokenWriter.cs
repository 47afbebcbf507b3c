using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Strata.Core.Telemetry.Decoding;

/// <summary>Writes JSON tokens without white space into a buffer writer. <see cref="Flush"/> must end it.</summary>
internal ref struct JsonTokenWriter(IBufferWriter<byte> output)
{
    private const int LongestNumber = 32;
    private const double MaxExactInteger = 1L << 53;

    private readonly IBufferWriter<byte> output = output;
    private Span<byte> free;
    private int used;

    public void Flush()
    {
        output.Advance(used);
        free = default;
        used = 0;
    }

    public void Byte(byte value)
    {
        Room(1)[0] = value;
        used++;
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        used += bytes.Length;
    }

    /// <summary>A metric's name, which needs no escapes, and its colon.</summary>
    public void Name(string name)
    {
        var room = Room(name.Length + 3);
        room[0] = (byte)'"';
        var length = Encoding.ASCII.GetBytes(name, room[1..]);
        room[length + 1] = (byte)'"';
        room[length + 2] = (byte)':';
        used += length + 3;
    }

    /// <summary>The shortest text that gives the same double again; an integer beyond 2^53 gets a decimal, without which it would be refused.</summary>
    public void Number(double value)
    {
        if (!double.IsFinite(value))
            throw new ArgumentOutOfRangeException(nameof(value), "JSON has no infinite number and no NaN.");
        var room = Room(LongestNumber);
        value.TryFormat(room, out var length, default, CultureInfo.InvariantCulture);
        used += length;
        if (Math.Abs(value) > MaxExactInteger && room[..length].IndexOfAny((byte)'.', (byte)'E') < 0)
            Raw(".0"u8);
    }

    /// <summary>Microseconds as milliseconds, with as many decimals as they need.</summary>
    public void Milliseconds(long microseconds)
    {
        var (whole, rest) = Math.DivRem(microseconds, 1000);
        Utf8Formatter.TryFormat(whole, Room(LongestNumber), out var length);
        used += length;
        if (rest == 0)
            return;
        var room = Room(4);
        room[0] = (byte)'.';
        room[1] = (byte)('0' + rest / 100);
        room[2] = (byte)('0' + rest / 10 % 10);
        room[3] = (byte)('0' + rest % 10);
        used += rest % 10 != 0 ? 4 : rest % 100 != 0 ? 3 : 2;
    }

    /// <summary>A text in quotes; only quote, backslash and control characters are escaped. Half a surrogate pair becomes U+FFFD.</summary>
    public void Text(string text)
    {
        Byte((byte)'"');
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var plain = rest.IndexOfAny(Escaped);
            var run = plain < 0 ? rest : rest[..plain];
            var room = Room(Encoding.UTF8.GetMaxByteCount(run.Length));
            used += Encoding.UTF8.GetBytes(run, room);
            if (plain < 0)
                break;
            Escape(rest[plain]);
            rest = rest[(plain + 1)..];
        }
        Byte((byte)'"');
    }

    private static readonly SearchValues<char> Escaped =
        SearchValues.Create("\"\\" + string.Concat(Enumerable.Range(0, 0x20).Select(c => (char)c)));

    private void Escape(char c)
    {
        var letter = c switch { '"' => '"', '\\' => '\\', '\b' => 'b', '\f' => 'f', '\n' => 'n', '\r' => 'r', '\t' => 't', _ => 'u' };
        Byte((byte)'\\');
        Byte((byte)letter);
        if (letter != 'u')
            return;
        Raw("00"u8);
        Byte((byte)('0' + (c >> 4)));
        Byte((byte)((c & 15) < 10 ? '0' + (c & 15) : 'a' + (c & 15) - 10));
    }

    private Span<byte> Room(int size)
    {
        if (free.Length - used < size)
        {
            output.Advance(used);
            free = output.GetSpan(Math.Max(size, 256));
            used = 0;
        }
        return free[used..];
    }
}
