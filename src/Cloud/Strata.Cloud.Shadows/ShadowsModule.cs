using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Configuration;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Platform.Yaml;
using Strata.Cloud.Shadows.Configuration;
using Strata.Cloud.Shadows.Mqtt;
using Strata.Cloud.Shadows.Routes;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Ingest;
using Strata.Node.Reads;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Shadows;

/// <summary>The slice's door: what is known and wanted of devices.</summary>
public static class ShadowsModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresShadowsDbContext>("shadows", ShadowsDbContext.MigrationsTable, options => new PostgresShadowsDbContext(options, TenantId.Main));

    /// <summary>Adds the slice after that of devices.</summary>
    public static IServiceCollection AddShadows(this IServiceCollection services, ShadowOptions? options = null)
    {
        options ??= new ShadowOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.TryAddSingleton<TenantNews>();
        services.AddSingleton(RegistryPart.Of<ShadowsDbContext>(ShadowsDbContext.MigrationsTable, static (contextOptions, tenant) => new ShadowsDbContext(contextOptions, tenant)));
        services.AddSingleton(new ShadowCache(options.CacheBytes));
        services.AddSingleton<ShadowTables>();
        services.AddSingleton<ShadowContacts>();
        services.AddSingleton<ShadowWriter>();
        services.AddSingleton<ShadowStore>();
        services.AddSingleton<GatewayNudge>();
        services.AddSingleton<ShadowTopics>();
        services.AddSingleton<IDeviceTopics>(s => s.GetRequiredService<ShadowTopics>());
        services.AddSingleton<IShadowObserver>(s => s.GetRequiredService<ShadowTopics>());
        services.AddSingleton(s => new Lazy<IEnumerable<IShadowObserver>>(() => [.. s.GetServices<IShadowObserver>()]));
        services.TryAddSingleton(s => new Lazy<TelemetryMqttHost>(s.GetRequiredService<TelemetryMqttHost>));
        services.AddSingleton<ITenantContents, ShadowContents>();
        services.AddSingleton<ShadowUpkeep>();
        services.AddSingleton<ConfigurationStore>().AddSingleton<ILayers, StagedChanges>().AddSingleton<IDescribedSection, ConfigurationSection>();
        services.AddSingleton<ConfigurationRunner>().AddSingleton<IShadowObserver>(s => s.GetRequiredService<ConfigurationRunner>());
        services.AddHostedService<ShadowsStartup>();
        services.AddHostedService(s => s.GetRequiredService<ShadowWriter>());
        services.AddHostedService(s => s.GetRequiredService<ShadowUpkeep>());
        services.AddHostedService(s => s.GetRequiredService<ConfigurationRunner>());
        return services;
    }

    public static IEndpointRouteBuilder MapShadows(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1/devices/{id}/shadow").WithTags("Shadows").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("", ReadShadow.GetAsync).Requires(Permission.DevicesRead).AcceptsOnly("name", "version", "at").WithName("GetShadow")
            .WithSummary("A device's shadow: as it is, at a version or at a time").Produces<ShadowInfo>();
        api.MapPatch("", ChangeShadow.UpdateAsync).Requires(Permission.DevicesWrite).AcceptsOnly("name").WithName("UpdateShadow").WithSummary("Merges into a device's shadow, field by field; null deletes. If-Match: only that version")
            .Accepts<ShadowUpdateBody>("application/json").Produces<ShadowInfo>().ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status413PayloadTooLarge);
        api.MapDelete("", ChangeShadow.DeleteAsync).Requires(Permission.DevicesWrite).AcceptsOnly("name").WithName("DeleteShadow").WithSummary("Deletes a shadow; its version is remembered").Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/names", ReadShadow.NamesAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("ListShadows").WithSummary("The names of a device's shadows; the empty one is that without a name").Produces<Page<string>>();
        api.MapGet("/history", ReadShadow.HistoryAsync).Requires(Permission.DevicesRead).AcceptsOnly("name", "version", "cursor", "limit").WithName("GetShadowHistory").WithSummary("What was changed of a shadow, by whom and why, newest first")
            .Produces<Page<ShadowChangeInfo>>();
        api.MapGet("/diff", ReadShadow.DiffAsync).Requires(Permission.DevicesRead).AcceptsOnly("name", "from", "to").WithName("DiffShadow").WithSummary("What differs between two versions, or between desired and reported").Produces<ShadowDiff>();
        api.MapPost("/undo", ChangeShadow.UndoAsync).Requires(Permission.DevicesWrite).AcceptsOnly("name").WithName("UndoShadow").WithSummary("Takes back what a version changed of desired and tags").Accepts<UndoShadow>("application/json")
            .Produces<ShadowInfo>().ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/why", ExplainShadow.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly("name").WithName("ExplainShadow").WithSummary("Why a device does not follow its shadow").Produces<ShadowWhy>();
        var configuration = routes.MapGroup("/api/v1").WithTags("Configuration").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status403Forbidden).ProducesProblem(StatusCodes.Status404NotFound);
        configuration.MapGet("/devices/{id}/configuration", ConfigurationRoutes.EffectiveAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetConfiguration").WithSummary("What the layers come to for a device, and where each value comes from").Produces<ConfigurationInfo>();
        configuration.MapGet("/configuration/layers", ConfigurationRoutes.ListAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("ListConfigurationLayers").WithSummary("The layers of configuration").Produces<Page<ConfigurationLayerInfo>>();
        configuration.MapGet("/configuration/layers/{**layer}", ConfigurationRoutes.GetAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetConfigurationLayer").WithSummary("One layer: tenant, group/ID, site/PATH or device/ID").Produces<ConfigurationLayerInfo>();
        configuration.MapPut("/configuration/layers/{**layer}", ConfigurationRoutes.PutAsync).Requires(Permission.DevicesWrite).AcceptsOnly("why").WithName("PutConfigurationLayer").WithSummary("Sets a layer; refused where a device would not fit its model's schema")
            .Produces<ConfigurationLayerInfo>().ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status413PayloadTooLarge);
        configuration.MapDelete("/configuration/layers/{**layer}", ConfigurationRoutes.DeleteAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("DeleteConfigurationLayer").WithSummary("Deletes a layer. If-Match: only that version").Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status409Conflict);
        configuration.MapGet("/configuration/schemas/{model}", ConfigurationRoutes.GetSchemaAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetConfigurationSchema").WithSummary("The JSON Schema of a model's configurations").Produces<string>(StatusCodes.Status200OK, "application/schema+json");
        configuration.MapPut("/configuration/schemas/{model}", ConfigurationRoutes.PutSchemaAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("PutConfigurationSchema").WithSummary("Sets the JSON Schema that configurations of a model must fit").Produces<string>(StatusCodes.Status200OK, "application/schema+json");
        configuration.MapDelete("/configuration/schemas/{model}", ConfigurationRoutes.DeleteSchemaAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("DeleteConfigurationSchema").WithSummary("Takes a model's schema away").Produces(StatusCodes.Status204NoContent);
        routes.MapGroup("/api/v1/gateways/{id}").RequiresGateway().WithTags("Gateway link").MapPost("/shadows", GatewayShadowsRoute.PostAsync)
            .WithSummary("Brings together what a gateway served of its devices' shadows and what is here").Accepts<GatewayShadows>("application/json").Produces<GatewayShadowsAnswer>();
        return routes;
    }
}

/// <summary>Makes the tables ready before the node listens.</summary>
internal sealed class ShadowsStartup(ShadowTables tables) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => tables.PrepareAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>What this slice holds of a tenant in memory.</summary>
internal sealed class ShadowContents(ShadowCache cache, ConfigurationRunner configurations) : ITenantContents
{
    /// <summary>Shadows go with their devices, which another slice names.</summary>
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        cache.RemoveAll(tenant);
        configurations.Forget(tenant);
        return ValueTask.CompletedTask;
    }

    public ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => ForgetAsync(tenant, cancellationToken);
}
