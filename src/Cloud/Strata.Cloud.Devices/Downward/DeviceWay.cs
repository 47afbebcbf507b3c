using Strata.Cloud.Devices.Presence;
using Strata.Cloud.Platform.Fleet;
using Strata.Core;
using Strata.Core.Commands;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Node.Ingest;
using Strata.Telemetry;

namespace Strata.Cloud.Devices.Downward;

internal sealed class DeviceWay(DownwardQueue downward, FleetPresence presence, GatewayLinks links, GatewayWords words, ITelemetryStore store, TelemetryMqttHost host) : IDeviceWay
{
    private const int MostEvents = 1_000;

    public event Action<TenantId, GatewayWord>? Heard
    {
        add => words.Heard += value;
        remove => words.Heard -= value;
    }

    public Task<Problem?> SendAsync(TenantId tenant, string id, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, CancellationToken cancellationToken) =>
        SendAsync(tenant, id, device, topic, payload, expires, null, cancellationToken);

    public async Task<Problem?> SendAsync(TenantId tenant, string id, DeviceId device, string topic, byte[] payload, DateTimeOffset expires, Action? delivered, CancellationToken cancellationToken)
    {
        if (!host.IsConnected(tenant, device) && GatewayOf(tenant, device) is { } gateway)
            return (await downward.PutAsync(tenant, id, gateway, device, topic, payload, expires, cancellationToken)) is { IsOk: false } refused ? refused.Problem : null;
        host.Say(tenant, device, topic, payload, delivered: delivered);
        return null;
    }

    public DeviceRoute RouteOf(TenantId tenant, DeviceId device, string topic)
    {
        var heard = presence.Of(tenant, device);
        var isConnected = host.IsConnected(tenant, device);
        var reach = isConnected ? (host.Listens(tenant, device, topic) ? DeviceReach.Here : DeviceReach.Away)
            : heard?.Gateway is { } gateway ? (links.IsOnline(tenant, gateway) ? DeviceReach.ThroughGateway : DeviceReach.GatewayAway)
            : DeviceReach.Away;
        return new DeviceRoute(reach, heard?.Gateway, heard?.LastSeen, isConnected && reach is DeviceReach.Away);
    }

    public async Task<IReadOnlyList<GatewayWord>> HeardBeforeAsync(TenantId tenant, DeviceId? device, CancellationToken cancellationToken) =>
        [.. (await store.EventsAsync(tenant, new EventRange(device, null, null, MostEvents), cancellationToken)).Select(e => GatewayWord.Of(e.Event)).OfType<GatewayWord>()];

    public int WaitingFor(TenantId tenant, DeviceId device) => host.WaitingFor(tenant, device) + downward.CountOf(tenant, device);

    public Task RemoveAsync(TenantId tenant, string id, CancellationToken cancellationToken) => downward.RemoveAsync(tenant, id, cancellationToken);

    public bool IsConnectedHere(TenantId tenant, DeviceId device) => host.IsConnected(tenant, device);

    public GatewayId? GatewayOf(TenantId tenant, DeviceId device) => presence.Of(tenant, device)?.Gateway;
}
