using Strata.Core.Telemetry;

namespace Strata.Core.Devices.Query;

/// <summary>
/// The fields of queries. Text (<c>:</c> equal without regard to case, <c>=</c> equal, <c>~</c> contains, <c>*</c> for any characters): <c>id</c>, <c>model</c> (or <c>sku</c>), <c>serial</c>, <c>batch</c>,
/// <c>power</c>, <c>gateway</c>, <c>cause</c>, <c>tag.NAME</c>. <c>site</c>: <c>:</c> the place and all below, <c>=</c> itself. <c>state</c>, <c>group</c>, <c>online</c>. Ages (<c>10m</c>, <c>2d</c>): <c>seen</c> since it was heard, never being the
/// longest, <c>since</c> in its state. <c>created</c>: a time. <c>metric.NAME</c> and <c>health.NAME</c>: the newest value.
/// </summary>
public static class QueryFields
{
    private const string TagPrefix = "tag.";
    private const string MetricPrefix = "metric.";

    private static readonly Dictionary<string, QueryField> Fields = new(StringComparer.OrdinalIgnoreCase)
    {
        ["id"] = new(QueryFieldKind.Text, t => t.Id),
        ["model"] = new(QueryFieldKind.Text, t => t.Model),
        ["sku"] = new(QueryFieldKind.Text, t => t.Model),
        ["serial"] = new(QueryFieldKind.Text, t => t.Serial),
        ["batch"] = new(QueryFieldKind.Text, t => t.Batch),
        ["power"] = new(QueryFieldKind.Text, t => t.PowerProfile),
        ["gateway"] = new(QueryFieldKind.Text, t => t.Gateway),
        ["cause"] = new(QueryFieldKind.Text, t => t.Cause),
        ["site"] = new(QueryFieldKind.Place),
        ["state"] = new(QueryFieldKind.State),
        ["group"] = new(QueryFieldKind.Group),
        ["online"] = new(QueryFieldKind.Flag) { Flag = t => t.IsOnline },
        ["seen"] = new(QueryFieldKind.Age) { Time = t => t.LastSeen },
        ["since"] = new(QueryFieldKind.Age) { Time = t => t.StateSince },
        ["created"] = new(QueryFieldKind.Time) { Time = t => t.Created },
    };

    /// <summary>The names, those with a part to be filled in last.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Fields.Keys, "tag.NAME", "metric.NAME", "health.NAME"];

    internal static QueryField? Find(string name)
    {
        if (Fields.TryGetValue(name, out var field))
            return field;
        if (name.StartsWith(TagPrefix, StringComparison.OrdinalIgnoreCase) && name[TagPrefix.Length..] is { Length: > 0 } tag)
            return new QueryField(QueryFieldKind.Text, t => t.Tags.GetValueOrDefault(tag));
        var metric = name.StartsWith(MetricPrefix, StringComparison.OrdinalIgnoreCase) ? name[MetricPrefix.Length..] : name.StartsWith(MetricName.HealthPrefix, StringComparison.Ordinal) ? name : null;
        return MetricName.TryParse(metric, out var known) ? new QueryField(QueryFieldKind.Value) { Metric = known } : null;
    }

    internal static string Unknown(string name) =>
        $"there is no field '{name}'; there are {string.Join(", ", Names)} (a metric is written metric.{name}, text with such a sign in quotes)";

    /// <summary>A word without a field.</summary>
    internal static QueryTest FreeText(string word) => (target, _) =>
        Has(target.Id, word) || Has(target.Model, word) || Has(target.Site, word) || Has(target.Serial, word) || HasTag(target, word);

    private static bool HasTag(IQueryTarget target, string word)
    {
        if (target.Tags.IsEmpty)
            return false;
        foreach (var (name, value) in target.Tags)
        {
            if (Has(name, word) || Has(value, word))
                return true;
        }
        return false;
    }

    private static bool Has(string? text, string word) => text?.Contains(word, StringComparison.OrdinalIgnoreCase) == true;
}
