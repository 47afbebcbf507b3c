namespace Strata.Mqtt.Wire;

/// <summary>A SUBSCRIBE or UNSUBSCRIBE as it stands in the receive buffer; enumerates its filters, at least one (MQTT 5.0 3.8, 3.10).</summary>
internal ref struct SubscribePacket
{
    private readonly bool unsubscribe;
    private readonly MqttProtocolVersion version;
    private WireReader reader;

    private readonly int identifier;

    private SubscribePacket(ushort packetId, int identifier, bool unsubscribe, MqttProtocolVersion version, WireReader reader)
    {
        this.identifier = identifier;
        PacketId = packetId;
        this.unsubscribe = unsubscribe;
        this.version = version;
        this.reader = reader;
    }

    public ushort PacketId { get; }

    /// <summary>Valid UTF-8, not empty; its wildcards are not looked at.</summary>
    public ReadOnlySpan<byte> Filter { get; private set; }

    public SubscriptionOptions Options { get; private set; } = SubscriptionOptions.Plain;

    public static SubscribePacket Read(ReadOnlySpan<byte> body, MqttProtocolVersion version, bool unsubscribe)
    {
        var reader = new WireReader(body);
        var packetId = reader.ReadUInt16();
        if (packetId == 0)
            throw MqttProtocolException.Violation("A packet identifier is 0.", "MQTT-2.2.1-3");
        var identifier = version == MqttProtocolVersion.V500 ? ReadProperties(reader.ReadProperties(), unsubscribe) : 0;
        if (reader.AtEnd)
            throw MqttProtocolException.Violation("The packet names no topic filter.", unsubscribe ? "MQTT-3.10.3-2" : "MQTT-3.8.3-2");
        return new SubscribePacket(packetId, identifier, unsubscribe, version, reader);
    }

    /// <returns>False at the end.</returns>
    public bool TryRead()
    {
        if (reader.AtEnd)
            return false;
        Filter = reader.ReadString();
        if (Filter.IsEmpty)
            throw MqttProtocolException.Malformed("A topic filter is empty.", "MQTT-4.7.3-1");
        if (!unsubscribe)
            Options = SubscriptionOptions.Read(reader.ReadByte(), identifier, version);
        return true;
    }

    /// <returns>The subscription identifier; 0 for none.</returns>
    private static int ReadProperties(ReadOnlySpan<byte> block, bool unsubscribe)
    {
        var identifier = 0;
        var properties = new PropertyReader(block, unsubscribe ? AllowedProperties.Unsubscribe : AllowedProperties.Subscribe);
        while (properties.TryRead())
        {
            if (properties.Id == PropertyId.SubscriptionIdentifier)
                identifier = (int)properties.Number;
        }

        return identifier;
    }
}

/// <summary>What a SUBSCRIBE asks for one filter (MQTT 5.0 3.8.3.1).</summary>
/// <param name="Identifier">The subscription identifier; 0 for none.</param>
internal sealed record SubscriptionOptions(
    byte QoS, bool NoLocal, bool RetainAsPublished, RetainHandling RetainHandling = RetainHandling.Send, int Identifier = 0)
{
    public static readonly SubscriptionOptions Plain = new(0, false, false);

    // Without an identifier there are few, which all subscriptions share: what 100,000 of them have apart is in no cache.
    private static readonly SubscriptionOptions?[] Common = new SubscriptionOptions?[0x40];

    /// <summary>The identifier as a message carries it; null for none.</summary>
    public int[]? Identifiers { get; } = Identifier == 0 ? null : [Identifier];

    public static SubscriptionOptions Read(byte value, int identifier, MqttProtocolVersion version)
    {
        var reserved = version == MqttProtocolVersion.V500 ? 0xC0 : 0xFC;
        if ((value & reserved) != 0)
            throw MqttProtocolException.Malformed("Reserved bits of the subscription options are set.", "MQTT-3.8.3-5");
        if ((value & 3) == 3)
            throw MqttProtocolException.Malformed("QoS 3 does not exist.", "MQTT-3.8.3-5");
        if ((value & 0x30) == 0x30)
            throw MqttProtocolException.Violation("Retain handling 3 does not exist.", "5.0 3.8.3.1");
        return identifier == 0 ? Common[value] ??= From(value, 0) : From(value, identifier);
    }

    private static SubscriptionOptions From(byte value, int identifier) =>
        new((byte)(value & 3), (value & 4) != 0, (value & 8) != 0, (RetainHandling)((value >> 4) & 3), identifier);
}

/// <summary>Whether a subscription wants the retained messages that are there (MQTT 5.0 3.8.3.1).</summary>
internal enum RetainHandling : byte
{
    Send = 0,
    SendIfNew = 1,
    DoNotSend = 2,
}
