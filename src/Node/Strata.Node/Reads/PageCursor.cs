using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Strata.Core;

namespace Strata.Node.Reads;

/// <summary>
/// Where a page ended, as text that means nothing to its holder: the kind of list and the last item's key. It names an item, not a count, so
/// pages stay true while readings arrive. Fields never hold the separator (ids and metric names have no <c>|</c>).
/// </summary>
internal static class PageCursor
{
    private const int MaxLength = 1024;

    public static string Write(char kind, params ReadOnlySpan<string> fields) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{kind}|{string.Join('|', fields)}"));

    public static string Write(char kind, long position) => Write(kind, position.ToString(CultureInfo.InvariantCulture));

    /// <summary>Reads the fields of a cursor of this kind.</summary>
    public static Outcome<string[]> Read(string cursor, char kind, int fields)
    {
        if (cursor.Length <= MaxLength && Base64Url.IsValid(cursor))
        {
            var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)).Split('|');
            if (parts.Length == fields + 1 && parts[0].Length == 1 && parts[0][0] == kind)
                return parts[1..];
        }
        return Wrong;
    }

    /// <summary>Reads the position of a list that is ordered by one number; null when there is no cursor.</summary>
    public static Outcome<long?> ReadPosition(string? cursor, char kind)
    {
        if (cursor is null)
            return (long?)null;
        var fields = Read(cursor, kind, 1);
        if (!fields.IsOk)
            return fields.Problem!;
        return long.TryParse(fields.Value[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var position) ? (long?)position : Wrong;
    }

    public static Problem Wrong => new(ProblemKind.Invalid, "'cursor' is not one of this list: pass the 'next' of the page before, with the same other parameters.", "cursor");
}
