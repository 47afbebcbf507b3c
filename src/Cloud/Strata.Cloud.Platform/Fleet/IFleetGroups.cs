using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>Who is in a group, for slices that do not keep groups. Safe from any thread.</summary>
public interface IFleetGroups
{
    /// <summary>The devices in service that are in the group now: by name, by place, or by its query. None where there is no such group.</summary>
    Task<IReadOnlyCollection<DeviceId>> MembersAsync(TenantId tenant, string group, CancellationToken cancellationToken);
}
