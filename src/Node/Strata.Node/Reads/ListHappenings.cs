using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Node.Auth;
using Strata.Telemetry;

namespace Strata.Node.Reads;

/// <summary><c>GET /api/v1/events</c>: what happened in the fleet, newest first.</summary>
internal static class ListEvents
{
    public static async Task<IResult> HandleAsync(
        string? device, string? gateway, string? cursor, string? limit, HttpContext context, ITelemetryStore store, CancellationToken cancellationToken)
    {
        var first = new FirstProblem();
        Core.Devices.DeviceId? of = device is null ? null : first.Take(Parameter.Device(device));
        var through = first.Take(Parameter.Gateway(gateway));
        var before = first.Take(PageCursor.ReadPosition(cursor, 'e'));
        var count = first.Take(Parameter.Limit(limit));
        if (first.Problem is { } problem)
            return ProblemResults.Of(problem);
        var events = await store.EventsAsync(context.Tenant(), new EventRange(of, through, before, count), cancellationToken);
        var next = events.Count == count ? PageCursor.Write('e', events[^1].Position) : null;
        return TypedResults.Json(new Page<EventInfo>([.. events.Select(e => ReadingsJson.Info(e.Event))], next), ContractsJson.Default.PageEventInfo);
    }
}

/// <summary><c>GET /api/v1/gaps</c>: numbers that will never come, newest first.</summary>
internal static class ListGaps
{
    public static async Task<IResult> HandleAsync(
        string? gateway, string? cursor, string? limit, HttpContext context, ITelemetryStore store, CancellationToken cancellationToken)
    {
        var first = new FirstProblem();
        var source = first.Take(Parameter.Gateway(gateway));
        var before = first.Take(PageCursor.ReadPosition(cursor, 'g'));
        var count = first.Take(Parameter.Limit(limit));
        if (first.Problem is { } problem)
            return ProblemResults.Of(problem);
        var gaps = await store.GapsAsync(context.Tenant(), source?.Value, before, count, cancellationToken);
        var next = gaps.Count == count ? PageCursor.Write('g', gaps[^1].Position) : null;
        return TypedResults.Json(new Page<GapInfo>([.. gaps.Select(ReadingsJson.Info)], next), ContractsJson.Default.PageGapInfo);
    }
}
