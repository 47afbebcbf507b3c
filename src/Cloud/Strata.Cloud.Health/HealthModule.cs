using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Policy;
using Strata.Cloud.Health.Forecast;
using Strata.Cloud.Health.Report;
using Strata.Cloud.Health.Windows;
using Strata.Cloud.Health.Work;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Reads;
using Strata.Postgres.Schema;
using Strata.Telemetry.Ingest;

namespace Strata.Cloud.Health;

/// <summary>The slice's door: how devices are, and the fleet as a whole.</summary>
public static class HealthModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresHealthDbContext>("health", HealthDbContext.MigrationsTable, options => new PostgresHealthDbContext(options, TenantId.Main));

    /// <summary>Adds the slice after that of devices, whose <see cref="IDeviceActivity"/> it listens to.</summary>
    public static IServiceCollection AddHealth(this IServiceCollection services, HealthOptions? options = null)
    {
        options ??= new HealthOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(options);
        services.AddSingleton(RegistryPart.Of<HealthDbContext>(HealthDbContext.MigrationsTable, static (contextOptions, tenant) => new HealthDbContext(contextOptions, tenant)));
        services.AddSingleton<HealthStore>().AddSingleton<HealthBook>().AddSingleton<FleetMoments>().AddSingleton<FleetReports>().AddSingleton<HealthWatch>().AddSingleton<WindowBook>().AddSingleton<WorkWatch>();
        services.AddSingleton<ITenantContents, HealthContents>();
        services.AddSingleton<IDeviceHealth, DeviceHealths>().AddSingleton<IDeviceSigns, FleetSigns>().AddSingleton<IFleetDigest, FleetDigests>().AddSingleton<IAlertLog, AlertLog>();
        services.AddSingleton<ICommitObserver, SilenceReports>();
        Observe(services);
        services.AddHostedService<HealthStartup>();
        services.AddHostedService(s => s.GetRequiredService<HealthWatch>());
        services.AddHostedService(s => s.GetRequiredService<WorkWatch>());
        return services;
    }

    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1/fleet").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        api.MapGet("/report", GetFleetReport.Handle).Requires(Permission.DevicesRead).AcceptsOnly("site", "by", "format").WithName("GetFleetReport").WithTags("Fleet")
            .WithSummary("The fleet, counted: each device in exactly one bucket").Produces<FleetReportInfo>();
        api.MapGet("/devices", ListFleetDevices.Handle).Requires(Permission.DevicesRead).AcceptsOnly("bucket", "reason", "site", "sku", "firmware", "gateway", "cursor", "limit", "format")
            .WithName("ListFleetDevices").WithTags("Fleet").WithSummary("The devices behind a report's counts, with their reasons").Produces<Page<FleetDeviceInfo>>();
        api.MapGet("/trend", GetFleetTrend.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly("days").WithName("GetFleetTrend").WithTags("Fleet")
            .WithSummary("The fleet's counts by the hour").Produces<Page<FleetTrendInfo>>();
        api.MapGet("/policy", GetPolicy.Handle).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetHealthPolicy").WithTags("Fleet")
            .WithSummary("What counts as ill").Produces<HealthPolicyInfo>();
        api.MapPatch("/policy", ChangePolicy.HandleAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("ChangeHealthPolicy").WithTags("Fleet")
            .WithSummary("Changes what counts as ill, in the whole tenant").Accepts<HealthPolicyInfo>("application/json").Produces<HealthPolicyInfo>();
        api.MapGet("/forecast", GetForecast.Handle).Requires(Permission.DevicesRead).AcceptsOnly("site").WithName("GetFleetForecast").WithTags("Fleet")
            .WithSummary("Failures to be expected, batteries that end, devices likely to fail").Produces<FleetForecastInfo>();
        MapWork(routes.MapGroup("/api/v1").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden));
        return routes;
    }

    private static void MapWork(IEndpointRouteBuilder api)
    {
        api.MapGet("/workorders", ListWorkOrders.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly("state", "site", "assignee", "cursor", "limit", "format").WithName("ListWorkOrders").WithTags("Maintenance")
            .WithSummary("Work orders, what is due first, first").Produces<Page<WorkOrderInfo>>();
        api.MapGet("/workorders/routes", PlanRoutes.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly("technicians", "day", "minutes").WithName("PlanRoutes").WithTags("Maintenance")
            .WithSummary("A day's orders, divided among technicians").Produces<RoutePlanInfo>();
        api.MapGet("/workorders/calendar.ics", GetCalendar.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly("assignee").WithName("GetWorkCalendar").WithTags("Maintenance")
            .WithSummary("Orders and windows for a calendar program").Produces<string>(StatusCodes.Status200OK, "text/calendar");
        api.MapGet("/workorders/{id}", GetWorkOrder.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetWorkOrder").WithTags("Maintenance")
            .WithSummary("One work order").Produces<WorkOrderInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/workorders", CreateWorkOrders.HandleAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("CreateWorkOrder").WithTags("Maintenance")
            .WithSummary("Work that somebody wants, one order for each place").Accepts<CreateWorkOrder>("application/json").Produces<Page<WorkOrderInfo>>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/workorders/scan", ScanRoute.HandleAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("ScanDevice").WithTags("Maintenance")
            .WithSummary("Closes what was to be done at a device").Accepts<ScanDevice>("application/json").Produces<ScannedDevice>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPatch("/workorders/{id}", ChangeWorkOrders.HandleAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("ChangeWorkOrder").WithTags("Maintenance")
            .WithSummary("Whose it is, where it is, when, with what").Accepts<ChangeWorkOrder>("application/json").Produces<WorkOrderInfo>().ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/maintenance/windows", ListWindows.Handle).Requires(Permission.DevicesRead).AcceptsOnly().WithName("ListMaintenanceWindows").WithTags("Maintenance")
            .WithSummary("Maintenance windows that are not over").Produces<Page<SiteWindowInfo>>();
        api.MapPost("/maintenance/windows", CreateWindow.HandleAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("CreateMaintenanceWindow").WithTags("Maintenance")
            .WithSummary("A time in which work is done at a place").Accepts<CreateSiteWindow>("application/json").Produces<SiteWindowInfo>(StatusCodes.Status201Created).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/maintenance/windows/{id}", CancelWindow.HandleAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("CancelMaintenanceWindow").WithTags("Maintenance")
            .WithSummary("Takes a window back; one that runs ends now").Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }

    /// <summary>Puts the book before whoever is told of devices.</summary>
    private static void Observe(IServiceCollection services)
    {
        var told = services.Last(d => d.ServiceType == typeof(IDeviceActivity));
        services.Remove(told);
        services.AddSingleton<IDeviceActivity>(s => new ObservedActivity((IDeviceActivity)told.ImplementationFactory!(s), s.GetRequiredService<HealthBook>()));
    }
}

/// <summary>Makes the tables ready and loads what is known, before the node listens.</summary>
internal sealed partial class HealthStartup(HealthStore store, HealthBook book, WindowBook windows, ILogger<HealthStartup> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.PrepareAsync(cancellationToken);
        foreach (var tenant in await store.TenantsAsync("start of the node: how devices are", cancellationToken))
        {
            if (await store.LoadAsync(tenant, book, windows, cancellationToken) is > 0 and var unreadable)
                LogUnreadable(unreadable);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(5603, LogLevel.Warning, "What was kept of the health of {Count} devices cannot be read and is let go.")]
    private partial void LogUnreadable(int count);
}

/// <summary>What is known of devices goes with their tenant.</summary>
internal sealed class HealthContents(HealthStore store, HealthBook book, WindowBook windows, FleetMoments moments) : ITenantContents
{
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        book.Forget(tenant);
        windows.Forget(tenant);
        moments.Forget(tenant);
        return ValueTask.CompletedTask;
    }

    public async ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => await store.LoadAsync(tenant, book, windows, cancellationToken);
}
