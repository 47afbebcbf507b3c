using System.Buffers;
using System.Text;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>SUBSCRIBE and UNSUBSCRIBE: one reason code per filter, in order.</summary>
internal sealed partial class Connection
{
    private const byte HighestQoS = 1;

    private void Subscribe(ReadOnlySpan<byte> body)
    {
        var packet = SubscribePacket.Read(body, version, unsubscribe: false);
        var codes = new ArrayBufferWriter<byte>(8);
        while (packet.TryRead())
        {
            var code = Subscribe(packet.Filter, packet.Options);
            if (version == MqttProtocolVersion.V311 && code >= MqttReasonCode.UnspecifiedError)
                code = MqttReasonCode.UnspecifiedError;
            codes.Write([(byte)code]);
        }

        Reply(PacketType.SubAck, packet.PacketId, codes.WrittenSpan);
    }

    private MqttReasonCode Subscribe(ReadOnlySpan<byte> filter, SubscriptionOptions options)
    {
        if (Topics.IsShared(filter))
        {
            if (options.NoLocal)
                throw MqttProtocolException.Violation("No Local on a shared subscription.", "MQTT-3.8.3-4");
            return MqttReasonCode.SharedSubscriptionsNotSupported;
        }

        if (filter.Length > Options.MaxTopicBytes || Topics.LevelCount(filter) > Options.MaxTopicLevels || !Topics.IsValidFilter(filter))
            return MqttReasonCode.TopicFilterInvalid;
        var name = Encoding.UTF8.GetString(filter);
        if (!broker.Host.MaySubscribe(client!, name))
            return MqttReasonCode.NotAuthorized;
        if (!session!.Has(name))
        {
            if (session.SubscriptionCount >= Options.MaxSubscriptionsPerClient || !broker.TakeSubscription())
                return MqttReasonCode.QuotaExceeded;
            broker.Metrics.Subscribed(1);
        }

        var granted = Math.Min(options.QoS, HighestQoS);
        session.Subscribe(name, options with { QoS = granted });
        return (MqttReasonCode)granted;
    }

    private void Unsubscribe(ReadOnlySpan<byte> body)
    {
        var packet = SubscribePacket.Read(body, version, unsubscribe: true);
        var codes = new ArrayBufferWriter<byte>(8);
        while (packet.TryRead())
        {
            var existed = session!.Unsubscribe(Encoding.UTF8.GetString(packet.Filter));
            if (existed)
                broker.Metrics.Subscribed(-broker.ReleaseSubscriptions(1));
            codes.Write([(byte)(existed ? MqttReasonCode.Success : MqttReasonCode.NoSubscriptionExisted)]);
        }

        Reply(PacketType.UnsubAck, packet.PacketId, version == MqttProtocolVersion.V500 ? codes.WrittenSpan : default);
    }

    private void Reply(PacketType type, ushort packetId, ReadOnlySpan<byte> codes)
    {
        Span<byte> head = stackalloc byte[16];
        Outbox.Send(head[..ServerPackets.SubAckHead(head, type, packetId, codes.Length, version)], codes);
    }
}
