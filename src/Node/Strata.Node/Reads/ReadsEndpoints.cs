using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Ingest;
using Strata.Node.Reads.Live;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Reads;

/// <summary>The read side of a node: the same on the cloud and on a gateway.</summary>
public static class ReadsEndpoints
{
    public static IServiceCollection AddReadings(this IServiceCollection services)
    {
        services.AddOptions<LiveOptions>()
            .Validate(o => o.MaxClients is >= 1 and <= 10_000, "LiveOptions.MaxClients must be from 1 to 10,000.")
            .Validate(o => o.MaxWaiting is >= 16 and <= 100_000, "LiveOptions.MaxWaiting must be from 16 to 100,000.")
            .Validate(o => o.KeepAlive > TimeSpan.Zero, "LiveOptions.KeepAlive must be positive.")
            .ValidateOnStart();
        services.AddSingleton<LiveHub>();
        services.AddSingleton<ICommitObserver>(s => s.GetRequiredService<LiveHub>());
        services.AddSingleton<GatewayQuestions>();
        return services;
    }

    public static IEndpointRouteBuilder MapReadings(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1").WithTags("Readings")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized);
        group.MapGet("/readings", ListReadings.HandleAsync).Requires(Permission.ReadingsRead).AcceptsOnly<ReadingsParameters>().WithName("ListReadings").ServesShares()
            .WithSummary("Raw readings, or aggregates per bucket of time")
            .WithDescription("In (time, device, metric) order. JSON, or CSV by Accept or format=csv, whose next cursor is in the header X-Next-Cursor. With every: a page of buckets in place of readings.")
            .Produces<Page<ReadingInfo>>(StatusCodes.Status200OK, "application/json", "text/csv")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        group.MapGet("/readings/count", CountReadings.HandleAsync).Requires(Permission.ReadingsRead).AcceptsOnly("device").WithName("CountReadings").ServesShares()
            .WithSummary("How many raw readings are stored").Produces<ReadingCount>();
        group.MapGet("/windows", ListWindows.HandleAsync).Requires(Permission.ReadingsRead).AcceptsOnly<WindowsParameters>().WithName("ListWindows").ServesShares()
            .WithSummary("Windows of groups at their highest revision").Produces<Page<WindowInfo>>();
        group.MapGet("/windows/{group}/{start}/readings", WindowReadings.HandleAsync).Requires(Permission.ReadingsRead).WithMetadata(ServiceNote.AsksGateway).AcceptsOnly("cursor", "limit", "metric").WithName("ListWindowReadings")
            .WithSummary("The raw readings of one window, asked from its gateway when they stayed there").Produces<Page<ReadingInfo>>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        group.MapGet("/latest", ListLatest.HandleAsync).Requires(Permission.ReadingsRead).AcceptsOnly<LatestParameters>().WithName("ListLatest").ServesShares()
            .WithSummary("The newest value of each metric, with its age and where it was found").Produces<Page<LatestInfo>>();
        group.MapGet("/events", ListEvents.HandleAsync).Requires(Permission.EventsRead).AcceptsOnly("device", "gateway", "cursor", "limit").WithName("ListEvents")
            .WithSummary("What happened in the fleet, newest first").Produces<Page<EventInfo>>();
        group.MapGet("/gaps", ListGaps.HandleAsync).Requires(Permission.EventsRead).AcceptsOnly("gateway", "cursor", "limit").WithName("ListGaps")
            .WithSummary("Entries that will never arrive, newest first").Produces<Page<GapInfo>>();
        group.MapGet("/live", LiveEndpoint.HandleAsync).Requires(Permission.ReadingsRead).AcceptsOnly("device", "site").WithName("Live").ServesShares()
            .WithSummary("Readings, windows and events as they are committed, as server-sent events")
            .Produces<LiveItem>(StatusCodes.Status200OK, "text/event-stream").ProducesProblem(StatusCodes.Status429TooManyRequests);
        return routes;
    }
}
