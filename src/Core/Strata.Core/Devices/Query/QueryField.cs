using Strata.Core.Telemetry;

namespace Strata.Core.Devices.Query;

/// <summary>What kind of thing a field is: how it is compared.</summary>
internal enum QueryFieldKind
{
    Text,
    Place,
    State,
    Group,
    Flag,
    Time,
    Age,
    Value,
}

/// <summary>One field of a query, and the tests that it makes.</summary>
/// <param name="text">What it says of a device, where it is a text; for a value, its text.</param>
internal sealed class QueryField(QueryFieldKind kind, Func<IQueryTarget, string?>? text = null)
{
    private static readonly string[] OfText = [":", "=", "!=", "~"];
    private static readonly string[] OfChoice = [":", "=", "!="];
    private static readonly string[] OfOrder = ["<", "<=", ">", ">="];
    private static readonly string[] OfValue = [":", "=", "!=", "<", "<=", ">", ">="];

    public QueryFieldKind Kind => kind;

    /// <summary>The metric, where it is one.</summary>
    public MetricName? Metric { get; init; }

    /// <summary>Of a flag.</summary>
    public Func<IQueryTarget, bool>? Flag { get; init; }

    /// <summary>Of a time or an age; null for never.</summary>
    public Func<IQueryTarget, DateTimeOffset?>? Time { get; init; }

    public string[] Operators => kind switch
    {
        QueryFieldKind.Text => OfText,
        QueryFieldKind.Time or QueryFieldKind.Age => OfOrder,
        QueryFieldKind.Value => OfValue,
        _ => OfChoice,
    };

    public QueryTest Compare(string operation, string value, bool isQuoted, int at)
    {
        if (operation == "!=")
        {
            var equal = Compare("=", value, isQuoted, at);
            return (target, now) => !equal(target, now);
        }
        return kind switch
        {
            QueryFieldKind.Text => Text(operation, value, isQuoted),
            QueryFieldKind.Place => operation == "=" ? (target, _) => target.Site == value : (target, _) => IsWithin(target.Site, value),
            QueryFieldKind.State => State(value, at),
            QueryFieldKind.Group => (target, _) => target.IsIn(value),
            QueryFieldKind.Flag => ReadFlag(value, at) is var wanted ? (target, _) => Flag!(target) == wanted : default!,
            QueryFieldKind.Time => ReadTime(value, at) is var time ? (target, _) => Time!(target) is { } said && Ordered(operation, said.CompareTo(time)) : default!,
            QueryFieldKind.Age => Age(operation, value, at),
            _ => Value(operation, value, isQuoted, at),
        };
    }

    private QueryTest Text(string operation, string value, bool isQuoted)
    {
        if (operation == "~")
            return (target, _) => text!(target)?.Contains(value, StringComparison.OrdinalIgnoreCase) == true;
        if (!isQuoted && value == "*")
            return (target, _) => text!(target) is { Length: > 0 };
        if (!isQuoted && value.Contains('*', StringComparison.Ordinal))
            return (target, _) => text!(target) is { } said && Wildcards.Matches(said, value);
        var comparison = operation == "=" ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        return (target, _) => string.Equals(text!(target), value, comparison);
    }

    private static QueryTest State(string value, int at)
    {
        if (!DeviceLifecycle.TryParse(value, out var state))
            throw new QueryException(at, $"'{value}' is not a state; there are {string.Join(", ", DeviceLifecycle.Names)}");
        return (target, _) => target.State == state;
    }

    /// <summary>How long ago something was; what never was is older than anything.</summary>
    private QueryTest Age(string operation, string value, int at)
    {
        if (!QueryValues.TryReadSpan(value, out var span))
            throw new QueryException(at, $"'{value}' is not a time span; write for example 90s, 10m, 6h or 2d");
        return (target, now) => Ordered(operation, Time!(target) is { } said ? (now - said).CompareTo(span) : 1);
    }

    private QueryTest Value(string operation, string value, bool isQuoted, int at)
    {
        var metric = Metric!.Value;
        if (!isQuoted && value == "*" && operation is ":" or "=")
            return (target, _) => target.Newest(metric) is not null;
        if (operation is not (":" or "="))
        {
            return QueryValues.TryReadNumber(value, out var bound)
                ? (target, _) => target.Newest(metric) is { Kind: ReadingKind.Number } said && Ordered(operation, said.Number.CompareTo(bound))
                : throw new QueryException(at, $"'{operation}' needs a number, '{value}' is none");
        }
        if (!isQuoted && QueryValues.TryReadNumber(value, out var number))
            return (target, _) => target.Newest(metric) is { Kind: ReadingKind.Number } said && said.Number.Equals(number);
        if (!isQuoted && bool.TryParse(value, out var flag))
            return (target, _) => target.Newest(metric) is { Kind: ReadingKind.Boolean } said && said.Boolean == flag;
        return (target, _) => target.Newest(metric) is { Kind: ReadingKind.Text } said && string.Equals(said.Text, value, StringComparison.OrdinalIgnoreCase);
    }

    private static bool ReadFlag(string value, int at) =>
        bool.TryParse(value, out var flag) ? flag : throw new QueryException(at, $"'{value}' is neither true nor false");

    private static DateTimeOffset ReadTime(string value, int at) =>
        QueryValues.TryReadTime(value, out var time) ? time : throw new QueryException(at, $"'{value}' is not a time; write for example 2026-11-01 or 2026-11-01T08:30:00Z");

    private static bool Ordered(string operation, int order) => operation switch
    {
        "<" => order < 0,
        "<=" => order <= 0,
        ">" => order > 0,
        _ => order >= 0,
    };

    private static bool IsWithin(string? site, string place) =>
        place == "*" ? site is not null
        : site is not null && site.StartsWith(place, StringComparison.Ordinal) && (site.Length == place.Length || site[place.Length] == '/');
}
