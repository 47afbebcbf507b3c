using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Policy;
using Strata.Cloud.Health.Report;
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
        services.AddSingleton<HealthStore>().AddSingleton<HealthBook>().AddSingleton<FleetMoments>().AddSingleton<FleetReports>().AddSingleton<HealthWatch>();
        services.AddSingleton<ITenantContents, HealthContents>();
        services.AddSingleton<IDeviceHealth, DeviceHealths>();
        services.AddSingleton<ICommitObserver, SilenceReports>();
        Observe(services);
        services.AddHostedService<HealthStartup>();
        services.AddHostedService(s => s.GetRequiredService<HealthWatch>());
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
        return routes;
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
internal sealed class HealthStartup(HealthStore store, HealthBook book) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.PrepareAsync(cancellationToken);
        foreach (var tenant in await store.TenantsAsync("start of the node: how devices are", cancellationToken))
            await store.LoadAsync(tenant, book, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>What is known of devices goes with their tenant.</summary>
internal sealed class HealthContents(HealthStore store, HealthBook book, FleetMoments moments) : ITenantContents
{
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        book.Forget(tenant);
        moments.Forget(tenant);
        return ValueTask.CompletedTask;
    }

    public async ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => await store.LoadAsync(tenant, book, cancellationToken);
}
