using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Strata.Core.Provisioning;

/// <summary>
/// Serial numbers from one to another, both included. Where both ends are the same text followed by a number (<c>SN0100</c> to <c>SN0999</c>), numbers are compared, whatever zeros lead them;
/// else (hexadecimal, say) the ends are equally long and texts of that length are compared by their characters.
/// </summary>
public sealed record SerialRange
{
    private const int MaxDigits = 18;

    private SerialRange(string from, string to) => (From, To) = (from, to);

    public string From { get; }

    public string To { get; }

    /// <exception cref="FormatException">The ends do not make a range; the message says why.</exception>
    public static SerialRange Parse(string from, string to)
    {
        if (string.IsNullOrEmpty(from) || string.IsNullOrEmpty(to))
            throw new FormatException("A range of serial numbers has both ends: from and to.");
        var range = new SerialRange(from, to);
        if (Split(from, to, out var first, out var last))
            return first <= last ? range : throw new FormatException($"'{from}' comes after '{to}'.");
        if (from.Length != to.Length)
            throw new FormatException($"'{from}' and '{to}' are not the same text before a number, and not equally long; write SN0100 and SN0999, or 00A0 and 00FF.");
        return string.CompareOrdinal(from, to) <= 0 ? range : throw new FormatException($"'{from}' comes after '{to}'.");
    }

    public bool Contains(string serial) => Split(From, To, out var first, out var last)
        ? TrySplit(serial, out var prefix, out var number) && TrySplit(From, out var own, out _) && prefix == own && number >= first && number <= last
        : serial.Length == From.Length && string.CompareOrdinal(From, serial) <= 0 && string.CompareOrdinal(serial, To) <= 0;

    public override string ToString() => $"{From} to {To}";

    private static bool Split(string from, string to, out long first, out long last)
    {
        last = 0;
        return TrySplit(from, out var prefix, out first) & TrySplit(to, out var other, out last) && prefix == other;
    }

    private static bool TrySplit(string text, [NotNullWhen(true)] out string? prefix, out long number)
    {
        var digits = text.Length - text.AsSpan().TrimEnd("0123456789").Length;
        prefix = text[..^digits];
        number = 0;
        return digits is > 0 and <= MaxDigits && long.TryParse(text.AsSpan(text.Length - digits), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
