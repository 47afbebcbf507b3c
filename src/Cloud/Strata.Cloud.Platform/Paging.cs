using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Strata.Cloud.Contracts;
using Strata.Core;

namespace Strata.Cloud.Platform;

/// <summary>Pages of lists: a cursor is the key of the last item, opaque to the caller (base64url of its text).</summary>
public static class Paging
{
    public const int DefaultLimit = 1_000;

    public const int MaxLimit = 10_000;

    /// <summary>The limit asked for, checked, and the key after which the page begins (null for the first).</summary>
    public static Outcome<PageRequest> Parse(string? cursor, string? limit)
    {
        var count = DefaultLimit;
        if (limit is not null && !(int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count is >= 1 and <= MaxLimit))
            return new Problem(ProblemKind.Invalid, $"'limit' is '{(limit.Length > 60 ? limit[..60] + "..." : limit)}'; it takes a whole number from 1 to {MaxLimit}.", "limit");
        if (string.IsNullOrEmpty(cursor))
            return new PageRequest(null, count);
        if (cursor.Length <= 2048 && Base64Url.IsValid(cursor))
            return new PageRequest(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)), count);
        return WrongCursor;
    }

    public static Problem WrongCursor => new(ProblemKind.Invalid, "'cursor' is not one of this list: pass the 'next' of the page before.", "cursor");

    public static string Cursor(string lastKey) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(lastKey));

    /// <summary>The page of at most <paramref name="limit"/> items out of items of which one more was fetched when there is one.</summary>
    public static Page<T> ToPage<T>(IReadOnlyList<T> items, int limit, Func<T, string> key) =>
        items.Count > limit ? new Page<T>([.. items.Take(limit)], Cursor(key(items[limit - 1]))) : new Page<T>(items, null);
}

/// <param name="After">Key of the last item of the page before; null for the first page.</param>
public readonly record struct PageRequest(string? After, int Limit);
