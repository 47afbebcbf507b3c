using System.Buffers.Binary;

namespace Strata.Forwarding;

/// <summary>What stands before the caller's payload in a gap record, so that the log knows the gap when it opens: first, last, readings, from, to, reason.</summary>
internal static class GapPrefix
{
    public const int Size = 41;

    public static void Write(Span<byte> target, ForwardGap gap)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target, gap.First);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], gap.Last);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], gap.Readings);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], gap.From ?? RecordHeader.NoTime);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], gap.To ?? RecordHeader.NoTime);
        target[40] = (byte)(gap.Reason == ForwardGap.BufferFull ? 0 : 1);
    }

    public static ForwardGap Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadInt64LittleEndian(source), BinaryPrimitives.ReadInt64LittleEndian(source[8..]), BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
        Time(BinaryPrimitives.ReadInt64LittleEndian(source[24..])), Time(BinaryPrimitives.ReadInt64LittleEndian(source[32..])),
        source[40] == 0 ? ForwardGap.BufferFull : ForwardGap.Damaged);

    public static long? Time(long stored) => stored == RecordHeader.NoTime ? null : stored;
}
