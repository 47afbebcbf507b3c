using System.Buffers.Binary;
using System.Text;
using Strata.Storage;

namespace Strata.Forwarding;

/// <summary>
/// The first 320 bytes of a segment file: magic (8), version (4), stream (36), first number (8), cursor (8), appended records, readings
/// and bytes per tag (8 x 24), zeros, checksum (4). It carries the totals over, so that they outlive the segments that were deleted.
/// </summary>
internal sealed record SegmentHeader(string Stream, long First, long? Cursor, ForwardCount[] Appended)
{
    public const int Size = 320;
    private const int Version = 1;
    private static ReadOnlySpan<byte> Magic => "STRATAFL"u8;

    public byte[] Write()
    {
        var bytes = new byte[Size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Stream.Length);
        Encoding.ASCII.GetBytes(Stream, bytes.AsSpan(16, 32));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(48), First);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(56), Cursor ?? RecordHeader.NoTime);
        for (var tag = 0; tag < ForwardLog.Tags; tag++)
        {
            var at = bytes.AsSpan(64 + (24 * tag));
            BinaryPrimitives.WriteInt64LittleEndian(at, Appended[tag].Records);
            BinaryPrimitives.WriteInt64LittleEndian(at[8..], Appended[tag].Readings);
            BinaryPrimitives.WriteInt64LittleEndian(at[16..], Appended[tag].Bytes);
        }
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Size - 4), Crc32C.Of(0, bytes.AsSpan(0, Size - 4)));
        return bytes;
    }

    /// <summary>Null when it is cut short or damaged.</summary>
    /// <exception cref="InvalidDataException">It is intact and of a version this program does not know.</exception>
    public static SegmentHeader? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Size || !bytes.StartsWith(Magic) || BinaryPrimitives.ReadUInt32LittleEndian(bytes[(Size - 4)..]) != Crc32C.Of(0, bytes[..(Size - 4)]))
            return null;
        var version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (version != Version)
            throw new InvalidDataException($"The forward log has version {version}; this program reads version {Version}. Use the program that wrote it.");
        var appended = new ForwardCount[ForwardLog.Tags];
        for (var tag = 0; tag < ForwardLog.Tags; tag++)
        {
            var at = bytes[(64 + (24 * tag))..];
            appended[tag] = new ForwardCount(
                BinaryPrimitives.ReadInt64LittleEndian(at), BinaryPrimitives.ReadInt64LittleEndian(at[8..]), BinaryPrimitives.ReadInt64LittleEndian(at[16..]));
        }
        var cursor = BinaryPrimitives.ReadInt64LittleEndian(bytes[56..]);
        return new SegmentHeader(
            Encoding.ASCII.GetString(bytes.Slice(16, BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]))), BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
            cursor == RecordHeader.NoTime ? null : cursor, appended);
    }
}
