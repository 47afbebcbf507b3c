using System.Text;

namespace Strata.Mqtt.Inspection;

/// <summary>Pages of what stands in no order, by a key: the next page begins after the last key of the one before, whatever came or went meanwhile.</summary>
internal static class KeyedPage
{
    /// <param name="after">The <c>Next</c> of the page before; null for the first.</param>
    /// <exception cref="FormatException"><paramref name="after"/> is no such thing.</exception>
    public static (IReadOnlyList<T> Items, string? Next) Take<T>(IEnumerable<T> all, Func<T, string> keyOf, string? after, int limit)
    {
        var from = after is null ? null : Decode(after);
        var size = Math.Clamp(limit, 1, MqttInspection.MaxPage);

        // The greatest key on top, so that one too many is the one to let go.
        var least = new PriorityQueue<(string Key, T Item), string>(Comparer<string>.Create(static (a, b) => string.CompareOrdinal(b, a)));
        var more = false;
        foreach (var item in all)
        {
            var key = keyOf(item);
            if (from is not null && string.CompareOrdinal(key, from) <= 0)
                continue;
            least.Enqueue((key, item), key);
            if (least.Count <= size)
                continue;
            least.Dequeue();
            more = true;
        }

        var ordered = least.UnorderedItems.Select(static i => i.Element).OrderBy(static i => i.Key, StringComparer.Ordinal).ToList();
        return ([.. ordered.Select(static i => i.Item)], more ? Encode(ordered[^1].Key) : null);
    }

    private static string Encode(string key) => Convert.ToBase64String(Encoding.UTF8.GetBytes(key)).Replace('+', '-').Replace('/', '_');

    private static string Decode(string cursor)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(cursor.Replace('-', '+').Replace('_', '/')));
        }
        catch (FormatException e)
        {
            throw new FormatException("The cursor is not one that a page gave.", e);
        }
    }
}

/// <summary>Names with <c>*</c> for any characters.</summary>
internal static class Wildcard
{
    public static bool Matches(string pattern, string text)
    {
        var (p, t, star, mark) = (0, 0, -1, 0);
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, mark) = (p++, t);
            }
            else if (p < pattern.Length && pattern[p] == text[t])
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(p).TrimStart('*').IsEmpty;
    }
}
