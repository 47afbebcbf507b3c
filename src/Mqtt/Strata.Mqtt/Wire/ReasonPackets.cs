namespace Strata.Mqtt.Wire;

/// <summary>PUBACK, PUBREC, PUBREL, PUBCOMP and DISCONNECT from a client: each is a reason code with properties (MQTT 5.0 3.4 to 3.7, 3.14).</summary>
internal static class ReasonPackets
{
    /// <summary>The packet id of one of the four acknowledgements.</summary>
    public static ushort ReadAck(ReadOnlySpan<byte> body, MqttProtocolVersion version, out MqttReasonCode reasonCode)
    {
        reasonCode = MqttReasonCode.Success;
        var reader = new WireReader(body);
        var packetId = reader.ReadUInt16();
        if (packetId == 0)
            throw MqttProtocolException.Violation("A packet identifier is 0.", "MQTT-2.2.1-3");
        if (version == MqttProtocolVersion.V500 && !reader.AtEnd)
        {
            reasonCode = (MqttReasonCode)reader.ReadByte();
            Drain(ref reader, AllowedProperties.Acknowledgement);
        }

        reader.ExpectEnd();
        return packetId;
    }

    public static MqttReasonCode ReadDisconnect(ReadOnlySpan<byte> body, MqttProtocolVersion version, out uint? sessionExpirySeconds)
    {
        var reader = new WireReader(body);
        var reasonCode = MqttReasonCode.Success;
        sessionExpirySeconds = null;
        if (version == MqttProtocolVersion.V500 && !reader.AtEnd)
        {
            reasonCode = (MqttReasonCode)reader.ReadByte();
            sessionExpirySeconds = Drain(ref reader, AllowedProperties.Disconnect);
        }

        reader.ExpectEnd();
        return reasonCode;
    }

    private static uint? Drain(ref WireReader reader, ulong allowed)
    {
        if (reader.AtEnd)
            return null;
        uint? sessionExpiry = null;
        var properties = new PropertyReader(reader.ReadProperties(), allowed);
        while (properties.TryRead())
        {
            if (properties.Id == PropertyId.SessionExpiryInterval)
                sessionExpiry = properties.Number;
        }

        return sessionExpiry;
    }
}
