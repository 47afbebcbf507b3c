using System.Globalization;

namespace Strata.Telemetry.Postgres;

/// <summary>Intervals of numbers as text: <c>1:5 8:8</c>.</summary>
internal static class SeenText
{
    public static string Write(IEnumerable<(long First, long Last)> seen) =>
        string.Join(' ', seen.Select(i => string.Create(CultureInfo.InvariantCulture, $"{i.First}:{i.Last}")));

    public static IEnumerable<(long First, long Last)> Read(string text)
    {
        foreach (var part in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            yield return (long.Parse(part.AsSpan(0, colon), CultureInfo.InvariantCulture), long.Parse(part.AsSpan(colon + 1), CultureInfo.InvariantCulture));
        }
    }
}
