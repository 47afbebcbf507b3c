using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Artifacts.Content;
using Strata.Cloud.Artifacts.Keys;
using Strata.Cloud.Artifacts.Serving;
using Strata.Cloud.Artifacts.UseCases;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Archive;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Platform.Updates;
using Strata.Core.Tenancy;
using Strata.Node.Artifacts;
using Strata.Node.Auth;
using Strata.Node.Ingest;
using Strata.Node.Reads;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Artifacts;

/// <summary>The slice's door: what updates are made of.</summary>
public static class ArtifactsModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresArtifactsDbContext>("artifacts", ArtifactsDbContext.MigrationsTable, options => new PostgresArtifactsDbContext(options, TenantId.Main));

    /// <summary>Adds the slice after that of devices.</summary>
    /// <param name="folder">Where bytes are kept: <c>content/ab/abcdef...</c> by their hash, and <c>incoming/</c>. The node's alone; made when it is missing.</param>
    /// <param name="options">Limits; null for the usual ones.</param>
    public static IServiceCollection AddArtifacts(this IServiceCollection services, string folder, ArtifactsOptions? options = null)
    {
        options ??= new ArtifactsOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.TryAddSingleton<TenantNews>();
        services.AddSingleton(RegistryPart.Of<ArtifactsDbContext>(ArtifactsDbContext.MigrationsTable, static (contextOptions, tenant) => new ArtifactsDbContext(contextOptions, tenant)));
        services.AddSingleton(_ => new ContentFolder(folder)).AddSingleton<ContentPins>().AddSingleton<DeltaMaker>().AddSingleton<DownloadGate>();
        services.AddSingleton<ArtifactsStore>().AddSingleton<IArtifacts>(s => s.GetRequiredService<ArtifactsStore>());
        services.AddSingleton<SendContent>().AddSingleton<AddArtifacts>().AddSingleton<DeleteArtifact>().AddSingleton<DownloadArtifact>();
        services.AddSingleton<IArtifactBytes>(s => s.GetRequiredService<DownloadArtifact>()).AddSingleton<IDeviceTopics, ArtifactBlocks>();
        services.AddSingleton<ITenantContents, ArtifactsContents>().AddSingleton<ITenantFiles, ArtifactFiles>();
        services.AddHostedService<ArtifactsStartup>();
        return services;
    }

    public static IEndpointRouteBuilder MapArtifacts(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        api.MapPut("/artifact-contents/{sha256}", (string sha256, HttpContext context, SendContent send, CancellationToken stop) => send.HandleAsync(sha256, context, stop))
            .Requires(Permission.UpdatesWrite).AcceptsOnly().WithName("SendArtifactContent").WithTags("Artifacts").WithSummary("Takes the bytes of an artifact in; 200 when they are durable")
            .Produces<ArtifactContent>().ProducesProblem(StatusCodes.Status413PayloadTooLarge).ProducesProblem(StatusCodes.Status429TooManyRequests).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        api.MapPost("/artifacts", (HttpContext context, AddArtifacts add, CancellationToken stop) => add.HandleAsync(context, stop)).Requires(Permission.UpdatesWrite).AcceptsOnly().WithName("AddArtifact").WithTags("Artifacts")
            .WithSummary("Adds an artifact by its signed manifest; its bytes were sent before").Accepts<AddArtifact>("application/json").Produces<ArtifactInfo>(StatusCodes.Status201Created).Produces<ArtifactInfo>()
            .ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status413PayloadTooLarge).ProducesProblem(StatusCodes.Status429TooManyRequests);
        api.MapGet("/artifacts", ReadArtifacts.List).Requires(Permission.UpdatesRead).AcceptsOnly("component", "model", "part", "cursor", "limit").WithName("ListArtifacts").WithTags("Artifacts")
            .WithSummary("Artifacts by component, newest version first").Produces<Page<ArtifactInfo>>();
        api.MapGet("/artifacts/{component}/{version}/{hash}", ReadArtifacts.Get).Requires(Permission.UpdatesRead).AcceptsOnly().WithName("GetArtifact").WithTags("Artifacts")
            .WithSummary("One artifact").Produces<ArtifactInfo>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapGet("/artifacts/{component}/{version}/{hash}/sbom", ReadArtifacts.BomAsync).Requires(Permission.UpdatesRead).AcceptsOnly().WithName("GetArtifactBom").WithTags("Artifacts")
            .WithSummary("Its bill of materials (CycloneDX) as it was sent").Produces<string>(StatusCodes.Status200OK, "application/vnd.cyclonedx+json").ProducesProblem(StatusCodes.Status404NotFound);
        api.MapDelete("/artifacts/{component}/{version}/{hash}", (string component, string version, string hash, HttpContext context, DeleteArtifact delete, CancellationToken stop) => delete.HandleAsync(component, version, hash, context, stop))
            .Requires(Permission.UpdatesWrite).AcceptsOnly().WithName("DeleteArtifact").WithTags("Artifacts").WithSummary("Deletes an artifact that no job names").Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/artifact-keys", ArtifactKeys.List).Requires(Permission.UpdatesRead).AcceptsOnly().WithName("ListArtifactKeys").WithTags("Artifacts").WithSummary("Public keys by which manifests are believed").Produces<Page<ArtifactKeyInfo>>();
        api.MapPut("/artifact-keys/{id}", ArtifactKeys.SaveAsync).Requires(Permission.UpdatesWrite).AcceptsOnly().WithName("SaveArtifactKey").WithTags("Artifacts").WithSummary("Adds a public key, or says how long it signs")
            .Accepts<SaveArtifactKey>("application/json").Produces<ArtifactKeyInfo>().ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status429TooManyRequests);
        api.MapDelete("/artifact-keys/{id}", ArtifactKeys.DeleteAsync).Requires(Permission.UpdatesWrite).AcceptsOnly().WithName("DeleteArtifactKey").WithTags("Artifacts").WithSummary("Takes a key back; what it signed is not believed any more")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        api.MapGet("/artifact-policy", ArtifactKeys.GetPolicy).Requires(Permission.UpdatesRead).AcceptsOnly().WithName("GetArtifactPolicy").WithTags("Artifacts").WithSummary("How many keys must have signed").Produces<ArtifactPolicy>();
        api.MapPut("/artifact-policy", ArtifactKeys.SavePolicyAsync).Requires(Permission.UpdatesWrite).AcceptsOnly().WithName("SaveArtifactPolicy").WithTags("Artifacts").WithSummary("Says how many keys must have signed")
            .Accepts<ArtifactPolicy>("application/json").Produces<ArtifactPolicy>().ProducesProblem(StatusCodes.Status409Conflict);
        routes.MapGet("/artifacts/{sha256}", (string sha256, HttpContext context, DownloadArtifact download) => download.Handle(sha256, context)).RequiresReader().WithName("DownloadArtifact").WithTags("Artifacts")
            .WithSummary("The bytes of an artifact or a patch: ranges, ETag, If-Range").Produces<byte[]>(StatusCodes.Status200OK, "application/octet-stream").Produces<byte[]>(StatusCodes.Status206PartialContent, "application/octet-stream")
            .ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status429TooManyRequests);
        return routes;
    }
}

/// <summary>Makes the tables ready and loads what is there, before the node listens.</summary>
internal sealed class ArtifactsStartup(ArtifactsStore store) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => store.LoadAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Artifacts go with their tenant; its files too, where no other tenant has the same.</summary>
internal sealed class ArtifactsContents(ArtifactsStore store) : ITenantContents
{
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) =>
        ValueTask.FromResult(store.Shelf(tenant).Artifacts.Count is > 0 and var count ? $"{count} artifacts" : null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        store.Forget(tenant);
        return ValueTask.CompletedTask;
    }

    public async ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => await store.LoadAsync(tenant, cancellationToken);
}
