using System.Buffers.Binary;
using Strata.Storage;

namespace Strata.Forwarding;

[Flags]
internal enum RecordFlags : byte
{
    None = 0,

    /// <summary>The last record of an append: without it the append had not finished and is cut.</summary>
    EndOfGroup = 1,

    /// <summary>The payload begins with a gap (<see cref="GapPrefix"/>).</summary>
    Gap = 2,

    /// <summary>The caller's memo: carries the next record's number and takes none.</summary>
    Memo = 4,
}

/// <summary>
/// The 64 bytes before each payload, little endian: checksum of all that follows (4), payload length (4), number (8), tag (1), flags (1), checksum of
/// the header's other fields (2), readings (4), from (8), to (8), cursor (8), appended (8), readings before (8). The header's own checksum tells a
/// record cut short from one whose length was damaged; both checksums are seeded with the stream, so that no payload can pass for a record.
/// </summary>
/// <param name="ReadingsBefore">Readings of all records before this one: tells what a damaged stretch held.</param>
internal readonly record struct RecordHeader(
    int PayloadLength, long Number, byte Tag, RecordFlags Flags, int Readings, long From, long To, long Cursor, long Appended, long ReadingsBefore)
{
    public const int Size = 64;
    public const long NoTime = long.MinValue;

    /// <summary>Header and payload.</summary>
    public int Length => Size + PayloadLength;

    public bool IsMemo => (Flags & RecordFlags.Memo) != 0;

    public bool IsGap => (Flags & RecordFlags.Gap) != 0;

    public bool EndsGroup => (Flags & RecordFlags.EndOfGroup) != 0;

    /// <summary>Writes header and checksums; the payload already stands at <c>target[Size..]</c>.</summary>
    public void Write(Span<byte> target, uint seed)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], PayloadLength);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], Number);
        target[16] = Tag;
        target[17] = (byte)Flags;
        target[18] = target[19] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], Readings);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], From);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], To);
        BinaryPrimitives.WriteInt64LittleEndian(target[40..], Cursor);
        BinaryPrimitives.WriteInt64LittleEndian(target[48..], Appended);
        BinaryPrimitives.WriteInt64LittleEndian(target[56..], ReadingsBefore);
        BinaryPrimitives.WriteUInt16LittleEndian(target[18..], HeaderCheck(target, seed));
        BinaryPrimitives.WriteUInt32LittleEndian(target, Crc32C.Of(seed, target[4..Length]));
    }

    /// <summary>Reads a header whose own checksum is right; says nothing of the payload.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, uint seed, out RecordHeader header)
    {
        header = default;
        if (source.Length < Size || BinaryPrimitives.ReadUInt16LittleEndian(source[18..]) != HeaderCheck(source, seed))
            return false;
        header = new RecordHeader(
            BinaryPrimitives.ReadInt32LittleEndian(source[4..]), BinaryPrimitives.ReadInt64LittleEndian(source[8..]), source[16], (RecordFlags)source[17],
            BinaryPrimitives.ReadInt32LittleEndian(source[20..]), BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[32..]), BinaryPrimitives.ReadInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[48..]), BinaryPrimitives.ReadInt64LittleEndian(source[56..]));
        return header is { PayloadLength: >= 0, PayloadLength: <= MaxPayload, Number: > 0, Tag: < ForwardLog.Tags, Readings: >= 0 };
    }

    /// <summary>Whether the whole record at the start of <paramref name="source"/> is as it was written.</summary>
    public bool IsIntact(ReadOnlySpan<byte> source, uint seed) =>
        source.Length >= Length && BinaryPrimitives.ReadUInt32LittleEndian(source) == Crc32C.Of(seed, source[4..Length]);

    private const int MaxPayload = 65 << 20;

    private static ushort HeaderCheck(ReadOnlySpan<byte> header, uint seed)
    {
        var crc = Crc32C.Of(Crc32C.Of(seed ^ 0x5354_5241, header[4..18]), header[20..Size]);
        return (ushort)(crc ^ (crc >> 16));
    }
}
