using Strata.Cloud.Devices.Downward;
using Strata.Cloud.Devices.Transfers;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Decommissioning;

/// <summary>A tenant that goes takes its devices' archives along; one that comes goes on with what it had begun.</summary>
internal sealed class DecommissionContents(DecommissionSteps steps, TransferSteps transfers, DeviceArchives archives, DownwardQueue downward) : ITenantContents
{
    /// <summary>Archives are of devices that are gone: they keep nobody from deleting the tenant, and go with it.</summary>
    public ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken) => ValueTask.FromResult<string?>(null);

    public ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        steps.Forget(tenant);
        transfers.Forget(tenant);
        downward.Forget(tenant);
        archives.Remove(tenant);
        return ValueTask.CompletedTask;
    }

    public ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken) => new(Task.WhenAll(steps.LoadAsync(tenant, cancellationToken), transfers.LoadAsync(tenant, cancellationToken)));
}
