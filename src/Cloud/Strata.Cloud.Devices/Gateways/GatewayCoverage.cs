using Strata.Cloud.Contracts;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Core.Devices;

namespace Strata.Cloud.Devices.Gateways;

/// <summary>
/// Which devices and groups a gateway must know. Devices: those in its place and below, and those that list it. Groups: those with a place
/// within its own or around it, and those of the devices that list it. Pure.
/// </summary>
internal static class GatewayCoverage
{
    /// <summary>The policy for metrics that a gateway's description does not name: only their windows go up.</summary>
    public const string DefaultPolicy = "window";

    /// <summary>The gateways that must know a device.</summary>
    public static HashSet<string> GatewaysOf(RegistryImage image, DeviceRow? device)
    {
        var gateways = new HashSet<string>(StringComparer.Ordinal);
        if (device is null || !RegistryImage.IsInService(device))
            return gateways;
        foreach (var place in Places.SelfAndAbove(device.Site))
            gateways.UnionWith(image.GatewaysBySite[place]);
        gateways.UnionWith(device.Gateways.Where(image.Gateways.ContainsKey));
        return gateways;
    }

    public static bool Covers(GatewayRow gateway, DeviceRow device) =>
        RegistryImage.IsInService(device) && (Places.Contains(gateway.Site, device.Site) || device.Gateways.Contains(gateway.Id));

    public static GatewayDevice ToGatewayDevice(DeviceRow device) => new(
        device.Id, device.Site, device.SecretHash is null ? null : Convert.ToBase64String(device.SecretHash), (long)device.Heartbeat.TotalMilliseconds, DeviceLifecycle.MayConnect(device.State));

    public static IReadOnlyList<GatewayGroup> GroupsOf(RegistryImage image, GatewayRow gateway)
    {
        var guests = image.Listed.GetValueOrDefault(gateway.Id) is { } listed
            ? listed.Select(id => image.Devices[id].Site).OfType<string>().Distinct(StringComparer.Ordinal).ToList()
            : [];
        return
        [
            .. image.Groups.Values
                .Where(g => g.Sites.Any(s => Places.Contains(gateway.Site, s) || Places.Contains(s, gateway.Site) || guests.Exists(guest => Places.Contains(s, guest))))
                .Select(g => new GatewayGroup(g.Id, Places.Common(g.Sites), g.Sites, (long)g.Window.TotalMilliseconds)),
        ];
    }

    public static IReadOnlyDictionary<string, string> UplinkOf(GatewayRow gateway) =>
        gateway.Uplink.ContainsKey("*") ? gateway.Uplink : gateway.Uplink.Add("*", DefaultPolicy);

    public static GatewayConfiguration ConfigurationOf(RegistryImage image, GatewayRow gateway) => new(
        gateway.Revision, gateway.Id, gateway.TenantId, gateway.Site, UplinkOf(gateway),
        [.. image.Devices.Values.Where(d => Covers(gateway, d)).OrderBy(d => d.Id, StringComparer.Ordinal).Select(ToGatewayDevice)],
        GroupsOf(image, gateway));

    public static bool Same(IReadOnlyList<GatewayGroup> a, IReadOnlyList<GatewayGroup> b) =>
        a.Count == b.Count
        && a.Zip(b).All(p => p.First.Id == p.Second.Id && p.First.Site == p.Second.Site && p.First.WindowMs == p.Second.WindowMs && p.First.Sites.SequenceEqual(p.Second.Sites));
}
