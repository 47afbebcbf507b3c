using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>Finds devices by query, for the slices that do not keep them. Safe from any thread.</summary>
public interface IFleetSearch
{
    /// <summary>In no order. Decommissioned ones are among them only where the query says a state.</summary>
    /// <param name="query">See <see cref="Core.Devices.Query.DeviceQuery"/>.</param>
    Task<Outcome<IReadOnlyList<DeviceId>>> FindAsync(TenantId tenant, string query, CancellationToken cancellationToken);
}
