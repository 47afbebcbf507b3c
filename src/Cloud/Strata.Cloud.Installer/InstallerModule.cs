using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Contracts;
using Strata.Cloud.Installer.Mountings;
using Strata.Cloud.Installer.Page;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Reads;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Installer;

/// <summary>The slice's door: the installer's page, and what it sends.</summary>
public static class InstallerModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresInstallerDbContext>("installer", InstallerDbContext.MigrationsTable, options => new PostgresInstallerDbContext(options, TenantId.Main));

    /// <summary>Adds the slice after that of devices.</summary>
    public static IServiceCollection AddInstaller(this IServiceCollection services, InstallerOptions? options = null)
    {
        options ??= new InstallerOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(RegistryPart.Of<InstallerDbContext>(InstallerDbContext.MigrationsTable, static (contextOptions, tenant) => new InstallerDbContext(contextOptions, tenant)));
        services.AddSingleton<InstallerStore>();
        services.AddHostedService<InstallerStartup>();
        return services;
    }

    public static IEndpointRouteBuilder MapInstaller(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        api.MapGet("/labels", FindLabel.HandleAsync).Requires(Permission.DevicesRead).AcceptsOnly("code").WithName("FindLabel").WithTags("Mountings")
            .WithSummary("The device that a label is of").Produces<LabelledDevice>().ProducesProblem(StatusCodes.Status404NotFound);
        api.MapPost("/mountings", MountDevices.HandleAsync).Requires(Permission.DevicesWrite).AcceptsOnly().WithName("MountDevice").WithTags("Mountings")
            .WithSummary("Puts a device in the place where it was mounted; the same request twice is one").Accepts<MountDevice>("application/json").Produces<MountingInfo>(StatusCodes.Status201Created).Produces<MountingInfo>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status413PayloadTooLarge);
        api.MapGet("/mountings", ReadMountings.ListAsync).Requires(Permission.DevicesRead).AcceptsOnly("device", "cursor", "limit").WithName("ListMountings").WithTags("Mountings")
            .WithSummary("Who mounted which device where, newest first").Produces<Page<MountingInfo>>();
        api.MapGet("/mountings/{id}/photo", ReadMountings.PhotoAsync).Requires(Permission.DevicesRead).AcceptsOnly().WithName("GetMountingPhoto").WithTags("Mountings")
            .WithSummary("The photo of a mounting").Produces<byte[]>(StatusCodes.Status200OK, "image/jpeg", "image/png", "image/webp").ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapInstallerPage();
        return routes;
    }
}

/// <summary>Makes the tables ready before the node listens.</summary>
internal sealed class InstallerStartup(InstallerStore store) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => store.PrepareAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
