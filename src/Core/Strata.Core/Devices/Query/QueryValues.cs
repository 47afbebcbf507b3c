using System.Globalization;

namespace Strata.Core.Devices.Query;

/// <summary>Numbers, times and time spans as queries write them.</summary>
internal static class QueryValues
{
    private const NumberStyles Number = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
    private const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;

    private static readonly string[] Times = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static bool TryReadNumber(string text, out double number) =>
        double.TryParse(text, Number, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    public static bool TryReadTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParseExact(text, Times, CultureInfo.InvariantCulture, Utc, out time);

    /// <summary>A number and its unit: s, m, h, d or w.</summary>
    public static bool TryReadSpan(string text, out TimeSpan span)
    {
        span = default;
        if (text.Length < 2 || !TryReadNumber(text[..^1], out var number) || number < 0)
            return false;
        double seconds = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3_600, 'd' => 86_400, 'w' => 604_800, _ => 0 };
        if (seconds == 0 || number * seconds > 3_650L * 86_400)
            return false;
        span = TimeSpan.FromSeconds(number * seconds);
        return true;
    }
}

/// <summary>Texts with <c>*</c> for any characters, without regard to case.</summary>
internal static class Wildcards
{
    public static bool Matches(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern)
    {
        int at = 0, star = -1, resume = 0, i = 0;
        while (i < text.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
                (star, resume) = (at++, i);
            else if (at < pattern.Length && char.ToUpperInvariant(pattern[at]) == char.ToUpperInvariant(text[i]))
                (at, i) = (at + 1, i + 1);
            else if (star >= 0)
                (at, i) = (star + 1, ++resume);
            else
                return false;
        }
        while (at < pattern.Length && pattern[at] == '*')
            at++;
        return at == pattern.Length;
    }
}
