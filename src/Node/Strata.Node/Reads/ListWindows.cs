using System.ComponentModel;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Node.Auth;
using Strata.Telemetry;

namespace Strata.Node.Reads;

/// <summary>The query of <c>GET /api/v1/windows</c>.</summary>
internal sealed record WindowsParameters
{
    [FromQuery(Name = "site"), Description("The path of a place; windows of it and of all below.")]
    public string? Site { get; init; }

    [FromQuery(Name = "group"), Description("A group's id.")]
    public string? Group { get; init; }

    [FromQuery(Name = "from"), Description("Earliest start, inclusive: ISO 8601 or milliseconds since 1970-01-01 UTC.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("Latest start, exclusive.")]
    public string? To { get; init; }

    [FromQuery(Name = "cursor"), Description("The next of the page before.")]
    public string? Cursor { get; init; }

    [FromQuery(Name = "limit"), Description("Items per page: 1,000 unless given, 10,000 at most.")]
    public string? Limit { get; init; }

    public Outcome<WindowRange> Check()
    {
        var first = new FirstProblem();
        var site = first.Take(Parameter.Site(Site));
        if (Group is not null)
            first.Take(Parameter.Device(Group, "group"));
        var from = first.Take(Parameter.Time("from", From));
        var to = first.Take(Parameter.Time("to", To));
        first.When(from >= to, "from", "'from' must be before 'to'.");
        var limit = first.Take(Parameter.Limit(Limit));
        var after = first.Take(ReadAfter());
        return first.Problem is { } problem
            ? problem
            : new WindowRange(site, Group, from ?? long.MinValue, to ?? long.MaxValue, after, limit);
    }

    private Outcome<(long, string)?> ReadAfter()
    {
        if (Cursor is null)
            return ((long, string)?)null;
        var fields = PageCursor.Read(Cursor, 'w', 2);
        return fields.IsOk && long.TryParse(fields.Value[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var start)
            ? ((long, string)?)(start, fields.Value[1])
            : PageCursor.Wrong;
    }
}

/// <summary><c>GET /api/v1/windows</c>: windows at their highest revision, in start order.</summary>
internal static class ListWindows
{
    public static async Task<IResult> HandleAsync(
        [AsParameters] WindowsParameters parameters, HttpContext context, ITelemetryStore store, CancellationToken cancellationToken)
    {
        var check = parameters.Check();
        if (!check.IsOk)
            return ProblemResults.Of(check.Problem!);
        var windows = await context.Access().WindowsAsync(store, check.Value, cancellationToken);
        string? next = null;
        if (windows.Count > 0 && windows.Count == check.Value.Limit)
            next = PageCursor.Write('w', windows[^1].Start.ToString(CultureInfo.InvariantCulture), windows[^1].Group);
        var principal = context.Access().Principal;
        return TypedResults.Json(new Page<WindowInfo>([.. windows.Select(w => ReadingsJson.Info(w, principal.Sees)).Where(w => principal.Share is null || w.Metrics.Count > 0)], next), ContractsJson.Default.PageWindowInfo);
    }
}
