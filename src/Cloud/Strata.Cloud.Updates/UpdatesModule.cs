using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Platform.Yaml;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Configuration;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Platform.Updates;
using Strata.Cloud.Updates.Book;
using Strata.Cloud.Updates.Deliveries;
using Strata.Cloud.Updates.Jobs;
using Strata.Cloud.Updates.Routes;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Updates;

/// <summary>The slice's door: rollouts, and the cloud's side of jobs.</summary>
public static class UpdatesModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresUpdatesDbContext>("updates", UpdatesDbContext.MigrationsTable, options => new PostgresUpdatesDbContext(options, TenantId.Main));

    /// <summary>Adds the slice after those of devices, health and artifacts.</summary>
    public static IServiceCollection AddUpdates(this IServiceCollection services, UpdatesOptions? options = null)
    {
        options ??= new UpdatesOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(options);
        services.TryAddSingleton<TenantNews>();
        services.AddSingleton(RegistryPart.Of<UpdatesDbContext>(UpdatesDbContext.MigrationsTable, static (contextOptions, tenant) => new UpdatesDbContext(contextOptions, tenant)));
        services.TryAddSingleton(s => new Lazy<TelemetryMqttHost>(s.GetRequiredService<TelemetryMqttHost>));
        services.AddSingleton<UpdatesStore>().AddSingleton<FleetFacts>().AddSingleton<RolloutNews>().AddSingleton<DeliveryFinder>().AddSingleton<RolloutSelector>().AddSingleton<RolloutDesk>().AddSingleton<IDescribedSection, RolloutSection>().AddSingleton<Rehearse>().AddSingleton<AffectedDevices>();
        services.AddSingleton<IStagedLayers, StagedLayers>().AddSingleton<LayerRollouts>();
        services.AddSingleton<JobDesk>().AddSingleton<IArtifactReaders>(static s => s.GetRequiredService<JobDesk>());
        services.AddSingleton<IDeviceTopics, JobTopics>();
        services.AddSingleton<ITenantContents, UpdatesContents>();
        services.AddHostedService<UpdatesStartup>();
        services.AddSingleton<RolloutRunner>().AddHostedService(static s => s.GetRequiredService<RolloutRunner>());
        return services;
    }

    public static IEndpointRouteBuilder MapUpdates(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        api.MapRollouts();
        api.MapJobs();
        return routes;
    }
}

/// <summary>Makes the tables ready and loads the rollouts, before the node listens.</summary>
internal sealed class UpdatesStartup(UpdatesStore store) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => store.LoadAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Rollouts go with their tenant.</summary>
internal sealed class UpdatesContents(UpdatesStore store) : ITenantContents
{
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        store.Forget(tenant);
        return ValueTask.CompletedTask;
    }

    public async ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => await store.LoadAsync(tenant, cancellationToken);
}
