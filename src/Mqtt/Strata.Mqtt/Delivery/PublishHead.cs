using System.Buffers.Binary;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// A message on its way to subscribers, and everything of its PUBLISH that precedes the payload, encoded once for each shape (version and
/// QoS) that its subscribers need. Reused from message to message; one thread at a time.
/// </summary>
internal sealed class PublishHead
{
    private const int Shapes = 6;
    private const int KeptBytes = 4096;

    private readonly byte[][] heads = [[], [], [], [], [], []];
    private readonly int[] lengths = new int[Shapes];
    private byte[] own = [];

    public void Reset()
    {
        for (var i = 0; i < Shapes; i++)
        {
            lengths[i] = 0;
            if (heads[i].Length > KeptBytes)
                heads[i] = [];
        }

        if (own.Length > KeptBytes)
            own = [];
    }

    /// <summary>The bytes before the payload; for QoS 1 and 2 the packet id stands at <see cref="PacketIdOffset"/>, and RETAIN is bit 0 of the first byte.</summary>
    public ReadOnlySpan<byte> Encode(in Message message, MqttProtocolVersion version, byte qos)
    {
        var shape = (version == MqttProtocolVersion.V500 ? 3 : 0) + qos;
        if (lengths[shape] == 0)
            lengths[shape] = Write(ref heads[shape], message, message.Topic, version, qos, null, 0);
        return heads[shape].AsSpan(0, lengths[shape]);
    }

    /// <summary>The same for one MQTT 5 subscriber with subscription identifiers or a topic alias of its own.</summary>
    /// <param name="alias">0 for none.</param>
    /// <param name="aliasIsKnown">The alias stands for the topic, which is left out.</param>
    public ReadOnlySpan<byte> EncodeOwn(in Message message, byte qos, int[]? identifiers, ushort alias, bool aliasIsKnown)
    {
        var length = Write(ref own, message, aliasIsKnown ? default : message.Topic, MqttProtocolVersion.V500, qos, identifiers, alias);
        return own.AsSpan(0, length);
    }

    public static int PacketIdOffset(ReadOnlySpan<byte> head)
    {
        var start = 1 + VariableByteInteger.LengthAt(head[1..]);
        return start + 2 + BinaryPrimitives.ReadUInt16BigEndian(head[start..]);
    }

    private static int Write(
        ref byte[] buffer, in Message message, ReadOnlySpan<byte> topic, MqttProtocolVersion version, byte qos, int[]? identifiers, ushort alias)
    {
        var properties = message.Properties.Length + (alias == 0 ? 0 : 3);
        foreach (var identifier in identifiers ?? [])
            properties += 1 + VariableByteInteger.LengthOf(identifier);
        var most = 1 + 4 + 2 + topic.Length + 2 + 4 + properties;
        if (buffer.Length < most)
            buffer = new byte[Math.Max(most, 256)];
        var content = 2 + topic.Length + (qos > 0 ? 2 : 0) + message.Payload.Length;
        if (version == MqttProtocolVersion.V500)
            content += VariableByteInteger.LengthOf(properties) + properties;
        var writer = new WireWriter(buffer);
        writer.Byte((byte)(((int)PacketType.Publish << 4) | (qos << 1)));
        writer.VariableInteger(content);
        writer.Binary(topic);
        if (qos > 0)
            writer.UInt16(0);
        if (version != MqttProtocolVersion.V500)
            return writer.Length;
        writer.VariableInteger(properties);
        var start = writer.Length;
        writer.Bytes(message.Properties);
        if (message.ExpiryOffset >= 0)
            BinaryPrimitives.WriteUInt32BigEndian(buffer.AsSpan(start + message.ExpiryOffset), message.ExpirySeconds);
        foreach (var identifier in identifiers ?? [])
        {
            writer.Byte((byte)PropertyId.SubscriptionIdentifier);
            writer.VariableInteger(identifier);
        }

        if (alias != 0)
        {
            writer.Byte((byte)PropertyId.TopicAlias);
            writer.UInt16(alias);
        }

        return writer.Length;
    }
}
