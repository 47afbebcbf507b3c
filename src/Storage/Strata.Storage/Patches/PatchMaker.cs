using System.Buffers.Binary;
using System.Numerics;

namespace Strata.Storage.Patches;

/// <summary>Finds what of the new file is, exactly or nearly, in the old one. One use.</summary>
internal ref struct PatchMaker
{
    private const int Least = 8;
    private const int Tries = 24;
    private const int Better = 8;
    private readonly ReadOnlySpan<byte> old;
    private readonly ReadOnlySpan<byte> made;
    private readonly int[] heads;
    private readonly int[] before;
    private readonly int shift;

    public PatchMaker(ReadOnlySpan<byte> old, ReadOnlySpan<byte> made)
    {
        this.old = old;
        this.made = made;
        var bits = Math.Clamp(BitOperations.Log2((uint)old.Length + 1) + 1, 10, 24);
        shift = 64 - bits;
        heads = new int[1 << bits];
        before = new int[old.Length];
        Array.Fill(heads, -1);
        for (var i = 0; i + Least <= old.Length; i++)
        {
            ref var head = ref heads[Slot(old, i)];
            (before[i], head) = (head, i);
        }
    }

    /// <summary>Writes the records.</summary>
    public readonly void Write(Stream records, CancellationToken cancellationToken)
    {
        int scan = 0, length = 0, at = 0, lastScan = 0, lastAt = 0, offset = 0, reader = 0;
        while (scan < made.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var alike = 0; // Bytes of the found piece that are the same where the piece before goes on.
            var counted = scan += length;
            for (; scan < made.Length; scan++)
            {
                (length, at) = Find(scan, offset);
                for (; counted < scan + length; counted++)
                    alike += Alike(counted, offset);
                if ((length == alike && length != 0) || length > alike + Better)
                    break;
                alike -= Alike(scan, offset);
            }
            if (length == alike && scan != made.Length)
                continue;
            var forward = Forward(lastScan, lastAt, scan);
            var back = scan < made.Length ? Back(scan, at, lastScan) : 0;
            if (lastScan + forward > scan - back)
                Split(lastScan, lastAt, scan, at, ref forward, ref back);
            var put = scan - back - (lastScan + forward);
            if (forward + put > 0)
            {
                Emit(records, lastScan, lastAt, forward, put, (long)lastAt - reader);
                reader = lastAt + forward;
            }
            (lastScan, lastAt, offset) = (scan - back, at - back, at - scan);
        }
    }

    private readonly int Alike(int position, int offset) => position + offset >= 0 && position + offset < old.Length && old[position + offset] == made[position] ? 1 : 0;

    /// <summary>The longest piece of the old file that is tried and begins as the new one at <paramref name="scan"/>.</summary>
    private readonly (int Length, int At) Find(int scan, int offset)
    {
        var (length, at) = (0, 0);
        if (scan + offset >= 0 && scan + offset < old.Length)
            (length, at) = (old[(scan + offset)..].CommonPrefixLength(made[scan..]), scan + offset);
        if (scan + Least > made.Length)
            return (length, at);
        var candidate = heads[Slot(made, scan)];
        for (var tried = 0; candidate >= 0 && tried < Tries; tried++, candidate = before[candidate])
        {
            if (candidate + length < old.Length && scan + length < made.Length && old[candidate + length] == made[scan + length]
                && old[candidate..].CommonPrefixLength(made[scan..]) is var found && found > length)
                (length, at) = (found, candidate);
        }
        return (length, at);
    }

    /// <summary>How far the piece before goes on with more bytes alike than not.</summary>
    private readonly int Forward(int lastScan, int lastAt, int scan)
    {
        int alike = 0, best = 0, length = 0;
        for (var i = 0; lastScan + i < scan && lastAt + i < old.Length;)
        {
            if (old[lastAt + i] == made[lastScan + i])
                alike++;
            i++;
            if (alike * 2 - i > best * 2 - length)
                (best, length) = (alike, i);
        }
        return length;
    }

    /// <summary>How far the piece found may begin earlier, in the same sense.</summary>
    private readonly int Back(int scan, int at, int lastScan)
    {
        int alike = 0, best = 0, length = 0;
        for (var i = 1; scan >= lastScan + i && at >= i; i++)
        {
            if (old[at - i] == made[scan - i])
                alike++;
            if (alike * 2 - i > best * 2 - length)
                (best, length) = (alike, i);
        }
        return length;
    }

    /// <summary>Where two pieces overlap, each gets what is more alike in it.</summary>
    private readonly void Split(int lastScan, int lastAt, int scan, int at, ref int forward, ref int back)
    {
        var overlap = lastScan + forward - (scan - back);
        int score = 0, best = 0, length = 0;
        for (var i = 0; i < overlap; i++)
        {
            if (made[lastScan + forward - overlap + i] == old[lastAt + forward - overlap + i])
                score++;
            if (made[scan - back + i] == old[at - back + i])
                score--;
            if (score > best)
                (best, length) = (score, i + 1);
        }
        forward += length - overlap;
        back -= length;
    }

    private readonly void Emit(Stream records, int scan, int at, int add, int put, long step)
    {
        Span<byte> record = stackalloc byte[BinaryPatch.RecordSize];
        BinaryPrimitives.WriteInt32LittleEndian(record, add);
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], put);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], step);
        records.Write(record);
        var delta = new byte[add];
        for (var i = 0; i < add; i++)
            delta[i] = (byte)(made[scan + i] - old[at + i]);
        records.Write(delta);
        records.Write(made.Slice(scan + add, put));
    }

    private readonly int Slot(ReadOnlySpan<byte> bytes, int at) => (int)(BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]) * 0x9E3779B97F4A7C15 >> shift);
}
