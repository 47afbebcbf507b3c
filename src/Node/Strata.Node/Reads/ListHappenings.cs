using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core.Dataflow;
using Strata.Core.Tenancy;
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
        var access = context.Access();
        var (events, next) = await ScopedReads.PageAsync(
            before, count, (position, rows) => store.EventsAsync(access.Tenant, new EventRange(of, through, position, rows), cancellationToken), e => e.Position,
            e => Sees(access, e.Event));
        return TypedResults.Json(
            new Page<EventInfo>([.. events.Select(e => ReadingsJson.Info(e.Event))], next is { } position ? PageCursor.Write('e', position) : null),
            ContractsJson.Default.PageEventInfo);
    }

    /// <summary>An event is its device's, else its gateway's; one of neither is the whole tenant's.</summary>
    private static bool Sees(Access access, FleetEvent happened) => happened switch
    {
        { Device: { } device } => access.Sees(Permission.EventsRead, device),
        { Gateway: { } gateway } => access.Sees(Permission.EventsRead, gateway),
        _ => access.IsWhole(Permission.EventsRead),
    };
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
        var access = context.Access();
        var (gaps, next) = await ScopedReads.PageAsync(
            before, count, (position, rows) => store.GapsAsync(access.Tenant, source?.Value, position, rows, cancellationToken), g => g.Position,
            g => access.SeesSource(Permission.EventsRead, g.Gap.Source));
        return TypedResults.Json(
            new Page<GapInfo>([.. gaps.Select(ReadingsJson.Info)], next is { } position ? PageCursor.Write('g', position) : null), ContractsJson.Default.PageGapInfo);
    }
}
