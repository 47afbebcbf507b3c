using Strata.Core.Architecture;
using Strata.Core.Dataflow;
using Strata.Core.Devices;
using Strata.Core.Telemetry;
using Strata.Core.Tenancy;
using Strata.Node.Auth;
using Strata.Node.Devices;

namespace Strata.Node.Reads.Live;

/// <summary>What one client of the live feed wants to see: everything, one device, or a place with all below; of that, what it may.</summary>
internal sealed record LiveFilter(Access Access, DeviceId? Device, SiteId? Site)
{
    public TenantId Tenant => Access.Tenant;

    public bool Wants(DeviceId device, MetricName metric, DeviceDirectory directory) =>
        Access.Principal.Sees(metric) && Wants(Permission.ReadingsRead, device, directory);

    private bool Wants(Permission permission, DeviceId device, DeviceDirectory directory)
    {
        if ((Device is { } one && one != device) || !Access.Sees(permission, device))
            return false;
        return Site is not { } site || (directory.TryGet(Tenant, device, out var entry) && entry.Site is { } at && site.Contains(at));
    }

    /// <summary>Windows hold all metrics of a group, so who reads by a share has none of them here.</summary>
    public bool Wants(WindowRecord window) =>
        Access.Principal.Share is null && Device is null && (Site is not { } site || site.Contains(window.Site)) && Access.SeesGroup(Permission.ReadingsRead, window.Group, window.Site);

    public bool Wants(FleetEvent fleetEvent, DeviceDirectory directory) => fleetEvent.Device is { } device
        ? Wants(Permission.EventsRead, device, directory)
        : Device is null && Site is null && (fleetEvent.Gateway is { } gateway ? Access.Sees(Permission.EventsRead, gateway) : Access.IsWhole(Permission.EventsRead));
}
