using System.Text;

namespace Strata.Mqtt.Access;

/// <summary>
/// Who may publish and subscribe to what: rules in their order, the first that applies decides, and what none applies to is denied. Immutable.
/// One rule a line: <c>allow|deny USER|* publish|subscribe|all FILTER</c>; <c>#</c> begins a comment where a rule would begin. A filter may hold
/// <c>{client}</c>, <c>{user}</c> and <c>{device}</c>, which stand for one level each.
/// </summary>
public sealed class AccessRules
{
    private const int MaxRules = 10_000;
    private const int MaxLineLength = 2048;
    private static readonly string[] Placeholders = ["{client}", "{user}", "{device}"];
    private readonly Rule[] rules;

    private AccessRules(Rule[] rules) => this.rules = rules;

    /// <summary>Everything is allowed; of what the server says about itself, to read it.</summary>
    public static AccessRules AllowAll { get; } = Parse("allow * all #\nallow * subscribe $SYS/#");

    /// <summary>Reads rules. No rules at all deny everything.</summary>
    /// <exception cref="FormatException">A line is no rule; the message names it and what is wrong.</exception>
    public static AccessRules Parse(string text)
    {
        var rules = new List<Rule>();
        var number = 0;
        foreach (var line in text.EnumerateLines())
        {
            number++;
            var trimmed = line.Trim();
            if (trimmed.IsEmpty || trimmed[0] == '#')
                continue;
            if (rules.Count == MaxRules)
                throw new FormatException($"Line {number}: more than {MaxRules} rules.");
            rules.Add(ParseRule(trimmed.ToString(), number));
        }

        return new AccessRules([.. rules]);
    }

    /// <summary>
    /// Whether a client's names can stand in the rules' filters: a name with <c>+</c>, <c>#</c>, <c>/</c> or NUL in it could stand for other topics than its
    /// own, and so could one with <c>$</c> in front where a filter begins with it. A host refuses the CONNECT of a client for which this is false.
    /// </summary>
    public bool Accepts(in ClientNames names) => Fits("{client}", names.ClientId) && Fits("{user}", names.User) && Fits("{device}", names.Device);

    /// <summary>Whether the client may publish to the topic.</summary>
    public bool MayPublish(in ClientNames names, ReadOnlySpan<byte> topic)
    {
        foreach (var rule in rules)
        {
            if (rule.Publishes && rule.IsFor(names.User) && Matches(rule.LevelsFor(names), topic))
                return rule.Allows;
        }

        return false;
    }

    /// <summary>
    /// Whether the client may subscribe to the filter. A rule that allows must cover all that the filter matches; one that denies applies as soon as
    /// it shares a topic with the filter, so that nobody reads by a wide filter what a narrow one is denied.
    /// </summary>
    public bool MaySubscribe(in ClientNames names, string filter)
    {
        var wanted = filter.Split('/');
        foreach (var rule in rules)
        {
            if (!rule.Subscribes || !rule.IsFor(names.User))
                continue;
            var levels = rule.LevelsFor(names);
            if (rule.Allows ? Covers(levels, wanted) : Overlaps(levels, wanted))
                return rule.Allows;
        }

        return false;
    }

    private bool Fits(string placeholder, string? name)
    {
        if (!rules.Any(rule => rule.Levels.Contains(placeholder)))
            return true;
        return name is { Length: > 0 } && name.AsSpan().IndexOfAny("+#/\0") < 0 && (name[0] != '$' || !rules.Any(rule => rule.Levels[0] == placeholder));
    }

    private static Rule ParseRule(string line, int number)
    {
        if (line.Length > MaxLineLength)
            throw new FormatException($"Line {number}: longer than {MaxLineLength} characters.");
        if (line.AsSpan().ContainsAny('\0', '\uFFFD'))
            throw new FormatException($"Line {number}: the file is no text in UTF-8.");
        var words = line.Split((char[]?)null, 4, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 4)
            throw new FormatException($"Line {number}: '{line}' is no rule; write allow|deny USER|* publish|subscribe|all FILTER.");
        if (words[0] is not ("allow" or "deny"))
            throw new FormatException($"Line {number}: '{words[0]}' is neither allow nor deny.");
        if (words[2] is not ("publish" or "subscribe" or "all"))
            throw new FormatException($"Line {number}: '{words[2]}' is none of publish, subscribe and all.");
        var levels = words[3].Split('/');
        for (var i = 0; i < levels.Length; i++)
        {
            var level = levels[i];
            if ((level.Contains('#') && (level != "#" || i < levels.Length - 1)) || (level.Contains('+') && level != "+"))
                throw new FormatException($"Line {number}: '{words[3]}' is no topic filter; + stands alone in its level, # alone in the last.");
            if (level.AsSpan().IndexOfAny('{', '}') >= 0 && !Placeholders.Contains(level))
                throw new FormatException($"Line {number}: '{level}' is no placeholder; use {{client}}, {{user}} or {{device}}, alone in a level.");
        }

        return new Rule(words[0] == "allow", words[1] == "*" ? null : words[1], words[2] != "subscribe", words[2] != "publish", levels);
    }

    private static bool Matches(string[] pattern, ReadOnlySpan<byte> topic)
    {
        if (topic is [(byte)'$', ..] && pattern[0] is "#" or "+")
            return false;
        for (var i = 0; ; i++)
        {
            if (i < pattern.Length && pattern[i] == "#")
                return true;
            if (i == pattern.Length)
                return false;
            var end = topic.IndexOf((byte)'/');
            var level = end < 0 ? topic : topic[..end];
            if (pattern[i] != "+" && !IsText(level, pattern[i]))
                return false;
            if (end < 0)
                return i == pattern.Length - 1 || (i == pattern.Length - 2 && pattern[^1] == "#");
            topic = topic[(end + 1)..];
        }
    }

    private static bool IsText(ReadOnlySpan<byte> level, string text) =>
        level.Length == Encoding.UTF8.GetByteCount(text) && level.SequenceEqual(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether every topic of the filter is one of the pattern's.</summary>
    private static bool Covers(string[] pattern, string[] filter)
    {
        if (filter[0].StartsWith('$') && pattern[0] is "#" or "+")
            return false;
        for (var i = 0; ; i++)
        {
            if (i < pattern.Length && pattern[i] == "#")
                return true;
            if (i == filter.Length)
                return i == pattern.Length || (i == pattern.Length - 1 && pattern[i] == "#");
            if (i == pattern.Length || filter[i] == "#")
                return false;
            if (pattern[i] != "+" && pattern[i] != filter[i])
                return false;
        }
    }

    /// <summary>Whether any topic is matched by both.</summary>
    private static bool Overlaps(string[] pattern, string[] filter)
    {
        if ((pattern[0].StartsWith('$') && filter[0] is "#" or "+") || (filter[0].StartsWith('$') && pattern[0] is "#" or "+"))
            return false;
        for (var i = 0; ; i++)
        {
            if ((i < pattern.Length && pattern[i] == "#") || (i < filter.Length && filter[i] == "#"))
                return true;
            if (i == pattern.Length || i == filter.Length)
                return pattern.Length == filter.Length;
            if (pattern[i] != "+" && filter[i] != "+" && pattern[i] != filter[i])
                return false;
        }
    }

    private sealed record Rule(bool Allows, string? User, bool Publishes, bool Subscribes, string[] Levels)
    {
        private readonly bool hasPlaceholder = Levels.Any(Placeholders.Contains);

        public bool IsFor(string? user) => User is null || User == user;

        /// <summary>A name that the client does not have stands for no level that a topic has, because NUL is in none.</summary>
        public string[] LevelsFor(ClientNames names) => hasPlaceholder
            ? [.. Levels.Select(level => level switch { "{client}" => names.ClientId, "{user}" => names.User ?? "\0", "{device}" => names.Device ?? "\0", _ => level })]
            : Levels;
    }
}
