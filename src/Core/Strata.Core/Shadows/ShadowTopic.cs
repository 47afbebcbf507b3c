namespace Strata.Core.Shadows;

/// <summary>What a device may ask of a shadow.</summary>
public enum ShadowAsk
{
    Get,
    Update,
    Delete,
}

/// <summary>Topics of shadows below <c>devices/{id}/</c>, named as AWS names them: <c>shadow/get</c>, <c>shadow/name/{n}/update/accepted</c>.</summary>
public static class ShadowTopic
{
    public const string Root = "shadow/";

    /// <summary>What a device publishes on; false for every other topic.</summary>
    public static bool TryRead(string rest, out string name, out ShadowAsk ask)
    {
        (name, ask) = ("", default);
        var verb = rest.AsSpan();
        if (!verb.StartsWith(Root))
            return false;
        verb = verb[Root.Length..];
        if (verb.StartsWith("name/"))
        {
            verb = verb["name/".Length..];
            var end = verb.IndexOf('/');
            if (end <= 0)
                return false;
            var named = verb[..end].ToString();
            if (!ShadowLimits.IsName(named))
                return false;
            name = named;
            verb = verb[(end + 1)..];
        }
        return TryVerb(verb, out ask);
    }

    public static string Of(string name, string tail) => name.Length == 0 ? $"shadow/{tail}" : $"shadow/name/{name}/{tail}";

    /// <summary>Which deltas a filter lets through: of that shadow, of all (null), or none.</summary>
    public static bool HearsDelta(string filter, out string? name)
    {
        name = null;
        var parts = filter.Split('/');
        if (Matches(parts, ["shadow", "update", "delta"]))
        {
            // "#" and "shadow/#" hear those of named shadows too.
            name = parts.Contains("#") ? null : "";
            return true;
        }
        if (!Matches(parts, ["shadow", "name", null, "update", "delta"]))
            return false;
        name = parts.Length > 2 && parts[2] is not ("+" or "#") && ShadowLimits.IsName(parts[2]) ? parts[2] : null;
        return true;
    }

    private static bool Matches(string[] filter, string?[] topic)
    {
        for (var i = 0; i < filter.Length; i++)
        {
            if (filter[i] == "#")
                return true;
            if (i >= topic.Length || (filter[i] != "+" && topic[i] is { } level && filter[i] != level))
                return false;
        }
        return filter.Length == topic.Length;
    }

    private static bool TryVerb(ReadOnlySpan<char> text, out ShadowAsk ask)
    {
        ask = text switch
        {
            "get" => ShadowAsk.Get,
            "update" => ShadowAsk.Update,
            _ => ShadowAsk.Delete,
        };
        return text is "get" or "update" or "delete";
    }
}
