namespace Strata.Cloud.Platform.Audit;

/// <summary>
/// Behind which number records may be that are not in the chain yet. A record with a lower number than a sealed one may be committed after it, so that what was left out is looked at again, until <paramref name="window"/> numbers came
/// after it: it belonged to a change that failed.
/// </summary>
/// <param name="upTo">The highest that is sealed.</param>
internal sealed class SealedNumbers(long upTo, int window)
{
    /// <summary>Of an earlier run nobody knows which were left out.</summary>
    private readonly SortedSet<long> missing = [upTo - window + 1];

    private long upTo = upTo;

    public long From => missing.Count > 0 ? missing.Min - 1 : upTo;

    /// <summary>These are sealed now.</summary>
    public void Add(IEnumerable<long> numbers)
    {
        foreach (var number in numbers)
        {
            missing.Remove(number);
            for (var left = Math.Max(upTo, number - window) + 1; left < number; left++)
                missing.Add(left);
            upTo = Math.Max(upTo, number);
        }
        missing.RemoveWhere(m => m <= upTo - window);
    }
}
