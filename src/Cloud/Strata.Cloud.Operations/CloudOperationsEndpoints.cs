using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Cloud.Contracts;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Operations;
using Strata.Node.Reads;

namespace Strata.Cloud.Operations;

/// <summary>Operations of the whole installation, seen from the cloud.</summary>
public static class CloudOperationsEndpoints
{
    public static IServiceCollection AddCloudOperations(this IServiceCollection services, StatisticsOptions? options = null)
    {
        options ??= new StatisticsOptions();
        if (options.Freshness < TimeSpan.Zero || options.Freshness > TimeSpan.FromMinutes(1))
            throw new ArgumentException("StatisticsOptions.Freshness must be from 0 to 1 minute.");
        services.AddSingleton(options);
        services.AddSingleton<ReadStatistics>();
        services.AddSingleton<IHopSource, WindowHops>();
        return services;
    }

    public static IEndpointRouteBuilder MapCloudOperations(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/statistics", ReadStatistics.HandleAsync).AcceptsOnly().Requires(Permission.ReadingsRead)
            .WithTags("Operations").WithName("GetStatistics").WithSummary("All tiers reconciled: where each reading is, and what was reduced")
            .Produces<StatisticsInfo>().ProducesProblem(StatusCodes.Status401Unauthorized);
        return routes;
    }
}
