using Microsoft.Extensions.Hosting;
using Strata.Cloud.Devices.Downward;
using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Devices.Registry;
using Strata.Cloud.Devices.Rejections;
using Strata.Cloud.Devices.Rows;
using Strata.Cloud.Platform;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Devices;

namespace Strata.Cloud.Devices;

/// <summary>Loads the registry before the node listens: tables, images, directories, what was heard, what was refused.</summary>
internal sealed class RegistryStartup(RegistryStore registry, DirectorySync directories, FleetPresence presence, RejectionSink rejections, RejectionLog log, DownwardQueue downward) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await registry.LoadAsync(cancellationToken);
        foreach (var tenant in registry.Tenants)
        {
            directories.Fill(tenant, registry.Image(tenant));
            await LoadPresenceAsync(registry, presence, tenant, cancellationToken);
            log.Load(await rejections.LoadAsync(tenant, cancellationToken));
            await downward.LoadAsync(tenant, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal static async Task LoadPresenceAsync(RegistryStore registry, FleetPresence presence, TenantId tenant, CancellationToken cancellationToken)
    {
        await using var context = registry.CreateContext(tenant);
        foreach (var row in await context.ReadAllAsync<PresenceRow>(cancellationToken))
            presence.Set(tenant, DeviceId.Parse(row.Device), new DevicePresence(row.LastSeen, row.Gateway is null ? null : GatewayId.Parse(row.Gateway)));
        foreach (var row in await context.ReadAllAsync<GatewayPresenceRow>(cancellationToken))
            presence.Set(tenant, GatewayId.Parse(row.Gateway), row.LastSeen);
    }
}
