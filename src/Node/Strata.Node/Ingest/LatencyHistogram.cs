using System.Numerics;
using Strata.Cloud.Contracts;

namespace Strata.Node.Ingest;

/// <summary>
/// Durations counted in buckets of about 3 % width, from a microsecond to 19 hours: percentiles over everything measured, in 9 KB, whatever
/// the count. Safe from any thread.
/// </summary>
public sealed class LatencyHistogram
{
    private const int SubBits = 5;
    private const int Sub = 1 << SubBits;
    private const int MaxBits = 36;
    private readonly long[] buckets = new long[((MaxBits - SubBits + 1) * Sub) + Sub];

    /// <summary>Counts one duration; negative ones (clocks that disagree) count as zero, longer ones than the range as its end.</summary>
    public void Record(TimeSpan duration) => Record(duration, 1);

    /// <summary>Counts a duration that several things took together.</summary>
    public void Record(TimeSpan duration, long count) => Interlocked.Add(ref buckets[IndexOf((long)Math.Max(0, duration.TotalMicroseconds))], count);

    /// <summary>Percentiles in ms over all that was recorded.</summary>
    public LatencyInfo Snapshot()
    {
        var counts = new long[buckets.Length];
        for (var i = 0; i < counts.Length; i++)
            counts[i] = Volatile.Read(ref buckets[i]);
        return Describe(counts);
    }

    /// <summary>The same, and forgets it: what is recorded meanwhile is in this or the next one.</summary>
    public LatencyInfo Drain()
    {
        var counts = new long[buckets.Length];
        for (var i = 0; i < counts.Length; i++)
            counts[i] = Volatile.Read(ref buckets[i]) == 0 ? 0 : Interlocked.Exchange(ref buckets[i], 0);
        return Describe(counts);
    }

    private static LatencyInfo Describe(long[] counts)
    {
        var total = counts.Sum();
        return total == 0
            ? new LatencyInfo(null, null, null, 0)
            : new LatencyInfo(Percentile(counts, total, 0.50), Percentile(counts, total, 0.95), Percentile(counts, total, 0.99), total);
    }

    private static double Percentile(long[] counts, long total, double share)
    {
        var rank = (long)Math.Ceiling(total * share);
        var at = 0;
        for (long seen = counts[0]; seen < rank; seen += counts[at])
            at++;
        return Middle(at) / 1000.0;
    }

    private static int IndexOf(long microseconds)
    {
        var value = Math.Min(microseconds, (1L << MaxBits) - 1);
        if (value < Sub)
            return (int)value;
        var shift = BitOperations.Log2((ulong)value) - SubBits;
        return (shift * Sub) + (int)(value >> shift);
    }

    private static double Middle(int index)
    {
        if (index < 2 * Sub)
            return index;
        var shift = (index / Sub) - 1;
        var low = (long)((index % Sub) + Sub) << shift;
        return low + (((1L << shift) - 1) / 2.0);
    }
}
