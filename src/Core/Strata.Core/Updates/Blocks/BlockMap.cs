using System.Collections;

namespace Strata.Core.Updates.Blocks;

/// <summary>Which blocks of an artifact have come, and what is asked for next. A request brings what is missing of a window; blocks that are lost are asked for again, those that come twice are nothing new.</summary>
/// <param name="bytes">Of the artifact.</param>
/// <param name="size">Of a block.</param>
public sealed class BlockMap(long bytes, int size)
{
    private readonly BitArray come = new(checked((int)((bytes + size - 1) / size)));
    private int first;

    /// <summary>Of an artifact whose first bytes are there: of the block that these end in, all is missing.</summary>
    public BlockMap(long bytes, int size, long there)
        : this(bytes, size)
    {
        Count = first = there >= bytes ? come.Length : (int)(there / size);
        for (var number = 0; number < first; number++)
            come[number] = true;
    }

    /// <summary>How many have come.</summary>
    public int Count { get; private set; }

    /// <summary>The first that has not come; as many as there are when all have.</summary>
    public int First => first;

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
    /// <param name="within">So many blocks from the first missing one on: what comes before its turn has to be kept.</param>
    public BlockRequest? Next(int within = BlockRequest.MostCount)
    {
        if (IsWhole)
            return null;
        var most = Math.Max(1, BlockRequest.MostBytes / size);
        var missing = new byte[BlockRequest.MostCount / 8];
        var (count, asked) = (0, 0);
        for (; count < Math.Min(within, BlockRequest.MostCount) && first + count < come.Length && asked < most; count++)
        {
            if (come[first + count])
                continue;
            missing[count >> 3] |= (byte)(1 << (count & 7));
            asked++;
        }
        return new BlockRequest(size, first, count, missing[..((count + 7) / 8)]);
    }
}
