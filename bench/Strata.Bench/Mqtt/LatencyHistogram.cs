using System.Diagnostics;
using System.Numerics;

namespace Strata.Bench.Mqtt;

/// <summary>Counts durations in buckets of 1/16 of a power of two of stopwatch ticks, so that a percentile errs by 6 % at most.</summary>
internal sealed class LatencyHistogram
{
    private readonly long[] buckets = new long[64 * 16];

    public long Count { get; private set; }

    public void Add(long ticks)
    {
        buckets[BucketOf(Math.Max(1, ticks))]++;
        Count++;
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < buckets.Length; i++)
            buckets[i] += other.buckets[i];
        Count += other.Count;
    }

    public void Clear()
    {
        Array.Clear(buckets);
        Count = 0;
    }

    public double Milliseconds(double percentile)
    {
        var wanted = (long)Math.Ceiling(Count * percentile);
        long seen = 0;
        for (var i = 0; i < buckets.Length; i++)
        {
            seen += buckets[i];
            if (seen >= wanted && buckets[i] > 0)
                return Math.Round(UpperEnd(i) * 1000.0 / Stopwatch.Frequency, 3);
        }

        return 0;
    }

    private static int BucketOf(long ticks)
    {
        var power = BitOperations.Log2((ulong)ticks);
        return power < 4 ? (int)ticks : ((power - 3) * 16) + (int)((ticks >> (power - 4)) & 15);
    }

    private static double UpperEnd(int bucket) => bucket < 16 ? bucket + 1 : Math.ScaleB(16 + (bucket & 15) + 1, (bucket >> 4) - 1);
}
