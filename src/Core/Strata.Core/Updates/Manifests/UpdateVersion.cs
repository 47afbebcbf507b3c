namespace Strata.Core.Updates.Manifests;

/// <summary>
/// Which of two versions is newer. Semantic versions (SemVer 2.0.0 section 11; a leading <c>v</c> and missing minor and patch numbers are let pass: <c>v2</c>, <c>2.0</c> and <c>2.0.0</c> are the same)
/// are compared as such; build metadata does not count. Any other text is older than every semantic version, and among themselves such texts are compared piece by piece, runs of digits as numbers, the rest by
/// code unit: <c>r9</c> before <c>r10</c>, <c>2025_12</c> before <c>2026_01</c>. That makes one total order of all texts.
/// </summary>
public static class UpdateVersion
{
    /// <summary>Longest version, in characters.</summary>
    public const int MaxLength = 64;

    /// <summary>Whether it can be a version: letters, digits, <c>. _ + - :</c>, beginning with a letter or digit.</summary>
    public static bool IsVersion(string? text) =>
        text is { Length: > 0 and <= MaxLength } && char.IsAsciiLetterOrDigit(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '+' or '-' or ':');

    /// <summary>Negative when <paramref name="left"/> is older, positive when it is newer, 0 when they count as the same.</summary>
    public static int Compare(string left, string right) => (Semantic.Of(left), Semantic.Of(right)) switch
    {
        ({ } a, { } b) => CompareSemantic(a, b),
        ({ }, _) => 1,
        (_, { }) => -1,
        _ => CompareNatural(left, right),
    };

    /// <summary>Whether the two count as the same version.</summary>
    public static bool Same(string? left, string? right) => left is not null && right is not null && Compare(left, right) == 0;

    private static int CompareSemantic(Semantic a, Semantic b)
    {
        for (var i = 0; i < 3; i++)
        {
            if (CompareNumbers(a.Numbers.ElementAtOrDefault(i) ?? "", b.Numbers.ElementAtOrDefault(i) ?? "") is not 0 and var order)
                return order;
        }
        if (a.Marks.Length == 0 || b.Marks.Length == 0)
            return Math.Sign(b.Marks.Length - a.Marks.Length); // Without a mark it is the release, which is newer.
        return CompareAll(a.Marks, b.Marks);
    }

    private static int CompareNatural(string a, string b) => CompareAll(Pieces(a), Pieces(b));

    private static int CompareAll(IReadOnlyList<string> left, IReadOnlyList<string> right)
    {
        for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (CompareIdentifiers(left[i], right[i]) is not 0 and var order)
                return order;
        }
        return left.Count.CompareTo(right.Count);
    }

    /// <summary>SemVer 11.4: numbers before texts, numbers by value, texts by code unit.</summary>
    private static int CompareIdentifiers(string a, string b) => (a.All(char.IsAsciiDigit), b.All(char.IsAsciiDigit)) switch
    {
        (true, true) => CompareNumbers(a, b),
        (true, false) => -1,
        (false, true) => 1,
        _ => Math.Sign(string.CompareOrdinal(a, b)),
    };

    /// <summary>Of any number of digits, without making a number of them; none is 0.</summary>
    private static int CompareNumbers(string a, string b)
    {
        var (x, y) = (a.TrimStart('0'), b.TrimStart('0'));
        return x.Length != y.Length ? x.Length.CompareTo(y.Length) : Math.Sign(string.CompareOrdinal(x, y));
    }

    private static List<string> Pieces(string text)
    {
        var pieces = new List<string>();
        for (var start = 0; start < text.Length;)
        {
            var end = start + 1;
            while (end < text.Length && char.IsAsciiDigit(text[end]) == char.IsAsciiDigit(text[start]))
                end++;
            pieces.Add(text[start..end]);
            start = end;
        }
        return pieces;
    }

    private sealed record Semantic(string[] Numbers, string[] Marks)
    {
        /// <summary>Null for a text that is no semantic version.</summary>
        public static Semantic? Of(string text)
        {
            var rest = text.StartsWith('v') || text.StartsWith('V') ? text[1..] : text;
            if (rest.IndexOf('+', StringComparison.Ordinal) is >= 0 and var plus)
            {
                if (!IsMark(rest[(plus + 1)..]))
                    return null;
                rest = rest[..plus];
            }
            string[] marks = [];
            if (rest.IndexOf('-', StringComparison.Ordinal) is >= 0 and var dash)
            {
                marks = rest[(dash + 1)..].Split('.');
                rest = rest[..dash];
            }
            var numbers = rest.Split('.');
            return numbers.Length <= 3 && numbers.All(n => n.Length > 0 && n.All(char.IsAsciiDigit)) && marks.All(IsMark) ? new Semantic(numbers, marks) : null;
        }

        private static bool IsMark(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');
    }
}
