namespace Strata.Core;

/// <summary>Durations as people write them: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>, <c>2d</c>, and sums like <c>1h30m</c>.</summary>
public static class DurationText
{
    private static readonly (string Unit, long Milliseconds)[] Units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

    /// <summary>36,500 days in milliseconds.</summary>
    private const long Longest = 36_500L * 86_400_000;

    /// <summary>Parses a duration of at most 36,500 days; units go from large to small, each once.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = default;
        long total = 0;
        var nextUnit = 0;
        if (text.IsEmpty)
            return false;
        while (!text.IsEmpty)
        {
            var digits = text.IndexOfAnyExceptInRange('0', '9');
            if (digits is < 1 or > 13)
                return false;
            var number = long.Parse(text[..digits]);
            text = text[digits..];
            var letters = text.IndexOfAnyInRange('0', '9') is var end && end < 0 ? text.Length : end;
            var at = IndexOf(text[..letters]);
            if (at < nextUnit || number > Longest / Units[at].Milliseconds)
                return false;
            total += number * Units[at].Milliseconds;
            if (total > Longest)
                return false;
            nextUnit = at + 1;
            text = text[letters..];
        }
        duration = TimeSpan.FromMilliseconds(total);
        return true;
    }

    /// <summary>The duration in the largest unit that holds it exactly: <c>5m</c>, <c>90s</c>. Parses back to the same.</summary>
    public static string Format(TimeSpan duration)
    {
        var milliseconds = (long)duration.TotalMilliseconds;
        if (milliseconds == 0)
            return "0s";
        var (unit, size) = Array.Find(Units, u => milliseconds % u.Milliseconds == 0);
        return $"{milliseconds / size}{unit}";
    }

    private static int IndexOf(ReadOnlySpan<char> unit)
    {
        for (var i = 0; i < Units.Length; i++)
        {
            if (unit.SequenceEqual(Units[i].Unit))
                return i;
        }
        return -1;
    }
}
