using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Identity.Authorities;
using Strata.Cloud.Identity.Est;
using Strata.Cloud.Identity.Routes;
using Strata.Cloud.Identity.Status;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;
using Strata.Node.Identity;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Identity;

/// <summary>The slice's door: the installation's certificate authority, devices' certificates, enrolment and status.</summary>
public static class IdentityModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresIdentityDbContext>("identity", IdentityDbContext.MigrationsTable, options => new PostgresIdentityDbContext(options, TenantId.Main));

    /// <summary>Adds the slice after that of devices.</summary>
    /// <param name="folder">Where the installation's authority is kept.</param>
    /// <param name="names">How the node is reached, for its server certificate.</param>
    public static IServiceCollection AddIdentity(this IServiceCollection services, string folder, ServerNames names, IdentityOptions? options = null)
    {
        options ??= new IdentityOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(names);
        services.AddSingleton(RegistryPart.Of<IdentityDbContext>(IdentityDbContext.MigrationsTable, static (contextOptions, tenant) => new IdentityDbContext(contextOptions, tenant)));
        services.AddSingleton(s => new InstallationAuthority(folder, s.GetRequiredService<IInstallationKey>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IWrappedKeys>(s => s.GetRequiredService<InstallationAuthority>());
        services.AddSingleton<IdentityStore>();
        services.AddSingleton<IWrappedKeys>(s => s.GetRequiredService<IdentityStore>());
        services.AddSingleton(s => new ServerCertificate(s.GetRequiredService<InstallationAuthority>(), s.GetRequiredService<ServerNames>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ICertificateBindings, BindCertificates>();
        services.AddSingleton<GatewayNames>().AddSingleton<RootsGiven>().AddSingleton<InstallationRollover>();
        services.AddSingleton<IssueCertificate>().AddSingleton<OcspResponder>().AddSingleton<RevocationLists>().AddSingleton<EstAsker>().AddSingleton<DeviceEnrolment>();
        services.AddSingleton<IDeviceCertifier, CertifyDevices>();
        services.AddSingleton<IEnrolment>(s => s.GetRequiredService<IssueCertificate>());
        services.AddSingleton<ITenantContents, IdentityContents>();
        services.AddSingleton<DeviceIdentities>().AddSingleton<IDeviceIdentities>(s => s.GetRequiredService<DeviceIdentities>());
        services.AddHostedService<IdentityStartup>().AddHostedService<RevokeAtEnd>();
        return services;
    }

    public static IEndpointRouteBuilder MapIdentity(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        api.MapAuthorities();
        api.MapCertificates();
        routes.MapGatewayTrust();
        routes.MapEst();
        routes.MapStatus();
        return routes;
    }
}

/// <summary>Makes the tables ready and tells the directory of certificates, before the node listens.</summary>
internal sealed class IdentityStartup(IdentityStore store, GatewayNames gateways, ServerNames names, ServerCertificate server, InstallationAuthority authority, InstallationRollover rollover) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.LoadAsync(cancellationToken);
        await gateways.LoadAsync(cancellationToken);
        if (authority.IsThere)
            await rollover.GoOnAsync(cancellationToken);
        if (names.Hosts.Count > 0)
            await server.PrepareAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Certificates go with their tenant.</summary>
internal sealed class IdentityContents(IdentityStore store) : ITenantContents
{
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        store.Forget(tenant);
        return ValueTask.CompletedTask;
    }
}
