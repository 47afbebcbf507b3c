using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;

namespace Strata.Cloud.Devices.Downward;

internal sealed class DeviceWay(DownwardQueue downward, FleetPresence presence, TelemetryMqttHost host) : IDeviceWay
{
    public async Task<Problem?> SendAsync(TenantId tenant, string id, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        if (!host.IsConnected(tenant, device) && GatewayOf(tenant, device) is { } gateway)
            return (await downward.PutAsync(tenant, id, gateway, device, topic, payload, expires, cancellationToken)) is { IsOk: false } refused ? refused.Problem : null;
        host.Say(tenant, device, topic, payload);
        return null;
    }

    public int WaitingFor(TenantId tenant, DeviceId device) => host.WaitingFor(tenant, device) + downward.CountOf(tenant, device);

    public Task RemoveAsync(TenantId tenant, string id, CancellationToken cancellationToken) => downward.RemoveAsync(tenant, id, cancellationToken);

    public bool IsConnectedHere(TenantId tenant, DeviceId device) => host.IsConnected(tenant, device);

    public GatewayId? GatewayOf(TenantId tenant, DeviceId device) => presence.Of(tenant, device)?.Gateway;
}
