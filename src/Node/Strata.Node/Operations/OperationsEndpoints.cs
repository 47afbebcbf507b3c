using System.Net;
using Strata.Core.Tenancy;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using Strata.Cloud.Contracts;
using Strata.Node.Auth;
using Strata.Node.Reads;
using Strata.Telemetry.Ingest;

namespace Strata.Node.Operations;

/// <summary>How a node tells how it is: probes, checks, metrics and traces; the same on the cloud and on a gateway.</summary>
public static class OperationsEndpoints
{
    /// <summary>Further checks are registered as <see cref="INodeCheck"/>, further hops of a trace as <see cref="IHopSource"/>.</summary>
    public static IServiceCollection AddOperations(this IServiceCollection services, NodeDescription node)
    {
        services.AddSingleton(node);
        services.AddSingleton<StoreCheck>();
        services.AddSingleton<INodeCheck>(s => s.GetRequiredService<StoreCheck>());
        services.AddSingleton<INodeCheck, DiskCheck>();
        services.AddSingleton<INodeCheck, ClockCheck>();
        services.AddSingleton<INodeCheck, QueueCheck>();
        services.AddSingleton<CommitFigures>();
        services.AddSingleton<ICommitObserver>(s => s.GetRequiredService<CommitFigures>());
        services.AddSingleton<TraceReading>();
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter("Strata.*", "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel")
            .AddPrometheusExporter());
        return services;
    }

    public static IEndpointRouteBuilder MapOperations(this IEndpointRouteBuilder routes)
    {
        var probes = routes.MapGroup("/health").WithTags("Operations").IsOpen("probes say yes or no, and nothing of anybody");
        probes.MapGet("/live", ReportHealth.Live).WithName("Live probe").WithSummary("The process answers").Produces<string>(StatusCodes.Status200OK, "text/plain");
        probes.MapGet("/ready", ReportHealth.Ready).WithName("Ready probe").WithSummary("The store can commit")
            .Produces<string>(StatusCodes.Status200OK, "text/plain").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        var api = routes.MapGroup("/api/v1").WithTags("Operations").ProducesProblem(StatusCodes.Status401Unauthorized);
        api.MapGet("/health", ReportHealth.HandleAsync).Requires(Permission.NodeRead).AcceptsOnly().WithName("GetHealth")
            .WithSummary("What was checked on this node, and how to mend what is not well").Produces<HealthInfo>();
        api.MapGet("/traces/{device}/{metric}", TraceReading.HandleAsync).Requires(Permission.ReadingsRead).AcceptsOnly().WithName("GetTrace")
            .WithSummary("The way of the newest reading of one metric through the tiers").Produces<TraceInfo>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(new AccessDeclaration(AccessKind.Permission, Permission.NodeRead, "who sits on the machine, or node.read"))
            .RequireAuthorization(policy => policy.RequireAssertion(IsLocalOrOwner)).ExcludeFromDescription();
        return routes;
    }

    /// <summary>Metrics are for who sits on the machine, and for the platform's owner. What a proxy on this machine passes on is not local.</summary>
    private static bool IsLocalOrOwner(AuthorizationHandlerContext context) =>
        (context.Resource as HttpContext)?.Features.Get<Access>()?.Principal.Holds(Permission.NodeRead) == true
        || (context.Resource is HttpContext { Connection.RemoteIpAddress: { } address, Request.Headers: var headers }
            && IPAddress.IsLoopback(address) && !headers.ContainsKey("X-Forwarded-For") && !headers.ContainsKey("Forwarded"));
}
