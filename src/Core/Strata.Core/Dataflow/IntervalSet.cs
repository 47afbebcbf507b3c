namespace Strata.Core.Dataflow;

/// <summary>
/// A set of entry numbers kept as sorted, disjoint, closed intervals. Streams arrive nearly in order, so it stays a handful of intervals
/// however many numbers it holds. Not safe for use by two threads at once.
/// </summary>
public sealed class IntervalSet
{
    private readonly List<(long First, long Last)> intervals = [];

    public IReadOnlyList<(long First, long Last)> Intervals => intervals;

    public bool IsEmpty => intervals.Count == 0;

    /// <summary>How many numbers the set holds.</summary>
    public long Total => intervals.Sum(i => i.Last - i.First + 1);

    public bool Contains(long number)
    {
        var at = IndexAtOrAfter(number);
        return at < intervals.Count && intervals[at].First <= number;
    }

    /// <summary>Adds one number; false when it was there.</summary>
    public bool Add(long number)
    {
        if (Contains(number))
            return false;
        Add(number, number);
        return true;
    }

    /// <summary>Adds a closed interval, merging neighbours.</summary>
    public void Add(long first, long last)
    {
        if (last < first)
            return;
        var at = IndexAtOrAfter(first - 1);
        while (at < intervals.Count && intervals[at].First <= last + 1)
        {
            first = Math.Min(first, intervals[at].First);
            last = Math.Max(last, intervals[at].Last);
            intervals.RemoveAt(at);
        }
        intervals.Insert(at, (first, last));
    }

    /// <summary>Forgets all numbers.</summary>
    public void Clear() => intervals.Clear();

    /// <summary>Takes a closed interval out, cutting intervals where needed.</summary>
    public void Remove(long first, long last)
    {
        if (last < first)
            return;
        var at = IndexAtOrAfter(first);
        while (at < intervals.Count && intervals[at].First <= last)
        {
            var (f, l) = intervals[at];
            intervals.RemoveAt(at);
            if (l > last)
                intervals.Insert(at, (last + 1, l));
            if (f < first)
                intervals.Insert(at++, (f, first - 1));
            if (l > last)
                return;
        }
    }

    /// <summary>The holes between <paramref name="first"/> and <paramref name="last"/>, in order.</summary>
    public IEnumerable<(long First, long Last)> Missing(long first, long last)
    {
        for (var at = IndexAtOrAfter(first); first <= last && at < intervals.Count && intervals[at].First <= last; at++)
        {
            if (intervals[at].First > first)
                yield return (first, intervals[at].First - 1);
            first = Math.Max(first, intervals[at].Last + 1);
        }
        if (first <= last)
            yield return (first, last);
    }

    /// <summary>Index of the first interval that ends at or after the number.</summary>
    private int IndexAtOrAfter(long number)
    {
        int low = 0, high = intervals.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (intervals[middle].Last < number)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
