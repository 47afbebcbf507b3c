using System.Buffers.Binary;
using System.Text;

namespace Strata.Mqtt.Durability;

/// <summary>Something the journal keeps.</summary>
internal interface IRecord
{
    /// <summary>Writes it; under the journal's lock.</summary>
    /// <param name="era">What was written in an earlier era may be gone soon: a record refers to a message only if that was written in this one.</param>
    void Write(RecordWriter writer, int era);
}

/// <summary>Records that wait for the disk, and what writes their parts: numbers as LEB128, bytes and texts with their length.</summary>
internal sealed class RecordWriter(int capacity)
{
    private const int LongestNumber = 10;
    private byte[] buffer = new byte[capacity];
    private int count;

    public int Count => Volatile.Read(ref count);

    public ReadOnlyMemory<byte> Written => buffer.AsMemory(0, count);

    public void Clear() => count = 0;

    public void Byte(byte value)
    {
        Room(1)[0] = value;
        count++;
    }

    public void Number(long value)
    {
        var span = Room(LongestNumber);
        var rest = (ulong)value;
        var length = 0;
        for (; rest >= 0x80; rest >>= 7)
            span[length++] = (byte)(rest | 0x80);
        span[length++] = (byte)rest;
        count += length;
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Number(bytes.Length);
        bytes.CopyTo(Room(bytes.Length));
        count += bytes.Length;
    }

    public void Text(string? text)
    {
        var length = Encoding.UTF8.GetByteCount(text ?? "");
        Number(length);
        Encoding.UTF8.GetBytes(text ?? "", Room(length));
        count += length;
    }

    private Span<byte> Room(int length)
    {
        if (buffer.Length - count < length)
            Array.Resize(ref buffer, Math.Max(2 * buffer.Length, checked(count + length)));
        return buffer.AsSpan(count);
    }
}

/// <summary>Reads what a <see cref="RecordWriter"/> wrote.</summary>
/// <exception cref="InvalidDataException">The bytes end too early or are none of ours.</exception>
internal ref struct RecordReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> rest = bytes;

    public readonly bool AtEnd => rest.IsEmpty;

    public byte Byte() => Take(1)[0];

    public long Number()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return (long)value;
        }

        throw new InvalidDataException("A number has more than ten bytes.");
    }

    public ReadOnlySpan<byte> Bytes() => Take(Count());

    /// <summary>How many of something follow, each of a byte at least.</summary>
    public int Count()
    {
        var count = Number();
        return count >= 0 && count <= rest.Length ? (int)count : throw new InvalidDataException("A record is longer than its batch.");
    }

    public string Text() => Encoding.UTF8.GetString(Bytes());

    private ReadOnlySpan<byte> Take(int length)
    {
        if (rest.Length < length)
            throw new InvalidDataException("A record is longer than its batch.");
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }
}

/// <summary>What stands before each batch in a segment: magic, length, number, checksum of length, number and records.</summary>
internal readonly record struct BatchHeader(int Length, long Number, uint Checksum)
{
    public const int Size = 20;
    public const uint Magic = 0x424A4D53; // "SMJB"

    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], Length);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], Number);
        BinaryPrimitives.WriteUInt32LittleEndian(target[16..], Checksum);
    }

    /// <returns>Null when no batch begins here.</returns>
    public static BatchHeader? Read(ReadOnlySpan<byte> bytes) =>
        bytes.Length < Size || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic ? null : new BatchHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]));

    /// <param name="seed">The segment's: what a client puts into a payload is no batch, because it does not know the seed.</param>
    public static uint ChecksumOf(uint seed, int length, long number, ReadOnlySpan<byte> records)
    {
        Span<byte> head = stackalloc byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(head, length);
        BinaryPrimitives.WriteInt64LittleEndian(head[4..], number);
        return Storage.Crc32C.Of(Storage.Crc32C.Of(seed, head), records);
    }
}

/// <summary>What a segment begins with: the name of the format and its version, a random seed, the checksum of both.</summary>
internal static class SegmentHeader
{
    public const int Size = 24;

    private static ReadOnlySpan<byte> Format => "STRATAMQTT\0\0\0\0\0\x1"u8;

    public static void Write(Span<byte> target, uint seed)
    {
        Format.CopyTo(target);
        BinaryPrimitives.WriteUInt32LittleEndian(target[16..], seed);
        BinaryPrimitives.WriteUInt32LittleEndian(target[20..], Storage.Crc32C.Of(0, target[..20]));
    }

    /// <returns>The seed; null when this begins no segment.</returns>
    public static uint? Read(ReadOnlySpan<byte> bytes) =>
        bytes.Length < Size || !bytes.StartsWith(Format) || BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]) != Storage.Crc32C.Of(0, bytes[..20])
            ? null
            : BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]);
}
