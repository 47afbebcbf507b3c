using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>
/// The message a client leaves for when its connection ends without its word. Published when the connection ends, whatever will delay was asked:
/// a session here ends with its connection, and a will is never later than its session (MQTT 5.0 3.1.3.2.2).
/// </summary>
internal sealed record Will(byte[] Topic, byte[] Payload, byte[] Properties, byte QoS, bool Retain)
{
    public static Will From(in ConnectPacket packet, MqttOptions options)
    {
        if (packet.WillQoS > 1)
            throw new MqttProtocolException(MqttReasonCode.QoSNotSupported, "QoS 2 is not available.", "MQTT-3.2.2-12");
        if (packet.WillRetain && packet.Version == MqttProtocolVersion.V500)
            throw new MqttProtocolException(MqttReasonCode.RetainNotSupported, "Retained messages are not available.", "MQTT-3.2.2-13");
        PublishLimits.CheckTopic(packet.WillTopic, options);
        return new Will(
            packet.WillTopic.ToArray(), packet.WillPayload.ToArray(), PassedOn(packet.WillProperties), packet.WillQoS, packet.WillRetain);
    }

    private static byte[] PassedOn(ReadOnlySpan<byte> block)
    {
        var properties = new PropertyReader(block, AllowedProperties.Will);
        var (start, end) = (0, 0);
        while (properties.TryRead())
        {
            if (properties.Id == PropertyId.WillDelayInterval)
                (start, end) = (properties.Start, properties.End);
        }

        return [.. block[..start], .. block[end..]];
    }
}
