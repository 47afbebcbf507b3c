namespace Strata.Mqtt.Wire;

/// <summary>A PUBLISH as it stands in the receive buffer (MQTT 5.0 3.3).</summary>
internal readonly ref struct PublishPacket
{
    private PublishPacket(byte flags, ReadOnlySpan<byte> topic, ushort packetId, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> payload)
    {
        Flags = flags;
        Topic = topic;
        PacketId = packetId;
        Properties = properties;
        Payload = payload;
    }

    private readonly byte Flags;

    /// <summary>Empty when only a topic alias stands for it.</summary>
    public ReadOnlySpan<byte> Topic { get; }

    public ushort PacketId { get; }

    /// <summary>The block of MQTT 5 properties, not validated yet.</summary>
    public ReadOnlySpan<byte> Properties { get; }

    public ReadOnlySpan<byte> Payload { get; }

    public byte QoS => (byte)((Flags >> 1) & 3);

    public bool Retain => (Flags & 1) != 0;

    public bool Duplicate => (Flags & 8) != 0;

    public static PublishPacket Read(byte first, ReadOnlySpan<byte> body, MqttProtocolVersion version)
    {
        var qos = (first >> 1) & 3;
        if (qos == 3)
            throw MqttProtocolException.Malformed("QoS 3 does not exist.", "MQTT-3.3.1-4");
        if (qos == 0 && (first & 8) != 0)
            throw MqttProtocolException.Malformed("DUP is set on QoS 0.", "MQTT-3.3.1-2");
        var reader = new WireReader(body);
        var topic = reader.ReadString();
        if (topic.ContainsAny((byte)'+', (byte)'#'))
            throw new MqttProtocolException(MqttReasonCode.TopicNameInvalid, "A topic name holds a wildcard.", "MQTT-3.3.2-2");
        ushort packetId = 0;
        if (qos > 0)
        {
            packetId = reader.ReadUInt16();
            if (packetId == 0)
                throw MqttProtocolException.Violation("A packet identifier is 0.", "MQTT-2.2.1-3");
        }

        var properties = version == MqttProtocolVersion.V500 ? reader.ReadProperties() : default;
        return new PublishPacket(first, topic, packetId, properties, reader.Rest);
    }
}
