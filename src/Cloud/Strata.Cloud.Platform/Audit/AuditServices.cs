using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Strata.Cloud.Platform.Audit;

/// <summary>Registers the audit trail; who opens the registry starts <see cref="AuditSealer"/> after it.</summary>
public static class AuditServices
{
    public static IServiceCollection AddAuditTrail(this IServiceCollection services)
    {
        services.TryAddSingleton<AuditNumbers>();
        services.TryAddSingleton(s => AuditKey.LoadOrCreate(s.GetRequiredService<RegistryOptions>().DataFolder));
        services.TryAddSingleton<AuditTrail>();
        services.TryAddSingleton<RefusalTrail>();
        return services;
    }
}
