namespace Strata.Mqtt.Wire;

/// <summary>A CONNECT as it stands in the receive buffer (MQTT 5.0 3.1), validated as a whole.</summary>
internal ref struct ConnectPacket
{
    public MqttProtocolVersion Version;
    public bool CleanStart;
    public ushort KeepAliveSeconds;
    public ReadOnlySpan<byte> ClientId;
    public bool HasUserName;
    public ReadOnlySpan<byte> UserName;
    public bool HasPassword;
    public ReadOnlySpan<byte> Password;
    public bool HasWill;
    public byte WillQoS;
    public bool WillRetain;
    public ReadOnlySpan<byte> WillTopic;
    public ReadOnlySpan<byte> WillPayload;
    public ReadOnlySpan<byte> WillProperties;
    public uint SessionExpirySeconds;

    /// <summary>65,535 when the client says nothing.</summary>
    public ushort ReceiveMaximum;

    /// <summary>0 when the client says nothing.</summary>
    public uint MaximumPacketSize;

    /// <summary>Topic aliases the server may set; 0 when the client says nothing.</summary>
    public ushort TopicAliasMaximum;

    public bool RequestProblemInformation;
    public bool HasAuthenticationMethod;
    public ReadOnlySpan<byte> AuthenticationMethod;
    public ReadOnlySpan<byte> AuthenticationData;

    /// <param name="version">What the packet says its version is, as far as it was read; the answer depends on it.</param>
    public static ConnectPacket Read(ReadOnlySpan<byte> body, out MqttProtocolVersion version)
    {
        var reader = new WireReader(body);
        version = MqttProtocolVersion.V311;
        var name = reader.ReadString();
        var level = reader.ReadByte();
        var known = name.SequenceEqual("MQTT"u8) ? level is 4 or 5 : name.SequenceEqual("MQIsdp"u8) && level == 3;
        if (!known)
        {
            if (level >= 5)
                version = MqttProtocolVersion.V500;
            throw new MqttProtocolException(MqttReasonCode.UnsupportedProtocolVersion, "The protocol is none of MQTT 3.1, 3.1.1 and 5.0.", "MQTT-3.1.2-2");
        }

        version = (MqttProtocolVersion)level;
        var flags = reader.ReadByte();
        CheckFlags(flags, version);
        var packet = new ConnectPacket
        {
            Version = version,
            CleanStart = (flags & 0x02) != 0,
            HasWill = (flags & 0x04) != 0,
            WillQoS = (byte)((flags >> 3) & 3),
            WillRetain = (flags & 0x20) != 0,
            HasPassword = (flags & 0x40) != 0,
            HasUserName = (flags & 0x80) != 0,
            KeepAliveSeconds = reader.ReadUInt16(),
            ReceiveMaximum = ushort.MaxValue,
            RequestProblemInformation = true,
        };
        if (version == MqttProtocolVersion.V500)
            packet.ReadProperties(reader.ReadProperties());
        packet.ReadPayload(ref reader);
        reader.ExpectEnd();
        return packet;
    }

    private static void CheckFlags(byte flags, MqttProtocolVersion version)
    {
        if ((flags & 0x01) != 0)
            throw MqttProtocolException.Malformed("The reserved connect flag is set.", "MQTT-3.1.2-3");
        var will = (flags & 0x04) != 0;
        if (!will && (flags & 0x18) != 0)
            throw MqttProtocolException.Malformed("Will QoS without a will.", "MQTT-3.1.2-11");
        if (!will && (flags & 0x20) != 0)
            throw MqttProtocolException.Malformed("Will retain without a will.", "MQTT-3.1.2-13");
        if ((flags & 0x18) == 0x18)
            throw MqttProtocolException.Malformed("Will QoS 3 does not exist.", "MQTT-3.1.2-12");
        if (version != MqttProtocolVersion.V500 && (flags & 0xC0) == 0x40)
            throw MqttProtocolException.Malformed("A password without a user name.", "MQTT-3.1.2-22");
    }

    private void ReadProperties(ReadOnlySpan<byte> block)
    {
        var properties = new PropertyReader(block, AllowedProperties.Connect);
        var authenticationData = false;
        while (properties.TryRead())
        {
            switch (properties.Id)
            {
                case PropertyId.SessionExpiryInterval:
                    SessionExpirySeconds = properties.Number;
                    break;
                case PropertyId.ReceiveMaximum:
                    ReceiveMaximum = (ushort)properties.Number;
                    break;
                case PropertyId.MaximumPacketSize:
                    MaximumPacketSize = properties.Number;
                    break;
                case PropertyId.TopicAliasMaximum:
                    TopicAliasMaximum = (ushort)properties.Number;
                    break;
                case PropertyId.RequestProblemInformation:
                    RequestProblemInformation = properties.Number == 1;
                    break;
                case PropertyId.AuthenticationMethod:
                    HasAuthenticationMethod = true;
                    AuthenticationMethod = properties.Bytes;
                    break;
                case PropertyId.AuthenticationData:
                    authenticationData = true;
                    AuthenticationData = properties.Bytes;
                    break;
            }
        }

        if (authenticationData && !HasAuthenticationMethod)
            throw MqttProtocolException.Violation("Authentication data without a method.", "5.0 3.1.2.11.10");
    }

    private void ReadPayload(ref WireReader reader)
    {
        ClientId = reader.ReadString();
        if (HasWill)
        {
            if (Version == MqttProtocolVersion.V500)
                WillProperties = reader.ReadProperties();
            WillTopic = reader.ReadString();
            if (WillTopic.IsEmpty || WillTopic.ContainsAny((byte)'+', (byte)'#'))
                throw new MqttProtocolException(MqttReasonCode.TopicNameInvalid, "The will's topic is not a topic name.", "MQTT-3.3.2-2");
            WillPayload = reader.ReadBinary();
        }

        if (HasUserName)
            UserName = reader.ReadString();
        if (HasPassword)
            Password = reader.ReadBinary();
    }
}
