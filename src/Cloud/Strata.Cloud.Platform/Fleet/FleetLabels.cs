using Strata.Core.Devices;
using Strata.Core.Provisioning;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Platform.Fleet;

/// <summary>Finds devices by their labels.</summary>
public static class FleetLabels
{
    /// <summary>The device in service that a label is of, by id, else by serial number; null when there is none, or the label is another tenant's.</summary>
    public static FleetDevice? FindByLabel(this IFleet fleet, TenantId tenant, string? text)
    {
        if (!LabelCode.TryParse(text, out var code) || code.Device is not { } name || (code.Tenant is { } of && of != tenant.Value))
            return null;
        var found = DeviceId.TryParse(name, out var id) && fleet.Find(tenant, id) is { State: not DeviceState.Decommissioned } device ? device : null;
        return found ?? fleet.Devices(tenant).FirstOrDefault(d => d.Serial == name && d.State != DeviceState.Decommissioned);
    }
}
