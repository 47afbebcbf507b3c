using System.Numerics;

namespace Strata.Edge.Control;

/// <summary>
/// How long cycles took, in microseconds, in buckets at most 1/16 wide. One writer, any readers; a reader may miss what is being written. Fixed size.
/// </summary>
internal sealed class CycleHistogram
{
    private const int SubBits = 4;
    private readonly long[] buckets = new long[(64 - SubBits) << SubBits];

    public long Count { get; private set; }

    public long Max { get; private set; }

    public void Record(long microseconds)
    {
        var value = Math.Max(0, microseconds);
        buckets[IndexOf(value)]++;
        Max = Math.Max(Max, value);
        Count++;
    }

    /// <summary>The value that the given share of cycles did not exceed, rounded up to its bucket's end; 0 when there are none.</summary>
    public long Percentile(double share)
    {
        var wanted = (long)Math.Ceiling(Count * share);
        for (var (i, seen) = (0, 0L); i < buckets.Length; i++)
        {
            seen += buckets[i];
            if (seen >= wanted && seen > 0)
                return Math.Min(Max, EndOf(i));
        }
        return Max;
    }

    private static int IndexOf(long value)
    {
        if (value < 1 << (SubBits + 1))
            return (int)value;
        var shift = BitOperations.Log2((ulong)value) - SubBits;
        return (shift << SubBits) + (int)(value >> shift);
    }

    private static long EndOf(int index)
    {
        if (index < 1 << (SubBits + 1))
            return index;
        var shift = (index >> SubBits) - 1;
        return (((long)(index & ((1 << SubBits) - 1)) + (1 << SubBits) + 1) << shift) - 1;
    }
}
