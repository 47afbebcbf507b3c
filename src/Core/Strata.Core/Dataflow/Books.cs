namespace Strata.Core.Dataflow;

/// <summary>
/// The balance of a whole installation: each reading that the sources gave is in exactly one of five places (with policy <c>both</c> in
/// <see cref="Stored"/>). Counts of distinct readings.
/// </summary>
/// <param name="ReadingsIn">What the edges took from their sources.</param>
/// <param name="Suppressed">Not sent by a dead band.</param>
/// <param name="Aggregated">Gone up as part of a window only.</param>
/// <param name="Stored">Stored raw at the cloud.</param>
/// <param name="Waiting">Held on the way: buffers, open windows, entries not acknowledged.</param>
/// <param name="Lost">Dropped by a full buffer, each in a gap record.</param>
public readonly record struct Books(long ReadingsIn, long Suppressed, long Aggregated, long Stored, long Waiting, long Lost)
{
    /// <summary>The readings whose whereabouts are known.</summary>
    public long Accounted => Suppressed + Aggregated + Stored + Waiting + Lost;

    /// <summary>Readings in less accounted: above 0 are missing, below 0 counted twice.</summary>
    public long Unexplained => ReadingsIn - Accounted;

    /// <summary>Whether every reading is accounted for and no count is impossible.</summary>
    public bool Balance => Unexplained == 0 && Flaws().Count == 0;

    /// <summary>What is wrong, one sentence each with the figure by which it is off; empty when the books balance.</summary>
    public IReadOnlyList<string> Flaws()
    {
        var flaws = new List<string>();
        foreach (var (name, count) in new[]
        {
            ("readingsIn", ReadingsIn), ("suppressed", Suppressed), ("aggregated", Aggregated), ("stored", Stored), ("waiting", Waiting), ("lost", Lost),
        })
        {
            if (count < 0)
                flaws.Add($"{name} is {count}; a count cannot be negative.");
        }
        if (Unexplained != 0)
        {
            var sum = $"suppressed {Suppressed} + aggregated {Aggregated} + stored {Stored} + waiting {Waiting} + lost {Lost} = {Accounted}";
            flaws.Add(Unexplained > 0
                ? $"{Unexplained} of {ReadingsIn} readings are not accounted for: {sum}."
                : $"{-Unexplained} readings are counted twice or came from nowhere: {sum}, but readingsIn is {ReadingsIn}.");
        }
        return flaws;
    }

    /// <summary>The share that did not go on, 0 to 1 (below 0 when more went out than in); null while nothing came in.</summary>
    public static double? Reduction(long before, long after) => before == 0 ? null : 1 - (double)after / before;

    public static Books operator +(Books a, Books b) => new(
        a.ReadingsIn + b.ReadingsIn, a.Suppressed + b.Suppressed, a.Aggregated + b.Aggregated, a.Stored + b.Stored, a.Waiting + b.Waiting, a.Lost + b.Lost);
}
