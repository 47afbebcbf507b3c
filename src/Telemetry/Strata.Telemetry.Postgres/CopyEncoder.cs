using System.Buffers.Binary;
using System.Text;

namespace Strata.Telemetry.Postgres;

/// <summary>
/// Rows in PostgreSQL's binary COPY format (PostgreSQL 15, "COPY", "Binary Format"), written into one buffer and from there to the server's stream. Between
/// <see cref="Begin"/> and <see cref="End"/> the stream is the encoder's; the buffer is kept for the next time.
/// </summary>
internal sealed class CopyEncoder
{
    private const int Largest = 128 * 1024;

    private byte[] buffer = new byte[Largest];
    private int length;
    private Stream stream = Stream.Null;

    public void Begin(Stream target)
    {
        stream = target;
        length = 0;
        ReadOnlySpan<byte> signature = [(byte)'P', (byte)'G', (byte)'C', (byte)'O', (byte)'P', (byte)'Y', (byte)'\n', 0xFF, (byte)'\r', (byte)'\n', 0];
        signature.CopyTo(buffer);
        length = signature.Length;
        Put(0); // Flags.
        Put(0); // No header extension.
    }

    /// <summary>Begins a row; its fields follow in the order of the columns.</summary>
    /// <param name="room">Bytes that its fixed fields take at most, lengths included.</param>
    public void Row(short fields, int room)
    {
        if (buffer.Length - length < room + 2)
            Flush();
        BinaryPrimitives.WriteInt16BigEndian(buffer.AsSpan(length), fields);
        length += 2;
    }

    public void Int16(short value)
    {
        Put(2);
        BinaryPrimitives.WriteInt16BigEndian(buffer.AsSpan(length), value);
        length += 2;
    }

    public void Int32(int value)
    {
        Put(4);
        Put(value);
    }

    public void Int64(long value)
    {
        Put(8);
        BinaryPrimitives.WriteInt64BigEndian(buffer.AsSpan(length), value);
        length += 8;
    }

    public void Double(double value)
    {
        Put(8);
        BinaryPrimitives.WriteDoubleBigEndian(buffer.AsSpan(length), value);
        length += 8;
    }

    /// <summary>Bytes of a short text, encoded before.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        Put(value.Length);
        value.CopyTo(buffer.AsSpan(length));
        length += value.Length;
    }

    /// <summary>A text of any length, or null. The last field of a row: it takes what room there is.</summary>
    public void LastText(string? value)
    {
        if (value is null)
        {
            Put(-1);
            return;
        }
        var size = Encoding.UTF8.GetMaxByteCount(value.Length) + 4;
        if (buffer.Length - length < size)
            Flush();
        if (buffer.Length < size)
            Array.Resize(ref buffer, size);
        var written = Encoding.UTF8.GetBytes(value, buffer.AsSpan(length + 4));
        Put(written);
        length += written;
    }

    public void End()
    {
        if (buffer.Length - length < 2)
            Flush();
        BinaryPrimitives.WriteInt16BigEndian(buffer.AsSpan(length), -1);
        length += 2;
        Flush();
        stream = Stream.Null;
        if (buffer.Length > Largest)
            buffer = new byte[Largest];
    }

    private void Put(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(length), value);
        length += 4;
    }

    private void Flush()
    {
        stream.Write(buffer, 0, length);
        length = 0;
    }
}
