using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Node.Reads.Live;

/// <summary>What one client of the live feed wants to see: everything, one device, or a place with all below.</summary>
internal sealed record LiveFilter(TenantId Tenant, DeviceId? Device, SiteId? Site)
{
    public bool Wants(DeviceId device, DeviceDirectory directory)
    {
        if (Device is { } one && one != device)
            return false;
        return Site is not { } site || (directory.TryGet(Tenant, device, out var entry) && entry.Site is { } at && site.Contains(at));
    }

    public bool Wants(WindowRecord window) => Device is null && (Site is not { } site || site.Contains(window.Site));

    public bool Wants(FleetEvent fleetEvent, DeviceDirectory directory) =>
        fleetEvent.Device is { } device ? Wants(device, directory) : Device is null && Site is null;
}
