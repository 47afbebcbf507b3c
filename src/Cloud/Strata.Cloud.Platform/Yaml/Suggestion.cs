namespace Strata.Cloud.Platform.Yaml;

/// <summary>Finds what somebody probably meant.</summary>
public static class Suggestion
{
    /// <summary>Longer texts are not compared.</summary>
    private const int MaxLength = 128;

    /// <summary><c> Did you mean 'x'?</c> for the nearest candidate, or nothing when none is near.</summary>
    public static string For(string text, IEnumerable<string> candidates)
    {
        if (text.Length > MaxLength)
            return "";
        var allowed = Math.Max(1, text.Length / 3);
        var best = candidates
            .Where(c => c.Length <= MaxLength && Math.Abs(c.Length - text.Length) <= allowed)
            .Select(c => (Candidate: c, Distance: Distance(text, c)))
            .Where(c => c.Distance <= allowed)
            .OrderBy(c => c.Distance).ThenBy(c => c.Candidate, StringComparer.Ordinal)
            .FirstOrDefault();
        return best.Candidate is null ? "" : $" Did you mean '{best.Candidate}'?";
    }

    /// <summary>How many letters must be changed, added or removed (Levenshtein); case does not count.</summary>
    private static int Distance(string a, string b)
    {
        Span<int> previous = stackalloc int[MaxLength + 1];
        Span<int> current = stackalloc int[MaxLength + 1];
        for (var j = 0; j <= b.Length; j++)
            previous[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, previous[j - 1] + change);
            }
            current.CopyTo(previous);
        }
        return previous[b.Length];
    }
}
