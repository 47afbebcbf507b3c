using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Rejections;
using Strata.Cloud.Platform;
using Strata.Core.Tenancy;
using Strata.Node.Devices;
using Strata.Telemetry;

namespace Strata.Cloud.Devices.Registry;

/// <summary>What this slice keeps of a tenant: devices in service, gateways, places, and the readings of devices that are gone.</summary>
internal sealed class DeviceContents(RegistryStore registry, DirectorySync directories, FleetPresence presence, RejectionSink rejections, RejectionLog log, ITelemetryStore store) : ITenantContents
{
    public async ValueTask<string?> DescribeAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        var image = registry.Image(tenant);
        var counts = new[]
        {
            (image.AllDevices.Count(RegistryImage.IsInService), "devices"), (image.Gateways.Count, "gateways"), (image.Sites.Count, "places"),
        };
        var there = counts.Where(c => c.Item1 > 0).Select(c => $"{c.Item1} {c.Item2}").ToList();
        if (await store.CountAsync(tenant, null, cancellationToken) is > 0 and var readings)
            there.Add($"{readings} readings");
        return there.Count == 0 ? null : string.Join(", ", there);
    }

    public async ValueTask ForgetAsync(TenantId tenant, CancellationToken cancellationToken) => await registry.LoadAgainAsync(tenant, cancellationToken);

    public async ValueTask AdoptAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        await registry.LoadAgainAsync(tenant, cancellationToken);
        directories.Fill(tenant, registry.Image(tenant));
        await RegistryStartup.LoadPresenceAsync(registry, presence, tenant, cancellationToken);
        log.Load(await rejections.LoadAsync(tenant, cancellationToken));
    }
}
