using System.Collections;

namespace Strata.Core.Updates.Blocks;

/// <summary>Which blocks of an artifact have come, and what is asked for next. A request brings what is missing of a window; blocks that are lost are asked for again, those that come twice are nothing new.</summary>
/// <param name="bytes">Of the artifact.</param>
/// <param name="size">Of a block.</param>
public sealed class BlockMap(long bytes, int size)
{
    private readonly BitArray come = new(checked((int)((bytes + size - 1) / size)));
    private int first;

    /// <summary>How many have come.</summary>
    public int Count { get; private set; }

    public bool IsWhole => Count == come.Length;

    /// <summary>Where a block begins in the artifact.</summary>
    public long OffsetOf(int number) => (long)number * size;

    /// <summary>Notes that a block has come.</summary>
    /// <param name="length">Of what came.</param>
    /// <returns>False when it is not one that is missing, or not as long as it is: then it is nothing.</returns>
    public bool Take(int number, int length)
    {
        if (number < 0 || number >= come.Length || come[number] || length != Math.Min(size, bytes - OffsetOf(number)))
            return false;
        come[number] = true;
        Count++;
        while (first < come.Length && come[first])
            first++;
        return true;
    }

    /// <summary>Those of the next blocks that are missing, as many as one request may bring; null when nothing is.</summary>
    public BlockRequest? Next()
    {
        if (IsWhole)
            return null;
        var most = Math.Max(1, BlockRequest.MostBytes / size);
        var missing = new byte[BlockRequest.MostCount / 8];
        var (count, asked) = (0, 0);
        for (; count < BlockRequest.MostCount && first + count < come.Length && asked < most; count++)
        {
            if (come[first + count])
                continue;
            missing[count >> 3] |= (byte)(1 << (count & 7));
            asked++;
        }
        return new BlockRequest(size, first, count, missing[..((count + 7) / 8)]);
    }
}
