using System.Globalization;

namespace Strata.Edge;

/// <summary>Time spans as people write them: <c>500ms</c>, <c>10s</c>, <c>5m</c>, <c>36h</c>, <c>2d</c>, or .NET's <c>1.12:00:00</c>.</summary>
internal static class Duration
{
    private static readonly (string Suffix, double Milliseconds)[] Units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

    /// <exception cref="FormatException">It is not a time span of 0 to 10,000 days.</exception>
    public static TimeSpan Parse(string text)
    {
        foreach (var (suffix, milliseconds) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
                && count * milliseconds <= 864_000_000_000)
            {
                return TimeSpan.FromMilliseconds(count * milliseconds);
            }
        }
        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span) && text.Contains(':', StringComparison.Ordinal) && span >= TimeSpan.Zero
            ? span
            : throw new FormatException($"'{text}' is not a time span; write for example 500ms, 10s, 5m, 36h or 2d.");
    }
}
