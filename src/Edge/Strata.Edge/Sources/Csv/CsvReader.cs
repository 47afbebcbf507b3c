using System.Text;

namespace Strata.Edge.Sources.Csv;

/// <summary>
/// Reads the records of a CSV file (RFC 4180: commas, quotes doubled inside quotes, line breaks inside quotes, LF or CRLF), UTF-8, one at a
/// time and without holding the file. A field's span is valid until the next <see cref="Read"/>. Not safe for use by two threads.
/// </summary>
/// <param name="stream">Read from its position to its end; the caller closes it.</param>
internal sealed class CsvReader(Stream stream)
{
    /// <summary>The longest record, in bytes; one beyond it (an unclosed quote, most often) is malformed and ends at its first line break.</summary>
    public const int MaxRecordBytes = 64 * 1024;

    /// <summary>The most fields of a record; one with more is malformed.</summary>
    public const int MaxFields = 1024;

    private readonly byte[] buffer = new byte[2 * MaxRecordBytes];
    private readonly byte[] unquoted = new byte[MaxRecordBytes];
    private readonly (int Start, int Length, bool Unquoted)[] fields = new (int, int, bool)[MaxFields];
    private int start;
    private int end;
    private bool ended;
    private int unquotedLength;
    private long nextLine = 1;
    private bool begun;

    /// <summary>The line on which the current record begins, from 1.</summary>
    public long Line { get; private set; }

    public int FieldCount { get; private set; }

    /// <summary>Null when the current record is well formed, else why not; it then has no fields.</summary>
    public string? Malformed { get; private set; }

    public ReadOnlySpan<byte> Field(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)FieldCount);
        var (at, length, own) = fields[index];
        return own ? unquoted.AsSpan(at, length) : buffer.AsSpan(at, length);
    }

    public string Text(int index) => Encoding.UTF8.GetString(Field(index));

    /// <summary>Goes to the next record; empty lines are passed over. False at the end.</summary>
    public bool Read()
    {
        if (!begun)
            SkipMark();
        while (true)
        {
            Line = nextLine;
            FieldCount = 0;
            unquotedLength = 0;
            Malformed = null;
            Fill();
            if (start == end)
                return false;
            if (Parse() is var length && length > 0)
            {
                start += length;
                if (FieldCount > 1 || Malformed is not null || fields[0].Length > 0)
                    return true;
            }
        }
    }

    /// <summary>A byte order mark is no part of the first field.</summary>
    private void SkipMark()
    {
        begun = true;
        Fill();
        if (buffer.AsSpan(start, end - start).StartsWith(Encoding.UTF8.Preamble))
            start += Encoding.UTF8.Preamble.Length;
    }

    /// <summary>Makes sure that a whole record of the greatest length is in the buffer, or the rest of the file.</summary>
    private void Fill()
    {
        if (ended || end - start > MaxRecordBytes)
            return;
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        end -= start;
        start = 0;
        while (end < buffer.Length)
        {
            var read = stream.Read(buffer, end, buffer.Length - end);
            ended = read == 0;
            if (ended)
                return;
            end += read;
        }
    }

    /// <summary>Finds the record's fields; gives its length with its line break.</summary>
    private int Parse()
    {
        var limit = Math.Min(end, start + MaxRecordBytes);
        var at = start;
        while (true)
        {
            if (FieldCount == MaxFields)
                return Skip($"it has more than {MaxFields} fields");
            at = at < limit && buffer[at] == '"' ? ParseQuoted(at + 1, limit) : ParsePlain(at, limit);
            if (at < 0)
                return Skip("a quote is not closed, or stands where none may");
            if (at == limit && !(ended && limit == end))
                return Skip($"it is longer than {MaxRecordBytes} bytes");
            if (at < limit && buffer[at] == ',')
            {
                at++;
                continue;
            }
            nextLine++;
            return at < limit ? at + 1 - start : at - start;
        }
    }

    private int ParsePlain(int at, int limit)
    {
        var length = buffer.AsSpan(at, limit - at).IndexOfAny((byte)',', (byte)'\n');
        var stop = length < 0 ? limit : at + length;
        var last = stop > at && buffer[stop - 1] == '\r' && (stop == limit || buffer[stop] == '\n') ? stop - 1 : stop;
        fields[FieldCount++] = (at, last - at, false);
        return stop;
    }

    private int ParseQuoted(int at, int limit)
    {
        var from = unquotedLength;
        while (at < limit)
        {
            var quote = buffer.AsSpan(at, limit - at).IndexOf((byte)'"');
            if (quote < 0)
                return -1;
            var part = buffer.AsSpan(at, quote);
            part.CopyTo(unquoted.AsSpan(unquotedLength));
            unquotedLength += quote;
            nextLine += part.Count((byte)'\n');
            at += quote + 1;
            if (at < limit && buffer[at] == '"')
            {
                unquoted[unquotedLength++] = (byte)'"';
                at++;
                continue;
            }
            fields[FieldCount++] = (from, unquotedLength - from, true);
            if (at < limit && buffer[at] == '\r')
                at++;
            return at == limit || buffer[at] is (byte)',' or (byte)'\n' ? at : -1;
        }
        return -1;
    }

    /// <summary>Gives the record up; reading goes on behind its first line break.</summary>
    private int Skip(string why)
    {
        Malformed = why;
        FieldCount = 0;
        nextLine = Line + 1;
        while (true)
        {
            var length = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (length >= 0)
                return length + 1;
            start = end;
            Fill();
            if (start == end)
                return 0 < end ? SkipToEnd() : 1;
        }
    }

    private int SkipToEnd()
    {
        start = end - 1;
        return 1;
    }
}
