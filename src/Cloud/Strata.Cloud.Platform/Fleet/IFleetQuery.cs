using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Auth;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>Finds devices by query, for the slices that do something with all of them. Safe from any thread.</summary>
public interface IFleetQuery
{
    /// <summary>The devices that the query finds now, in the order of their ids; those alone that the caller may see, and do this to.</summary>
    /// <param name="access">Null for one who may everything.</param>
    /// <param name="permission">What is to be done with them.</param>
    Task<Outcome<IReadOnlyList<DeviceId>>> FindAsync(TenantId tenant, string query, Access? access, Permission permission, CancellationToken cancellationToken);
}
