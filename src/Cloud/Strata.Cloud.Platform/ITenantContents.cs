using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform;

/// <summary>Says what a slice keeps of a tenant: a tenant is deleted when no slice has anything of it.</summary>
public interface ITenantContents
{
    /// <summary>For a person, for example <c>3 devices</c>; null when there is nothing.</summary>
    ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>The tenant's rows in the registry are gone: what the slice holds of it in memory, or elsewhere, goes too.</summary>
    ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken);

    /// <summary>The tenant's rows have come from another installation: what the slice holds in memory is loaded.</summary>
    ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
