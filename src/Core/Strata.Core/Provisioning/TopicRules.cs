using System.Collections.Immutable;

namespace Strata.Core.Provisioning;

/// <summary>
/// Where below its own topics (<c>devices/{id}/</c>) a device may publish and listen: topic filters (<c>telemetry</c>, <c>commands/#</c>, <c>jobs/+/status</c>), as MQTT writes them. They narrow what every
/// device may; nothing is widened.
/// </summary>
public sealed record TopicRules(ImmutableArray<string> Publish, ImmutableArray<string> Subscribe)
{
    public const int MaxFilters = 32;

    public bool MayPublish(ReadOnlySpan<char> rest) => Any(Publish, rest);

    /// <param name="filter">What it asks to listen to, without the prefix of its own.</param>
    public bool MaySubscribe(ReadOnlySpan<char> filter) => Any(Subscribe, filter);

    /// <exception cref="FormatException">The text is no topic filter below a device's own topics.</exception>
    public static string Check(string filter)
    {
        var levels = filter.Split('/');
        var wrong = filter.Length is 0 or > 200 || filter.Contains('\0', StringComparison.Ordinal)
            || levels.Where((l, i) => (l.Contains('#', StringComparison.Ordinal) && (l != "#" || i < levels.Length - 1)) || (l.Contains('+', StringComparison.Ordinal) && l != "+")).Any();
        return wrong ? throw new FormatException($"'{filter}' is no topic filter; write telemetry, commands/# or jobs/+/status, without devices/ID/ before it.") : filter;
    }

    private static bool Any(ImmutableArray<string> rules, ReadOnlySpan<char> asked)
    {
        foreach (var rule in rules)
        {
            if (Covers(rule, asked))
                return true;
        }
        return false;
    }

    /// <summary>Whether every topic that <paramref name="asked"/> means is one that <paramref name="rule"/> means.</summary>
    private static bool Covers(ReadOnlySpan<char> rule, ReadOnlySpan<char> asked)
    {
        while (true)
        {
            var r = Level(rule);
            var a = Level(asked);
            if (r is "#")
                return true;
            if (a is "#" || !(r is "+" || (r.SequenceEqual(a) && a is not "+")))
                return false;
            var (ruleEnds, askedEnds) = (r.Length == rule.Length, a.Length == asked.Length);
            if (ruleEnds || askedEnds)
                return (ruleEnds && askedEnds) || (askedEnds && rule[(r.Length + 1)..] is "#"); // MQTT 4.7.1.2: sport/# means sport too.
            rule = rule[(r.Length + 1)..];
            asked = asked[(a.Length + 1)..];
        }
    }

    private static ReadOnlySpan<char> Level(ReadOnlySpan<char> topic) => topic.IndexOf('/') is var slash && slash < 0 ? topic : topic[..slash];
}
