using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Strata.Core;
using Strata.Core.Telemetry;
using Strata.Telemetry;

namespace Strata.Node.Reads;

/// <summary>The query of <c>GET /api/v1/readings</c> as text; <see cref="Check"/> gives it meaning.</summary>
internal sealed record ReadingsParameters
{
    private const int MaxNames = 100;

    [FromQuery(Name = "device"), Description("A device id; repeat it for several.")]
    public string[]? Device { get; init; }

    [FromQuery(Name = "metric"), Description("A metric name; repeat it for several. None: all.")]
    public string[]? Metric { get; init; }

    [FromQuery(Name = "from"), Description("Earliest time, inclusive: ISO 8601 or milliseconds since 1970-01-01 UTC.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("Latest time, exclusive.")]
    public string? To { get; init; }

    [FromQuery(Name = "every"), Description("Length of a bucket: 30s, 5m, 1h, 1d.")]
    public string? Every { get; init; }

    [FromQuery(Name = "aggregate"), Description("Functions, comma-separated, in the order wanted: avg, min, max, count, last, sum, stddev. avg when left out.")]
    public string? Aggregate { get; init; }

    [FromQuery(Name = "at"), Description("gateway: ask the device's gateway, for raw readings that stay there.")]
    public string? At { get; init; }

    [FromQuery(Name = "format"), Description("json or csv; else what Accept asks for.")]
    public string? Format { get; init; }

    [FromQuery(Name = "times"), Description("In CSV: iso (default) or ms.")]
    public string? Times { get; init; }

    [FromQuery(Name = "cursor"), Description("The next of the page before.")]
    public string? Cursor { get; init; }

    [FromQuery(Name = "limit"), Description("Items per page: 1,000 unless given, 10,000 at most.")]
    public string? Limit { get; init; }

    public Outcome<ReadingsRequest> Check()
    {
        var first = new FirstProblem();
        var devices = first.Take(Parameter.All(Device, MaxNames, "device", d => Parameter.Device(d)));
        var metrics = first.Take(Parameter.All(Metric, MaxNames, "metric", Parameter.Metric));
        var from = first.Take(Parameter.Time("from", From));
        var to = first.Take(Parameter.Time("to", To));
        first.When(from >= to, "from", "'from' must be before 'to'.");
        long? every = Every is null ? null : first.Take(Parameter.Duration("every", Every));
        first.When(every is null && Aggregate is not null, "aggregate", "'aggregate' goes with 'every', the length of a bucket (every=5m).");
        first.When(every < 1_000_000, "every", "'every' is at least 1s.");
        var functions = every is null ? [] : first.Take(ReadFunctions(Aggregate ?? "avg"));
        first.When(At is not (null or "gateway" or "here"), "at", $"'at' is '{At}'; it takes gateway or here.");
        first.When(Format is not (null or "json" or "csv"), "format", $"'format' is '{Format}'; it takes json or csv.");
        first.When(Times is not (null or "iso" or "ms"), "times", $"'times' is '{Times}'; it takes iso or ms.");
        first.When(At == "gateway" && devices is not { Length: 1 }, "at", "'at=gateway' asks one gateway, so it goes with exactly one 'device'.");
        var limit = first.Take(Parameter.Limit(Limit));
        var after = first.Take(ReadAfter(Cursor, every is null ? 'r' : 'a'));
        if (first.Problem is { } problem)
            return problem;
        var range = new ReadingRange
        {
            Devices = devices, Metrics = metrics, From = from ?? long.MinValue, To = to ?? long.MaxValue, After = after, Limit = limit,
        };
        return new ReadingsRequest(range, every, functions, At == "gateway", Times == "ms");
    }

    private static Outcome<AggregateFunction[]> ReadFunctions(string text)
    {
        var names = text.Split(',', StringSplitOptions.TrimEntries);
        var functions = new AggregateFunction[names.Length];
        for (var i = 0; i < names.Length; i++)
        {
            if (names[i].Length == 0 || !char.IsAsciiLetter(names[i][0]) || !Enum.TryParse(names[i], ignoreCase: true, out functions[i]))
                return Parameter.Wrong("aggregate", names[i], "avg, min, max, count, last, sum and stddev, comma-separated");
        }
        return functions.Distinct().Count() == functions.Length ? functions : Parameter.Wrong("aggregate", text, "each function once");
    }

    internal static Outcome<(long, Core.Devices.DeviceId, MetricName)?> ReadAfter(string? cursor, char kind)
    {
        if (cursor is null)
            return ((long, Core.Devices.DeviceId, MetricName)?)null;
        var fields = PageCursor.Read(cursor, kind, 3);
        if (fields.IsOk && long.TryParse(fields.Value[0], out var time) && Core.Devices.DeviceId.TryParse(fields.Value[1], out var device)
            && MetricName.TryParse(fields.Value[2], out var metric))
            return ((long, Core.Devices.DeviceId, MetricName)?)(time, device, metric);
        return PageCursor.Wrong;
    }
}

/// <summary>A checked request for readings.</summary>
/// <param name="Every">Microseconds; null for raw readings.</param>
/// <param name="TimesInMs">CSV writes ms since the epoch in place of ISO 8601.</param>
internal sealed record ReadingsRequest(ReadingRange Range, long? Every, IReadOnlyList<AggregateFunction> Functions, bool AtGateway, bool TimesInMs);
