using Strata.Core.Telemetry;

namespace Strata.Core.Devices.Query;

/// <summary>
/// The grammar: <c>either := all ("or" all)*</c>, <c>all := one (["and"] one)*</c>, <c>one := ("not" | "-") one | "(" either ")" | FIELD OP VALUE | WORD</c>,
/// where a value may be a list in parentheses: <c>state:(active, degraded)</c>.
/// </summary>
internal sealed class QueryReader(string text)
{
    private readonly QueryWords words = new(text);
    private readonly HashSet<string> groups = new(StringComparer.Ordinal);
    private readonly HashSet<MetricName> metrics = [];
    private bool namesState;
    private int terms;
    private int depth;

    public DeviceQuery Read()
    {
        if (words.IsAtEnd)
            return new DeviceQuery(text, static (_, _) => true, groups, metrics);
        var test = Either();
        if (!words.IsAtEnd)
            throw new QueryException(words.At, $"'{text[words.At]}' has no beginning to it");
        return new DeviceQuery(text, test, groups, metrics) { NamesState = namesState };
    }

    private QueryTest Either()
    {
        List<QueryTest> tests = [All()];
        while (words.TakeKeyword("or"))
            tests.Add(All());
        return tests.Count == 1 ? tests[0] : Any([.. tests]);
    }

    private QueryTest All()
    {
        List<QueryTest> tests = [One()];
        while (true)
        {
            if (words.TakeKeyword("and"))
                tests.Add(One());
            else if (!words.IsAtEnd && text[words.At] != ')' && !words.Sees("or"))
                tests.Add(One());
            else
                return tests.Count == 1 ? tests[0] : Every([.. tests]);
        }
    }

    private QueryTest One()
    {
        if (words.IsAtEnd)
            throw new QueryException(words.At, "a term is missing at the end");
        if (depth == DeviceQuery.MaxDepth)
            throw new QueryException(words.At, $"more than {DeviceQuery.MaxDepth} parentheses and negations are within one another");
        depth++;
        var test = Nested();
        depth--;
        return test;
    }

    private QueryTest Nested()
    {
        if (words.TakeKeyword("not") || words.Take('-'))
        {
            var test = One();
            return (target, now) => !test(target, now);
        }
        var at = words.At;
        if (!words.Take('('))
            return Term();
        var inner = Either();
        return words.Take(')') ? inner : throw new QueryException(at, "this parenthesis is not closed");
    }

    private QueryTest Term()
    {
        if (++terms > DeviceQuery.MaxTerms)
            throw new QueryException(words.At, $"a query has at most {DeviceQuery.MaxTerms} terms");
        var at = words.At;
        if (words.Sees("or") || words.Sees("and"))
            throw new QueryException(at, "a term is missing before this word; put the word itself in quotes");
        if (words.TakeField() is not { } name)
            return QueryFields.FreeText(words.TakeValue(inList: false).Text);
        var field = QueryFields.Find(name) ?? throw new QueryException(at, QueryFields.Unknown(name));
        var (wanted, operation) = (words.At, words.TakeOperator());
        if (!field.Operators.Contains(operation))
            throw new QueryException(wanted, $"'{operation}' does not go with {name}, only {string.Join(' ', field.Operators)}");
        Note(name, field);
        if (!words.Take('('))
            return Compare(field, operation, words.TakeValue(inList: false));
        List<QueryTest> tests = [];
        do
        {
            if (++terms > DeviceQuery.MaxTerms)
                throw new QueryException(words.At, $"a query has at most {DeviceQuery.MaxTerms} terms");
            tests.Add(Compare(field, operation == "!=" ? "=" : operation, words.TakeValue(inList: true)));
        }
        while (words.Take(','));
        if (!words.Take(')'))
            throw new QueryException(words.At, "the list is not closed: ',' or ')' is missing");
        var any = Any([.. tests]);
        return operation == "!=" ? (target, now) => !any(target, now) : any;
    }

    private QueryTest Compare(QueryField field, string operation, (string Text, bool IsQuoted) value)
    {
        if (field.Kind is QueryFieldKind.Group)
            groups.Add(value.Text);
        return field.Compare(operation, value.Text, value.IsQuoted, words.At - value.Text.Length);
    }

    private void Note(string name, QueryField field)
    {
        namesState |= field.Kind is QueryFieldKind.State;
        if (field.Metric is { } metric)
            metrics.Add(metric);
    }

    private static QueryTest Any(QueryTest[] tests) => (target, now) =>
    {
        foreach (var test in tests)
        {
            if (test(target, now))
                return true;
        }
        return false;
    };

    private static QueryTest Every(QueryTest[] tests) => (target, now) =>
    {
        foreach (var test in tests)
        {
            if (!test(target, now))
                return false;
        }
        return true;
    };
}
