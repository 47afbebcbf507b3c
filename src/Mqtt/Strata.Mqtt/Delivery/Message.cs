using System.Buffers.Binary;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>A message as its publisher's buffer holds it.</summary>
internal readonly ref struct Message(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> properties, byte qos, bool retain)
{
    public ReadOnlySpan<byte> Topic { get; } = topic;

    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>MQTT 5 properties to pass on.</summary>
    public ReadOnlySpan<byte> Properties { get; } = properties;

    public byte QoS { get; } = qos;

    public bool Retain { get; } = retain;

    /// <summary>Where the four bytes of the message expiry interval stand in <see cref="Properties"/>; negative for none.</summary>
    public int ExpiryOffset { get; init; } = -1;

    /// <summary>The interval to send, seconds; what is left of it for a message that waited (MQTT-3.3.2-6).</summary>
    public uint ExpirySeconds { get; init; }

    public int Length => Topic.Length + Payload.Length + Properties.Length;

    /// <summary>A message whose properties may hold an expiry.</summary>
    public static Message From(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> properties, byte qos, bool retain)
    {
        var offset = ExpiryIn(properties);
        return new Message(topic, payload, properties, qos, retain)
        {
            ExpiryOffset = offset, ExpirySeconds = offset < 0 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(properties[offset..]),
        };
    }

    /// <summary>The message expiry interval in the properties, seconds; without one <see cref="long.MaxValue"/>.</summary>
    public static long ExpirySecondsIn(ReadOnlySpan<byte> block) => ExpiryIn(block) is >= 0 and var offset ? BinaryPrimitives.ReadUInt32BigEndian(block[offset..]) : long.MaxValue;

    public static int ExpiryIn(ReadOnlySpan<byte> block)
    {
        if (block.IsEmpty)
            return -1;
        var properties = new PropertyReader(block, AllowedProperties.Message);
        while (properties.TryRead())
        {
            if (properties.Id == PropertyId.MessageExpiryInterval)
                return properties.Start + 1;
        }

        return -1;
    }
}
