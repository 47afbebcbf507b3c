using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Reads;

namespace Strata.Cloud.Devices.Gateways;

/// <summary>Where raw readings are that the cloud does not keep: at the gateway that serves the device now, else at the nearest one of its place.</summary>
internal sealed class FleetRoutes(RegistryStore registry, FleetPresence presence) : IFleetRoutes
{
    public GatewayRoute? RouteTo(TenantId tenant, DeviceId device)
    {
        var image = registry.Image(tenant);
        if (!image.Devices.TryGetValue(device.Value, out var row))
            return null;
        var heard = presence.Of(tenant, device);
        var id = heard is not null ? heard.Gateway?.Value : NearestOf(image, row);
        return id is not null && image.Gateways.TryGetValue(id, out var gateway)
            ? new GatewayRoute(GatewayId.Parse(id), GatewayCoverage.UplinkOf(gateway).Values.Contains("window"))
            : null;
    }

    public IReadOnlyList<SiteId>? SitesOfGroup(TenantId tenant, string group) =>
        registry.Image(tenant).Groups.TryGetValue(group, out var row) && !row.Sites.IsEmpty ? [.. row.Sites.Select(SiteId.Parse)] : null;

    private static string? NearestOf(RegistryImage image, DeviceRow device) =>
        device.Gateways.FirstOrDefault(image.Gateways.ContainsKey)
        ?? Places.SelfAndAbove(device.Site).SelectMany(place => image.GatewaysBySite[place]).FirstOrDefault();
}
