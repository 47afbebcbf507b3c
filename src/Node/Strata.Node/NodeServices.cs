using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Contracts;
using Strata.Core.Telemetry.Decoding;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Mqtt.Inspection;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Identity;
using Strata.Node.Ingest;
using Strata.Node.Link;
using Strata.Node.Metering;
using Strata.Node.Operations;
using Strata.Node.Reads;
using Strata.Node.Uplink;
using Strata.Telemetry;
using Strata.Telemetry.Ingest;

namespace Strata.Node;

/// <summary>
/// What a cloud node and a gateway have in common, in one call each. The program registers what differs: the <see cref="Strata.Telemetry.ITelemetryStore"/> with
/// its <see cref="IngestWriter"/>, an <see cref="ITokenStore"/>, an <see cref="IDeviceActivity"/>, an <see cref="IGatewayConfigurationSource"/>, and it fills the directories.
/// </summary>
public static class NodeServices
{
    /// <summary>Adds devices by MQTT and HTTP, gateways by uplink and link, rejections and events. Nothing that was registered before is replaced.</summary>
    public static IServiceCollection AddNode(this IServiceCollection services, Action<MqttOptions>? mqtt = null)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(PayloadLimits.Default);
        services.TryAddSingleton<DeviceDirectory>();
        services.TryAddSingleton<IDeviceClasses>(s => s.GetRequiredService<DeviceDirectory>());
        services.TryAddSingleton<CertificateDirectory>();
        services.TryAddSingleton<CertificateEntrance>();
        services.TryAddSingleton(static s => new CertificateSightings(s.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<GatewayDirectory>();
        services.TryAddSingleton<TenantDirectory>();
        services.TryAddSingleton<ShareDirectory>();
        services.TryAddSingleton<AccessMap>();
        services.TryAddSingleton<RejectionLog>();
        services.TryAddSingleton<IRejectionLog>(s => s.GetRequiredService<RejectionLog>());
        services.TryAddSingleton<Meter>();
        services.TryAddSingleton<HopLog>();
        services.TryAddSingleton<IngestCounters>();
        services.TryAddSingleton<ServiceCounters>();
        services.TryAddSingleton<DeliveryCounts>();
        services.TryAddSingleton<ReadingBatchPool>();
        services.TryAddSingleton<GatewayStatusBoard>();
        services.TryAddSingleton<FleetEventWriter>();
        services.TryAddSingleton<IFleetEvents>(s => s.GetRequiredService<FleetEventWriter>());
        services.AddSingleton<IUnwritten>(s => s.GetRequiredService<FleetEventWriter>());
        services.AddHostedService(s => s.GetRequiredService<FleetEventWriter>());
        services.TryAddSingleton<ILinkEvents, LinkEvents>();
        services.AddOptions<FleetEventOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<DeviceIngestOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<UplinkOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<GatewayLinkOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<HttpIngest>();
        services.TryAddSingleton<UplinkReceiver>();
        services.TryAddSingleton<GatewayLinkHub>();
        services.TryAddSingleton<IGatewayAsker>(s => s.GetRequiredService<GatewayLinkHub>());
        services.AddHostedService<LinkStop>();
        services.AddMqttBroker<TelemetryMqttHost>(mqtt);
        services.AddSingleton(static s => new Lazy<IReadOnlyList<IDeviceTopics>>(() => [.. s.GetServices<IDeviceTopics>()]));
        services.AddHostedService<MqttStorageWatch>();
        services.TryAddSingleton(s => new Lazy<MqttBroker>(s.GetRequiredService<MqttBroker>));
        services.TryAddSingleton<LivePublisher>();
        services.AddSingleton<ICommitObserver, LiveTopics>();
        services.AddSingleton<ICommitObserver, SharedTopics>();
        services.Configure<JsonOptions>(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ContractsJson.Default));
        return services;
    }

    /// <summary>Writes what the tenants use, and tells of quotas that are nearly used up: for a node that is the tenants' own. After <see cref="AddNode"/>.</summary>
    public static IServiceCollection AddMeter(this IServiceCollection services)
    {
        services.AddOptions<MeterOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton<QuotaWatch>();
        services.AddSingleton<MeterWriter>();
        services.AddHostedService(s => s.GetRequiredService<MeterWriter>());
        return services;
    }

    /// <summary>Maps what devices and gateways call, and for administrators what the MQTT engine holds and does in their tenant.</summary>
    public static IEndpointRouteBuilder MapNode(this IEndpointRouteBuilder routes)
    {
        routes.MapDeviceIngest();
        routes.MapMqtt().IsOpen("its CONNECT says who it is");
        routes.MapMqttInspection(configure: static of => of.Namespace = static http => http.Tenant().Value).Requires(Permission.TenantManage).AddEndpointFilter(WholeTenant).WithTags("MQTT")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        routes.MapGatewayLinks();
        return routes;
    }

    /// <summary>The engine knows no places: what it tells and does is of the tenant as a whole.</summary>
    private static async ValueTask<object?> WholeTenant(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) =>
        invocation.HttpContext.Access().IsWhole(Permission.TenantManage) ? await next(invocation) : ProblemResults.Of(Access.Forbidden);

    /// <summary>Ends the links when the stop begins: they would hold the server's stop up to its timeout.</summary>
    private sealed class LinkStop(GatewayLinkHub hub, IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.ApplicationStopping.Register(hub.Stop);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
