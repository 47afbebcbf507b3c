using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Connections;

/// <summary>The message a client leaves for when its connection ends without its word.</summary>
/// <param name="DelaySeconds">How long after the connection's end it is published, unless the session ends before (MQTT 5.0 3.1.3.2.2).</param>
internal sealed record Will(byte[] Topic, byte[] Payload, byte[] Properties, byte QoS, bool Retain, uint DelaySeconds)
{
    public static Will From(in ConnectPacket packet, MqttOptions options)
    {
        if (packet.WillQoS > options.MaxQoS)
            throw new MqttProtocolException(MqttReasonCode.QoSNotSupported, $"QoS {packet.WillQoS} is not available.", "MQTT-3.2.2-12");
        if (packet.WillRetain && !options.RetainAvailable)
            throw new MqttProtocolException(MqttReasonCode.RetainNotSupported, "Retained messages are not available.", "MQTT-3.2.2-13");
        PublishLimits.CheckTopic(packet.WillTopic, options);
        var properties = PassedOn(packet.WillProperties, out var delay);
        return new Will(packet.WillTopic.ToArray(), packet.WillPayload.ToArray(), properties, packet.WillQoS, packet.WillRetain, delay);
    }

    private static byte[] PassedOn(ReadOnlySpan<byte> block, out uint delay)
    {
        var properties = new PropertyReader(block, AllowedProperties.Will);
        var (start, end) = (0, 0);
        delay = 0;
        while (properties.TryRead())
        {
            if (properties.Id == PropertyId.WillDelayInterval)
                (start, end, delay) = (properties.Start, properties.End, properties.Number);
        }

        return [.. block[..start], .. block[end..]];
    }
}
