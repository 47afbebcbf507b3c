using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Devices.Gateways;

/// <summary>What one commit changed for one gateway, by name: the content is taken from the image when it is sent.</summary>
/// <param name="Whole">The gateway is new or stands elsewhere: everything is sent.</param>
internal sealed record GatewayDelta(string Gateway, long From, long To, IReadOnlySet<string> Devices, bool Groups, bool Uplink, bool Whole)
{
    /// <summary>
    /// Finds the gateways whose configuration the change touches and gives each its next version. Versions grow with the clock, so that one
    /// which was removed and joins again, or a registry restored from a copy, does not repeat an old number.
    /// </summary>
    public static IReadOnlyList<GatewayDelta> Apply(RegistryChange change)
    {
        var devices = DevicesByGateway(change);
        var groupsMayDiffer = change.ChangesGroups || change.Gateways.Count > 0
            || change.Devices.Values.Any(d => d.Before is { Gateways.IsEmpty: false } || d.After is { Gateways.IsEmpty: false });
        var candidates = groupsMayDiffer ? change.Image.Gateways.Keys : devices.Keys.Where(change.Image.Gateways.ContainsKey);
        var deltas = new List<GatewayDelta>();
        foreach (var id in candidates.ToList())
        {
            var after = change.Image.Gateways[id];
            var before = change.Before.Gateways.GetValueOrDefault(id);
            var whole = before is null || before.Site != after.Site;
            var uplink = whole || !GatewayCoverage.UplinkOf(before!).OrderBy(p => p.Key, StringComparer.Ordinal).SequenceEqual(GatewayCoverage.UplinkOf(after).OrderBy(p => p.Key, StringComparer.Ordinal));
            var groups = whole || (groupsMayDiffer && !GatewayCoverage.Same(GatewayCoverage.GroupsOf(change.Before, before!), GatewayCoverage.GroupsOf(change.Image, after)));
            var touched = devices.GetValueOrDefault(id);
            if (!whole && !uplink && !groups && touched is null)
                continue;
            var version = Math.Max((before?.Revision ?? 0) + 1, change.Now.ToUnixTimeMilliseconds());
            change.Renumber(after with { Revision = version });
            deltas.Add(new GatewayDelta(id, before?.Revision ?? 0, version, touched ?? new HashSet<string>(), groups, uplink, whole));
        }
        return deltas;
    }

    private static Dictionary<string, HashSet<string>> DevicesByGateway(RegistryChange change)
    {
        var touched = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var (id, (before, after)) in change.Devices)
        {
            var had = GatewayCoverage.GatewaysOf(change.Before, before);
            var has = GatewayCoverage.GatewaysOf(change.Image, after);
            var same = before is not null && after is not null && Known(before) == Known(after);
            foreach (var gateway in had.Union(has).Where(g => !(same && had.Contains(g) && has.Contains(g))))
            {
                if (!touched.TryGetValue(gateway, out var ids))
                    touched[gateway] = ids = new HashSet<string>(StringComparer.Ordinal);
                ids.Add(id);
            }
        }
        return touched;
    }

    private static GatewayDevice Known(DeviceRow device) => GatewayCoverage.ToGatewayDevice(device);
}
