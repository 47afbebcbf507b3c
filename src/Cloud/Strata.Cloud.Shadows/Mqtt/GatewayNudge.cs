using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Strata.Cloud.Platform.Fleet;
using Strata.Cloud.Shadows.Store;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Link;

namespace Strata.Cloud.Shadows.Mqtt;

/// <summary>
/// Tells the gateway of a device that something of a shadow changed, so that it asks for it. Told once however often it changes meanwhile; a gateway that is away, or was told in vain, asks by itself
/// when its link comes up and from time to time.
/// </summary>
internal sealed partial class GatewayNudge(IDeviceWay way, IFleet fleet, GatewayLinkHub hub, ILogger<GatewayNudge> logger)
{
    private const int Most = 10_000;

    private readonly ConcurrentDictionary<(TenantId, DeviceId), bool> telling = new();

    public void Changed(ShadowKey key)
    {
        if (way.IsConnectedHere(key.Tenant, key.Device) || telling.Count >= Most)
            return;
        // Changes while the first is on its way: told once more, after it.
        var more = telling.AddOrUpdate((key.Tenant, key.Device), false, static (_, _) => true);
        if (!more)
            _ = TellAsync(key);
    }

    private async Task TellAsync(ShadowKey key)
    {
        await Task.Yield();
        var of = (key.Tenant, key.Device);
#pragma warning disable CA1031 // The gateway asks by itself from time to time.
        try
        {
            do
            {
                telling[of] = false;
                foreach (var gateway in Gateways(key))
                    await hub.AskAsync(key.Tenant, gateway, $"/api/v1/devices/{key.Device}/shadow/changed", CancellationToken.None);
            }
            while (!telling.TryRemove(new KeyValuePair<(TenantId, DeviceId), bool>(of, false)));
        }
        catch (Exception fault)
        {
            telling.TryRemove(of, out _);
            LogNotTold(key.Device.Value, fault);
        }
#pragma warning restore CA1031
    }

    /// <summary>The one it was last heard through; where it never was, those of its place.</summary>
    private List<GatewayId> Gateways(ShadowKey key) => way.GatewayOf(key.Tenant, key.Device) is { } heard ? [heard]
        : fleet.Find(key.Tenant, key.Device)?.Site is { } site ? [.. fleet.Gateways(key.Tenant).Where(g => g.Online && g.Site.Contains(site)).Select(g => g.Id)]
        : [];

    [LoggerMessage(7041, LogLevel.Warning, "The gateway of {Device} was not told that a shadow changed; it asks by itself later.")]
    private partial void LogNotTold(string device, Exception fault);
}
