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
        // Readers share the connections and must share nothing else.
        services.AddHttpClient(NodeApi.HttpName).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }).RemoveAllLoggers();
        services.AddScoped<NodeApi>();
        services.AddScoped<ThemeState>();
        services.AddSingleton<FleetFeeds>();
        return services;
    }

    /// <summary>Maps the pages; who may see them, the program says.</summary>
    public static IEndpointConventionBuilder MapDashboard(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapRazorComponents<App>().AddInteractiveServerRenderMode();
}
