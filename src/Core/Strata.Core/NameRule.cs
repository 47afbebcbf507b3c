using System.Buffers;

namespace Strata.Core;

/// <summary>The one rule for names: a letter or digit, then letters, digits, <c>. _ : -</c> (and space where allowed).</summary>
internal static class NameRule
{
    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");
    private static readonly SearchValues<char> LettersAndSpace = SearchValues.Create(" ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    public static bool IsValid(ReadOnlySpan<char> text, int maxLength, bool allowSpace) =>
        text.Length > 0
        && text.Length <= maxLength
        && char.IsAsciiLetterOrDigit(text[0])
        && text.IndexOfAnyExcept(allowSpace ? LettersAndSpace : Letters) < 0;

    public static string Explain(string what, string? text, int maxLength, bool allowSpace)
    {
        if (string.IsNullOrEmpty(text))
            return $"A {what} must not be empty.";
        if (text.Length > maxLength)
            return $"A {what} has at most {maxLength} characters; this one has {text.Length}.";
        var bad = char.IsAsciiLetterOrDigit(text[0]) ? text.AsSpan().IndexOfAnyExcept(allowSpace ? LettersAndSpace : Letters) : 0;
        var rule = allowSpace ? "letters, digits, space and . _ : -" : "letters, digits and . _ : -";
        return $"'{(text.Length > 40 ? text[..40] + "..." : text)}' is not a {what}: character {bad + 1} is not allowed; it starts with a letter or digit and goes on with {rule}.";
    }
}
