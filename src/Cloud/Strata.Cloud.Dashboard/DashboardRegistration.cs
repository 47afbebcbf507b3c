using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using Strata.Cloud.Dashboard.Live;

namespace Strata.Cloud.Dashboard;

/// <summary>Adds the dashboard to a node.</summary>
public static class DashboardRegistration
{
    /// <summary>Registers the pages and the feed that pushes what happens to them.</summary>
    public static IServiceCollection AddDashboard(this IServiceCollection services, Action<DashboardOptions> configure)
    {
        services.Configure(configure);
        services.AddRazorComponents().AddInteractiveServerComponents(o =>
        {
            o.DisconnectedCircuitMaxRetained = 20;
            o.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(2);
        });
        services.AddMudServices();
        services.AddHttpClient<NodeApi>().RemoveAllLoggers();
        services.AddScoped<ThemeState>();
        services.AddSingleton<FleetFeed>();
        services.AddHostedService(s => s.GetRequiredService<FleetFeed>());
        return services;
    }

    /// <summary>Maps the pages. Every one asks for the policy.</summary>
    public static IEndpointConventionBuilder MapDashboard(this IEndpointRouteBuilder endpoints, string policy) =>
        endpoints.MapRazorComponents<App>().AddInteractiveServerRenderMode().RequireAuthorization(policy);
}
