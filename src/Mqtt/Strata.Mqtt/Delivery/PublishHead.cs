using System.Buffers.Binary;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Delivery;

/// <summary>
/// A message on its way to subscribers, and everything of its PUBLISH that precedes the payload, encoded once for each shape (version and
/// QoS) that its subscribers need. Reused from message to message; one thread at a time.
/// </summary>
internal sealed class PublishHead
{
    private const int Shapes = 4;
    private const int KeptBytes = 4096;

    private readonly byte[][] heads = [[], [], [], []];
    private readonly int[] lengths = new int[Shapes];

    public void Reset()
    {
        for (var i = 0; i < Shapes; i++)
        {
            lengths[i] = 0;
            if (heads[i].Length > KeptBytes)
                heads[i] = [];
        }
    }

    /// <summary>The bytes before the payload; for QoS 1 the packet id stands at <see cref="PacketIdOffset"/>, and RETAIN is bit 0 of the first byte.</summary>
    public ReadOnlySpan<byte> Encode(in Message message, MqttProtocolVersion version, byte qos)
    {
        var shape = (version == MqttProtocolVersion.V500 ? 2 : 0) + qos;
        if (lengths[shape] == 0)
            Write(message, version, qos, shape);
        return heads[shape].AsSpan(0, lengths[shape]);
    }

    public static int PacketIdOffset(ReadOnlySpan<byte> head)
    {
        var start = 1 + VariableByteInteger.LengthAt(head[1..]);
        return start + 2 + BinaryPrimitives.ReadUInt16BigEndian(head[start..]);
    }

    private void Write(in Message message, MqttProtocolVersion version, byte qos, int shape)
    {
        var most = 1 + 4 + 2 + message.Topic.Length + 2 + 4 + message.Properties.Length;
        if (heads[shape].Length < most)
            heads[shape] = new byte[Math.Max(most, 256)];
        var content = 2 + message.Topic.Length + (2 * qos) + message.Payload.Length;
        if (version == MqttProtocolVersion.V500)
            content += VariableByteInteger.LengthOf(message.Properties.Length) + message.Properties.Length;
        var writer = new WireWriter(heads[shape]);
        writer.Byte((byte)(((int)PacketType.Publish << 4) | (qos << 1)));
        writer.VariableInteger(content);
        writer.Binary(message.Topic);
        if (qos > 0)
            writer.UInt16(0);
        if (version == MqttProtocolVersion.V500)
        {
            writer.VariableInteger(message.Properties.Length);
            writer.Bytes(message.Properties);
        }

        lengths[shape] = writer.Length;
    }
}

/// <summary>A message as its publisher's buffer holds it.</summary>
internal readonly ref struct Message(ReadOnlySpan<byte> topic, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> properties, byte qos, bool retain)
{
    public ReadOnlySpan<byte> Topic { get; } = topic;

    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>MQTT 5 properties to pass on.</summary>
    public ReadOnlySpan<byte> Properties { get; } = properties;

    public byte QoS { get; } = qos;

    public bool Retain { get; } = retain;

    public int Length => Topic.Length + Payload.Length + Properties.Length;
}

/// <summary>A message that outlives its publisher's buffer because a subscriber is slow; shared by all who wait for it.</summary>
internal sealed class KeptMessage
{
    private readonly byte[] bytes;
    private readonly int topicLength;
    private readonly int propertiesLength;

    public KeptMessage(in Message message)
    {
        bytes = new byte[message.Length];
        topicLength = message.Topic.Length;
        propertiesLength = message.Properties.Length;
        message.Topic.CopyTo(bytes);
        message.Properties.CopyTo(bytes.AsSpan(topicLength));
        message.Payload.CopyTo(bytes.AsSpan(topicLength + propertiesLength));
    }

    public int Length => bytes.Length;

    public Message AsMessage(byte qos, bool retain) => new(
        bytes.AsSpan(0, topicLength), bytes.AsSpan(topicLength + propertiesLength), bytes.AsSpan(topicLength, propertiesLength), qos, retain);
}
