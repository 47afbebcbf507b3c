using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Devices;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Devices.Search;

/// <summary>Groups as other slices ask for them.</summary>
internal sealed class FleetGroups(FleetSearch search, RegistryStore registry) : IFleetGroups
{
    public async Task<IReadOnlyCollection<DeviceId>> MembersAsync(TenantId tenant, string group, CancellationToken cancellationToken)
    {
        if (!registry.Image(tenant).Groups.ContainsKey(group))
            return [];
        var found = await search.PrepareAsync(tenant, $"group:{group}", access: null, cancellationToken);
        return found.IsOk ? [.. found.Value.InAnyOrder().Select(row => DeviceId.Parse(row.Id))] : [];
    }
}
