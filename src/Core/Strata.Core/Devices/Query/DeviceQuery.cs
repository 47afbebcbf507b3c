using Strata.Core.Telemetry;

namespace Strata.Core.Devices.Query;

/// <summary>
/// A question about the fleet, in one line: <c>state:active site:hq/floor-1 tag.owner=facility metric.temperature&gt;25 not online:true</c>. Terms side by side must all match;
/// <c>or</c>, <c>not</c> (or a leading <c>-</c>) and parentheses do what they say. A word without a field is looked for in id, model, place, serial number and tags. The fields are
/// in <see cref="QueryFields"/>. Immutable; safe from any thread.
/// </summary>
public sealed class DeviceQuery
{
    /// <summary>Longest query, in characters.</summary>
    public const int MaxLength = 2_000;

    /// <summary>Terms of one query.</summary>
    public const int MaxTerms = 100;

    /// <summary>Parentheses and negations within one another.</summary>
    public const int MaxDepth = 32;

    private readonly QueryTest matches;

    internal DeviceQuery(string text, QueryTest matches, IReadOnlySet<string> groups, IReadOnlySet<MetricName> metrics)
    {
        (Text, this.matches, Groups, Metrics) = (text, matches, groups, metrics);
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>The groups that it names.</summary>
    public IReadOnlySet<string> Groups { get; }

    /// <summary>The metrics whose newest values it looks at.</summary>
    public IReadOnlySet<MetricName> Metrics { get; }

    /// <summary>Whether it says which devices it means by state; where it does not, decommissioned ones are left out by who asks.</summary>
    public bool NamesState { get; internal init; }

    /// <summary>Whether the device is one that is asked for.</summary>
    public bool Matches(IQueryTarget target, DateTimeOffset now) => matches(target, now);

    /// <summary>Reads a query; what is wrong with it is said with where: <c>character 12: ...</c>.</summary>
    public static Outcome<DeviceQuery> Parse(string text)
    {
        if (text.Length > MaxLength)
            return new Problem(ProblemKind.Invalid, $"A query has at most {MaxLength:N0} characters; this one has {text.Length:N0}.", "query");
        try
        {
            return new QueryReader(text).Read();
        }
        catch (QueryException wrong)
        {
            return new Problem(ProblemKind.Invalid, $"character {wrong.At + 1}: {wrong.Message}.", "query");
        }
    }
}
