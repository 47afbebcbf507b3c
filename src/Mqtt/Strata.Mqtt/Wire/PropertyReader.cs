using static Strata.Mqtt.Wire.PropertyId;

namespace Strata.Mqtt.Wire;

/// <summary>Enumerates and validates a block of MQTT 5 properties: known, allowed in this packet, at most once, value in range.</summary>
internal ref struct PropertyReader(ReadOnlySpan<byte> block, ulong allowed)
{
    private readonly int total = block.Length;
    private WireReader reader = new(block);
    private ulong seen;

    /// <summary>The property just read.</summary>
    public PropertyId Id { get; private set; }

    /// <summary>Its value when it is a number.</summary>
    public uint Number { get; private set; }

    /// <summary>Its value when it is a string or binary data.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Where it begins in the block.</summary>
    public int Start { get; private set; }

    /// <summary>Where it ends in the block.</summary>
    public readonly int End => total - reader.Rest.Length;

    public bool TryRead()
    {
        if (reader.AtEnd)
            return false;
        Start = End;
        var id = reader.ReadByte();
        Id = (PropertyId)id;
        if (id >= 64 || (allowed & (1UL << id)) == 0)
            throw MqttProtocolException.Malformed($"Property 0x{id:X2} does not belong in this packet.", "5.0 2.2.2.2");
        if (Id != UserProperty && (seen & (1UL << id)) != 0)
            throw MqttProtocolException.Violation($"Property 0x{id:X2} stands twice.", "5.0 2.2.2.2");
        seen |= 1UL << id;
        ReadValue();
        return true;
    }

    private void ReadValue()
    {
        switch (Id)
        {
            case PayloadFormatIndicator or RequestProblemInformation or RequestResponseInformation:
                Number = reader.ReadByte();
                Demand(Number <= 1);
                break;
            case ReceiveMaximum:
                Number = reader.ReadUInt16();
                Demand(Number != 0);
                break;
            case TopicAliasMaximum:
                Number = reader.ReadUInt16();
                break;
            case TopicAlias:
                Number = reader.ReadUInt16();
                break;
            case MaximumPacketSize:
                Number = reader.ReadUInt32();
                Demand(Number != 0);
                break;
            case SessionExpiryInterval or MessageExpiryInterval or WillDelayInterval:
                Number = reader.ReadUInt32();
                break;
            case SubscriptionIdentifier:
                Number = (uint)reader.ReadVariableByteInteger();
                Demand(Number != 0);
                break;
            case CorrelationData or AuthenticationData:
                Bytes = reader.ReadBinary();
                break;
            case ResponseTopic:
                Bytes = reader.ReadString();
                if (Bytes.IsEmpty || Bytes.ContainsAny((byte)'+', (byte)'#'))
                    throw MqttProtocolException.Violation("A response topic is empty or holds a wildcard.", "MQTT-3.3.2-14");
                break;
            case UserProperty:
                reader.ReadString();
                reader.ReadString();
                break;
            default:
                Bytes = reader.ReadString();
                break;
        }
    }

    private readonly void Demand(bool condition)
    {
        if (!condition)
            throw MqttProtocolException.Violation($"Property 0x{(int)Id:X2} has the value {Number}.", "5.0 2.2.2.2");
    }
}

/// <summary>Which properties a client may send in which packet (MQTT 5.0 2.2.2.2), as bits by id.</summary>
internal static class AllowedProperties
{
    public const ulong Message = (1UL << (int)PayloadFormatIndicator) | (1UL << (int)MessageExpiryInterval) | (1UL << (int)ContentType)
        | (1UL << (int)ResponseTopic) | (1UL << (int)CorrelationData) | (1UL << (int)UserProperty);

    public const ulong Publish = Message | (1UL << (int)TopicAlias);

    public const ulong Will = Message | (1UL << (int)WillDelayInterval);

    public const ulong Connect = (1UL << (int)SessionExpiryInterval) | (1UL << (int)ReceiveMaximum) | (1UL << (int)MaximumPacketSize)
        | (1UL << (int)TopicAliasMaximum) | (1UL << (int)RequestResponseInformation) | (1UL << (int)RequestProblemInformation)
        | (1UL << (int)UserProperty) | (1UL << (int)AuthenticationMethod) | (1UL << (int)AuthenticationData);

    public const ulong Subscribe = (1UL << (int)SubscriptionIdentifier) | (1UL << (int)UserProperty);

    public const ulong Unsubscribe = 1UL << (int)UserProperty;

    public const ulong Acknowledgement = (1UL << (int)ReasonString) | (1UL << (int)UserProperty);

    public const ulong Auth = Acknowledgement | (1UL << (int)AuthenticationMethod) | (1UL << (int)AuthenticationData);

    public const ulong Disconnect = Acknowledgement | (1UL << (int)SessionExpiryInterval);
}
