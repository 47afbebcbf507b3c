namespace Strata.Mqtt.Wire;

/// <summary>An AUTH from a client as it stands in the receive buffer (MQTT 5.0 3.15).</summary>
internal ref struct AuthPacket
{
    public MqttReasonCode ReasonCode;
    public bool HasMethod;
    public ReadOnlySpan<byte> Method;
    public ReadOnlySpan<byte> Data;

    public static AuthPacket Read(ReadOnlySpan<byte> body)
    {
        var reader = new WireReader(body);
        var packet = new AuthPacket();
        if (reader.AtEnd)
            return packet;
        packet.ReasonCode = (MqttReasonCode)reader.ReadByte();
        if (packet.ReasonCode is not (MqttReasonCode.Success or MqttReasonCode.ContinueAuthentication or MqttReasonCode.ReAuthenticate))
            throw MqttProtocolException.Violation("AUTH has a reason code that is none of its own.", "MQTT-3.15.2-1");
        if (reader.AtEnd)
            return packet;
        var properties = new PropertyReader(reader.ReadProperties(), AllowedProperties.Auth);
        while (properties.TryRead())
        {
            if (properties.Id == PropertyId.AuthenticationMethod)
            {
                packet.HasMethod = true;
                packet.Method = properties.Bytes;
            }
            else if (properties.Id == PropertyId.AuthenticationData)
            {
                packet.Data = properties.Bytes;
            }
        }

        reader.ExpectEnd();
        return packet;
    }
}
