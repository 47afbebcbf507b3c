using System.Text;
using Strata.Cloud.Devices.Presence;
using Strata.Core;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Mqtt;
using Strata.Node.Ingest;

namespace Strata.Cloud.Devices.Downward;

/// <summary>The way to a device: by its connection here, or through the gateway that it was last heard through.</summary>
internal sealed class DeviceWay(DownwardQueue downward, FleetPresence presence, Lazy<MqttBroker> broker, TelemetryMqttHost host)
{
    /// <summary>Says a message to a device that is connected here (whoever asks says it again where that matters), or keeps it for its gateway, once however often this is called.</summary>
    /// <param name="id">Of the tenant.</param>
    /// <param name="topic">Below <c>devices/{device}/</c>.</param>
    /// <returns>Why it is not on its way; null when it is.</returns>
    public async Task<Problem?> SendAsync(TenantId tenant, string id, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        if (!host.IsConnected(tenant, device) && presence.Of(tenant, device)?.Gateway is { } gateway)
            return (await downward.PutAsync(tenant, id, gateway, device, topic, payload, expires, cancellationToken)) is { IsOk: false } refused ? refused.Problem : null;
        broker.Value.Publish(tenant.Value, Encoding.UTF8.GetBytes($"devices/{device.Value}/{topic}"), payload, qos: 1);
        return null;
    }

    /// <summary>Messages that have not reached the device, or the gateway that it is heard through.</summary>
    public int WaitingFor(TenantId tenant, DeviceId device) => host.WaitingFor(tenant, device) + downward.CountOf(tenant, device);

    public Task RemoveAsync(TenantId tenant, string id, CancellationToken cancellationToken) => downward.RemoveAsync(tenant, id, cancellationToken);
}
