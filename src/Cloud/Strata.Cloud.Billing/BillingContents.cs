using Strata.Cloud.Billing.Sla;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing;

/// <summary>What this slice keeps of a tenant: closed statements stay when it goes; what was promised is measured where it comes.</summary>
internal sealed class BillingContents(MeasuredTenants measured) : ITenantContents
{
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        measured.Remove(tenant);
        return ValueTask.CompletedTask;
    }

    public async ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => await measured.LoadAsync(tenant, cancellationToken);
}
