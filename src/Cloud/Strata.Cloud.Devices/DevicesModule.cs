using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Bulk;
using Strata.Cloud.Devices.Decommissioning;
using Strata.Cloud.Devices.Downward;
using Strata.Cloud.Devices.Gateways;
using Strata.Cloud.Devices.Groups;
using Strata.Cloud.Devices.Hooks;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rejections;
using Strata.Cloud.Devices.Search;
using Strata.Cloud.Devices.Transfers;
using Strata.Cloud.Devices.UseCases;
using Strata.Cloud.Devices.Views;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Link;
using Strata.Node.Operations;
using Strata.Node.Reads;
using Strata.Node.Uplink;
using Strata.Postgres;
using Strata.Postgres.Schema;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Devices;

/// <summary>The slice's door: the registry of sites, gateways, devices and groups.</summary>
public static class DevicesModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresDevicesDbContext>("registry", DevicesDbContext.MigrationsTable, options => new PostgresDevicesDbContext(options, TenantId.Main));

    /// <summary>
    /// Adds the registry. Add it before whatever listens: it loads when the host starts. Needs the telemetry store and its writer; provides <see cref="IGatewayConfigurationSource"/>,
    /// <see cref="IFleetRoutes"/>, <see cref="IDeviceActivity"/>, <see cref="ILinkEvents"/> and <see cref="IRejectionSink"/>.
    /// </summary>
    public static IServiceCollection AddDevices(this IServiceCollection services, RegistryOptions registry, DevicesOptions? devices = null)
    {
        registry.Validate();
        devices ??= new DevicesOptions();
        devices.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<DeviceDirectory>();
        services.TryAddSingleton<GatewayDirectory>();
        services.TryAddSingleton<TenantDirectory>();
        services.TryAddSingleton<GatewayStatusBoard>();
        services.TryAddSingleton<RejectionLog>();
        services.TryAddSingleton<IRejectionLog>(s => s.GetRequiredService<RejectionLog>());
        services.AddSingleton(registry);
        services.AddSingleton(devices);
        services.AddSingleton<IRegistryDatabase>(s => s.GetRequiredService<RegistryOptions>() is { Database: { } server }
            ? new RegistryServer(DatabaseAddress.Parse(server)) { Schema = s.GetService<DatabaseSchema>() }
            : RegistryFile.Open(s.GetRequiredService<RegistryOptions>()));
        services.AddAuditTrail();
        services.AddIsolation();
        services.AddSingleton(RegistryPart.Of<DevicesDbContext>(DevicesDbContext.MigrationsTable, static (options, tenant) => new DevicesDbContext(options, tenant)));
        services.AddSingleton<ITenantContents, DeviceContents>();
        services.AddSingleton<RegistryStore>();
        services.AddSingleton<DirectorySync>();
        services.AddSingleton<FleetPresence>();
        services.AddSingleton<FleetSearch>().AddSingleton<IFleetSearch>(static s => s.GetRequiredService<FleetSearch>());
        services.AddSingleton<GatewayViews>();
        services.AddSingleton<JoinGateway>();
        services.AddSingleton<JoinLimit>();
        services.AddSingleton<RejectionSink>();
        services.AddSingleton<IRejectionSink>(s => s.GetRequiredService<RejectionSink>());
        services.AddSingleton<IGatewayConfigurationSource, GatewayConfigurations>();
        services.AddSingleton<IFleetRoutes, FleetRoutes>();
        services.AddSingleton<GatewayLinks>();
        services.AddSingleton<ILinkEvents>(s => s.GetRequiredService<GatewayLinks>());
        services.AddSingleton<DeviceActivity>();
        services.AddSingleton<IDeviceActivity>(s => s.GetRequiredService<DeviceActivity>());
        services.AddSingleton<IUnwritten>(s => s.GetRequiredService<DeviceActivity>());
        services.AddSingleton<Registry.Fleet>();
        services.AddSingleton<IFleet>(s => s.GetRequiredService<Registry.Fleet>());
        services.AddHostedService<RegistryStartup>();
        services.AddHostedService<AuditSealer>();
        services.AddHostedService(s => s.GetRequiredService<RefusalTrail>());
        services.AddHostedService(s => s.GetRequiredService<DeviceActivity>());
        services.AddHostedService<TransitionTrim>();
        services.AddSingleton<LifecycleHooks>().AddSingleton<ITenantHooks>(s => s.GetRequiredService<LifecycleHooks>());
        services.AddHostedService(s => s.GetRequiredService<LifecycleHooks>());
        services.AddHostedService<LifecycleNews>();
        services.AddSingleton(s => ErasureKey.LoadOrCreate(s.GetRequiredService<RegistryOptions>().DataFolder));
        services.AddSingleton(s => new DeviceArchives(s.GetRequiredService<RegistryOptions>().DataFolder));
        services.AddSingleton<DecommissionReadings>();
        services.AddSingleton<ReadingsHandover>();
        services.AddSingleton<TransferSteps>();
        services.AddHostedService(s => s.GetRequiredService<TransferSteps>());
        services.AddSingleton<DecommissionSteps>();
        services.AddSingleton<ITenantContents, DecommissionContents>();
        services.AddHostedService(s => s.GetRequiredService<DecommissionSteps>());
        services.AddSingleton<DownwardQueue>();
        services.AddSingleton<DeviceWay>().AddSingleton<IDeviceWay>(static s => s.GetRequiredService<DeviceWay>());
        services.AddSingleton<IDownward>(s => s.GetRequiredService<DownwardQueue>());
        services.AddSingleton<GatewayWords>();
        services.AddSingleton<ICommitObserver>(s => s.GetRequiredService<GatewayWords>());
        services.AddSingleton<ICommitObserver, GatewayMessages>();
        services.AddSingleton<BulkOperations>();
        services.AddHostedService(s => s.GetRequiredService<BulkOperations>());
        return services;
    }

    public static IEndpointRouteBuilder MapDevices(this IEndpointRouteBuilder routes)
    {
        var reads = routes.MapGroup("/api/v1")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized);
        reads.MapGet("/sites", ListSites.Handle).Requires(Permission.SitesRead).AcceptsOnly("cursor", "limit").WithName("ListSites").WithTags("Sites")
            .WithSummary("Places, each after the one that holds it").Produces<Page<SiteInfo>>();
        reads.MapGet("/gateways", ListGateways.HandleAsync).Requires(Permission.GatewaysRead).AcceptsOnly("site", "cursor", "limit").WithName("ListGateways").WithTags("Gateways")
            .WithSummary("Gateways with their links and backlogs").Produces<Page<GatewayInfo>>();
        reads.MapGet("/gateways/{id}", GetGateway.HandleAsync).Requires(Permission.GatewaysRead).AcceptsOnly().WithName("GetGateway").WithTags("Gateways")
            .WithSummary("One gateway").Produces<GatewayInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        reads.MapGet("/devices", ListDevices.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly("query", "search", "state", "site", "gateway", "cursor", "limit").WithName("ListDevices").WithTags("Devices")
            .WithSummary("Devices by query, id, state, place or the gateway that serves them").Produces<Page<DeviceInfo>>();
        reads.MapGet("/devices/rejected", ListRejections.Handle).Requires(Permission.DevicesRead).AcceptsOnly("cursor", "limit").WithName("ListRejections").WithTags("Devices")
            .WithSummary("Who was refused and why, newest first").Produces<Page<Rejection>>();
        reads.MapGet("/devices/{id}", GetDevice.Handle).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetDevice").WithTags("Devices")
            .WithSummary("One device").Produces<DeviceInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        reads.MapGet("/devices/{id}/history", ReadHistory.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetDeviceHistory").WithTags("Devices")
            .WithSummary("The steps of a device's life, and how long it was in each state").Produces<DeviceHistory>().ProducesProblem(StatusCodes.Status404NotFound);
        reads.MapGet("/export", ExportArchitecture.HandleAsync).Requires(Permission.SitesRead).AcceptsOnly("site").WithName("Export").WithTags("Architecture")
            .WithSummary("The architecture, and configuration that the caller may read, as a site file").Produces<string>(StatusCodes.Status200OK, "application/yaml").ProducesProblem(StatusCodes.Status404NotFound);
        GroupRoutes.Map(reads);
        BulkRoutes.Map(reads);
        HookRoutes.Map(reads);
        DecommissionRoutes.Map(reads);
        DecommissionRoutes.MapPolicy(reads);
        DecommissionRoutes.MapKey(routes);
        TransferRoutes.Map(reads);
        MapViews(reads);
        MapAdmin(routes);
        routes.MapPost("/api/v1/gateways/join", JoinGateway.HandleAsync).IsOpen("the join token is the proof").AddEndpointFilter<RouteHandlerBuilder, JoinLimit>().WithName("JoinGateway").WithTags("Gateways")
            .WithSummary("A gateway with a join token gets its identity").Accepts<JoinRequest>("application/json").Produces<JoinResponse>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status429TooManyRequests);
        return routes;
    }

    private static void MapViews(IEndpointRouteBuilder api)
    {
        api.MapGet("/views", ReadViews.List).Requires(Permission.ReadingsRead).AcceptsOnly().WithName("ListViews").WithTags("Views")
            .WithSummary("Saved views that are for the caller, and those that it may change").Produces<Page<ViewInfo>>();
        api.MapGet("/views/templates", ReadViews.Templates).Requires(Permission.ReadingsRead).AcceptsOnly().WithName("ListViewTemplates").WithTags("Views")
            .WithSummary("Views to begin with").Produces<Page<ViewInfo>>();
        api.MapGet("/views/{name}", ReadViews.One).Requires(Permission.ReadingsRead).AcceptsOnly().WithName("GetView").WithTags("Views")
            .WithSummary("One view").Produces<ViewInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPut("/views/{name}", ChangeViews.PutAsync).Requires(Permission.ViewsManage).AcceptsOnly().WithName("PutView").WithTags("Views")
            .WithSummary("Saves a view, in the place of one of this name").Accepts<SaveView>("application/json").Produces<ViewInfo>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapDelete("/views/{name}", ChangeViews.DeleteAsync).Requires(Permission.ViewsManage).AcceptsOnly().WithName("DeleteView").WithTags("Views")
            .WithSummary("Deletes a view").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static void MapAdmin(IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/api/v1")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        admin.MapPost("/devices", RegisterDevice.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("RegisterDevice").WithTags("Devices")
            .WithSummary("A new device with its secret, shown once").Accepts<CreateDevice>("application/json")
            .Produces<DeviceSecret>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status409Conflict);
        admin.MapPost("/devices/{id}/secret", RotateDeviceSecret.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("RotateDeviceSecret").WithTags("Devices")
            .WithSummary("A new secret, shown once; the old one stops working").Produces<DeviceSecret>().ProducesProblem(StatusCodes.Status404NotFound);
        admin.MapPatch("/devices/{id}", ChangeDevices.HandleAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("ChangeDevice").WithTags("Devices")
            .WithSummary("Place, tags, groups and what else is known of a device; with If-Match only as it was read").Accepts<ChangeDevice>("application/json").Produces<DeviceInfo>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        admin.MapPost("/devices/{id}/state", MoveDevices.HandleAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("MoveDevice").WithTags("Devices")
            .WithSummary("A step of a device's life, with its cause; with If-Match only as it was read").Accepts<MoveDevice>("application/json").Produces<DeviceInfo>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        admin.MapPost("/devices/{id}/swap", UseCases.SwapDevice.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("SwapDevice").WithTags("Devices")
            .WithSummary("Another unit takes the place of a broken one").Accepts<Contracts.SwapDevice>("application/json").Produces<DeviceInfo>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status412PreconditionFailed);
        admin.MapDelete("/devices/{id}", DecommissionDevice.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("DecommissionDevice").WithTags("Devices")
            .WithSummary("Takes a device out of service for good").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        admin.MapPost("/gateways/tokens", IssueJoinToken.HandleAsync).Requires(Permission.GatewaysWrite).AcceptsOnly().WithName("CreateJoinToken").WithTags("Gateways")
            .WithSummary("A token with which gateways join, shown once").Accepts<CreateJoinToken>("application/json").Produces<JoinToken>(StatusCodes.Status201Created);
        admin.MapPost("/apply", ApplyArchitecture.HandleAsync).Requires(Permission.SitesWrite).AcceptsOnly("dryRun", "prune", "file").WithName("Apply").WithTags("Architecture")
            .WithSummary("Makes the registry as a site file describes it").Accepts<string>("application/yaml").Produces<ApplyResult>()
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge);
    }
}
