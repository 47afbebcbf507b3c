using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Isolation;
using Strata.Cloud.Contracts;
using Strata.Cloud.Provisioning.Admission;
using Strata.Cloud.Provisioning.Bulk;
using Strata.Cloud.Provisioning.Enrolment;
using Strata.Cloud.Provisioning.Templates;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;
using Strata.Node.Identity;
using Strata.Node.Reads;
using Strata.Postgres.Schema;

namespace Strata.Cloud.Provisioning;

/// <summary>The slice's door: how devices come in.</summary>
public static class ProvisioningModule
{
    /// <summary>The slice's tables in PostgreSQL.</summary>
    public static ISchemaPart Schema { get; } =
        new RegistrySchema<PostgresProvisioningDbContext>("provisioning", ProvisioningDbContext.MigrationsTable, options => new PostgresProvisioningDbContext(options, TenantId.Main));

    /// <summary>Adds the slice after those of devices and certificates.</summary>
    public static IServiceCollection AddProvisioning(this IServiceCollection services, ProvisioningOptions? options = null)
    {
        options ??= new ProvisioningOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(RegistryPart.Of<ProvisioningDbContext>(ProvisioningDbContext.MigrationsTable, static (contextOptions, tenant) => new ProvisioningDbContext(contextOptions, tenant)));
        services.AddSingleton<TopicRuleBook>().AddSingleton<ITopicRules>(s => s.GetRequiredService<TopicRuleBook>());
        services.AddSingleton<ProvisioningStore>();
        services.AddSingleton<GroupKeys>().AddSingleton<IWrappedKeys>(s => s.GetRequiredService<GroupKeys>()).AddSingleton<HookKeys>();
        services.AddSingleton<AllocationHooks>().AddSingleton<AdmissionBatch>().AddSingleton<AdmissionDesk>().AddSingleton<IDeviceAdmission, DeviceAdmission>();
        services.AddSingleton<DeviceCredentials>().AddSingleton<Enrol>().AddSingleton<TpmEnrol>().AddSingleton<EnrolLimit>();
        services.AddSingleton<ITenantContents, ProvisioningContents>();
        services.AddHostedService<ProvisioningStartup>();
        services.AddHostedService(s => s.GetRequiredService<AdmissionDesk>());
        services.AddHostedService<EnrolmentClerk>();
        return services;
    }

    public static IEndpointRouteBuilder MapProvisioning(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/api/v1").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status403Forbidden);
        api.MapTemplates();
        api.MapEnrolment();
        api.MapPost("/provisioning/devices", RegisterThem.HandleAsync).Requires(Permission.DevicesProvision).AcceptsOnly().WithName("RegisterDevices").WithTags("Provisioning")
            .WithSummary("Registers many devices by templates, all or none, with secrets or certificates").Accepts<RegisterDevices>("application/json").Produces<RegisteredDevices>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict).ProducesProblem(StatusCodes.Status413PayloadTooLarge);
        return routes;
    }
}

/// <summary>Makes the tables ready and loads the templates, before the node listens.</summary>
internal sealed class ProvisioningStartup(ProvisioningStore store) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => store.LoadAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Templates go with their tenant.</summary>
internal sealed class ProvisioningContents(ProvisioningStore store) : ITenantContents
{
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        store.Forget(tenant);
        return ValueTask.CompletedTask;
    }

    public async ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => await store.LoadAsync(tenant, cancellationToken);
}
