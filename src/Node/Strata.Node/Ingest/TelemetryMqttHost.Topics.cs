using System.Text;
using System.Text.Unicode;
using Strata.Core.Devices;
using Strata.Core.Tenancy;
using Strata.Mqtt;

namespace Strata.Node.Ingest;

/// <summary>Topics of devices that other parts of the node serve.</summary>
public sealed partial class TelemetryMqttHost
{
    /// <summary>Says something on a topic of a device, to whoever listens to it: the device, if it is connected here, and applications.</summary>
    /// <param name="rest">The topic after <c>devices/{id}/</c>.</param>
    /// <param name="delivered">Told when the device acknowledges it (PUBACK), see <see cref="DeliveryWatch.Acknowledged"/>; null for nobody.</param>
    /// <param name="qos">0 is not kept for who is away.</param>
    public void Say(TenantId tenant, DeviceId device, string rest, ReadOnlySpan<byte> payload, byte qos = 1, Action? delivered = null) =>
        broker!.Publish(
            tenant.Value, Encoding.UTF8.GetBytes($"devices/{device.Value}/{rest}"), payload, qos: qos, watch: delivered is null ? null : new DeliveryWatch(OwnerOf(device), delivered));

    /// <summary>Says something on a topic of a device that takes work to write: it is written only where somebody listens.</summary>
    /// <param name="rest">The topic after <c>devices/{id}/</c>.</param>
    /// <param name="write">What to say; null for nothing.</param>
    public void Say(TenantId tenant, DeviceId device, string rest, Func<byte[]?> write, byte qos = 1)
    {
        Span<byte> room = stackalloc byte[256];
        ReadOnlySpan<byte> topic = Utf8.TryWrite(room, $"devices/{device.Value}/{rest}", out var length) ? room[..length] : Encoding.UTF8.GetBytes($"devices/{device.Value}/{rest}");
        if (broker!.HasSubscribers(tenant.Value, topic) && write() is { } payload)
            broker.Publish(tenant.Value, topic, payload, qos: qos);
    }

    /// <summary>Says something on a topic of a device to its own connections here alone, by their subscriptions.</summary>
    /// <param name="rest">The topic after <c>devices/{id}/</c>.</param>
    /// <returns>Whether one of them listens.</returns>
    public bool SayTo(TenantId tenant, DeviceId device, string rest, ReadOnlySpan<byte> payload, byte qos)
    {
        var topic = Encoding.UTF8.GetBytes($"devices/{device.Value}/{rest}");
        var isHeard = false;
        foreach (var connection in presence.Of(tenant, device))
            isHeard |= connection.Client is { } client && broker!.PublishTo(client, topic, payload, qos);
        return isHeard;
    }

    /// <summary>Whether the device is connected here, and subscribes to the topic itself.</summary>
    /// <param name="rest">The topic after <c>devices/{id}/</c>.</param>
    public bool Listens(TenantId tenant, DeviceId device, string rest) =>
        IsConnected(tenant, device) && broker!.HasSubscribers(tenant.Value, Encoding.UTF8.GetBytes($"devices/{device.Value}/{rest}"), OwnerOf(device));

    public void Subscribed(MqttClient client, IReadOnlyList<string> topicFilters)
    {
        if (client.State is not DeviceConnection connection)
            return;
        foreach (var filter in topicFilters)
        {
            if (!filter.StartsWith(connection.TopicText, StringComparison.Ordinal))
                continue;
            foreach (var topics in topicsOfDevices.Value)
                topics.OnSubscribed(connection.Entry.Tenant, connection.Entry.Device, filter[connection.TopicText.Length..], connection.Number);
        }
    }

    /// <summary>A publish below a topic that another part serves; null for every other topic.</summary>
    private PublishVerdict? Serve(MqttClient client, DeviceConnection connection, in InboundPublish publish)
    {
        var rest = publish.Topic[connection.TopicPrefix.Length..];
        foreach (var topics in topicsOfDevices.Value)
        {
            if (!StartsWith(rest, topics.Root))
                continue;
            if (publish.Payload.Length > (connection.Meter.Quotas.PayloadBytes ?? long.MaxValue))
                return Reject(connection.Entry.Tenant, connection.Entry.Device.Value, MqttReasonCode.PayloadFormatInvalid, $"the payload has {publish.Payload.Length} bytes; the tenant's quota payloadBytes is {connection.Meter.Quotas.PayloadBytes}");
            if (topics.OnPublish(new DeviceMessage(connection.Entry.Tenant, connection.Entry.Device, Encoding.UTF8.GetString(rest), publish.Payload.ToArray())) is not { } kept)
                return Reject(connection.Entry.Tenant, connection.Entry.Device.Value, MqttReasonCode.TopicNameInvalid, $"a device says nothing on {Encoding.UTF8.GetString(rest)}");
            _ = AcknowledgeAsync(client, publish.PacketId, kept);
            return PublishVerdict.Deferred;
        }
        return null;
    }

    /// <summary>Roots are ASCII.</summary>
    private static bool StartsWith(ReadOnlySpan<byte> rest, string root) => rest.Length > root.Length && Ascii.Equals(rest[..root.Length], root);
}
