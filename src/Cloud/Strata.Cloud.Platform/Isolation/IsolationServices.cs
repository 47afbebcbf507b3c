using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Cloud.Platform.Archive;
using Strata.Core.Tenancy;
using Strata.Telemetry;
using Strata.Telemetry.Transfer;

namespace Strata.Cloud.Platform.Isolation;

/// <summary>Registers what tenants' levels, places and keys need; the slices add their <see cref="RegistryPart"/>.</summary>
public static class IsolationServices
{
    public static IServiceCollection AddIsolation(this IServiceCollection services)
    {
        services.TryAddSingleton(s => Key(s.GetRequiredService<RegistryOptions>(), s.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<DataKeys>();
        services.TryAddSingleton<FieldSweep>();
        services.TryAddSingleton<TenantTables>();
        services.TryAddSingleton<RegistryCopy>();
        services.TryAddSingleton<TenantRows>();
        services.TryAddSingleton<TenantPlacements>();
        services.TryAddSingleton(s => new TenantStores(s.GetRequiredService<IRegistryDatabase>(), s.GetRequiredService<RoutedTelemetryStore>(), s.GetService<Func<TenantId, ITransferStore>>()));
        services.TryAddSingleton<TenantMoves>();
        services.TryAddSingleton<TenantExport>();
        services.TryAddSingleton<TenantImport>();
        return services;
    }

    private static IInstallationKey Key(RegistryOptions options, TimeProvider time) => options.KeyCommand is { } program
        ? new InstallationKeyCommand(program, time)
        : InstallationKeyFile.LoadOrCreate(options.KeyFile ?? Path.Combine(options.DataFolder, "installation.key"));
}
