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

/// <summary>A message that outlives its publisher's buffer: it is retained, or a subscriber is slow or away; shared by all who wait for it.</summary>
internal sealed class KeptMessage
{
    private readonly byte[] bytes;
    private readonly int topicLength;
    private readonly int propertiesLength;
    private readonly int expiryOffset;

    public KeptMessage(in Message message, MqttClock clock)
    {
        bytes = new byte[message.Length];
        topicLength = message.Topic.Length;
        propertiesLength = message.Properties.Length;
        expiryOffset = message.ExpiryOffset;
        ExpiresAt = expiryOffset < 0 ? long.MaxValue : clock.Now + (message.ExpirySeconds * 1000L);
        QoS = message.QoS;
        message.Topic.CopyTo(bytes);
        message.Properties.CopyTo(bytes.AsSpan(topicLength));
        message.Payload.CopyTo(bytes.AsSpan(topicLength + propertiesLength));
    }

    /// <summary>From where it was stored.</summary>
    public KeptMessage(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> properties, ReadOnlySpan<byte> payload, byte qos, long expiresAt)
    {
        bytes = [.. topic, .. properties, .. payload];
        (topicLength, propertiesLength) = (topic.Length, properties.Length);
        expiryOffset = Message.ExpiryIn(properties);
        (QoS, ExpiresAt) = (qos, expiresAt);
    }

    /// <summary>What removes it where it is retained.</summary>
    public KeptMessage Emptied() => new(Topic, default, default, QoS, long.MaxValue);

    /// <summary>By the engine's clock, ms.</summary>
    public long ExpiresAt { get; }

    /// <summary>The journal's era in which it was written last; under the journal's lock.</summary>
    public int StoredIn { get; set; }

    /// <summary>Its number there.</summary>
    public long StoredAs { get; set; }

    /// <summary>As published.</summary>
    public byte QoS { get; }

    public int Length => bytes.Length;

    public ReadOnlySpan<byte> Topic => bytes.AsSpan(0, topicLength);

    public ReadOnlySpan<byte> Properties => bytes.AsSpan(topicLength, propertiesLength);

    public ReadOnlySpan<byte> Payload => bytes.AsSpan(topicLength + propertiesLength);

    public Message AsMessage(byte qos, bool retain, MqttClock clock) => new(
        Topic, Payload, Properties, qos, retain)
    {
        ExpiryOffset = expiryOffset, ExpirySeconds = expiryOffset < 0 ? 0 : (uint)Math.Max(0, (ExpiresAt - clock.Now + 999) / 1000),
    };
}
