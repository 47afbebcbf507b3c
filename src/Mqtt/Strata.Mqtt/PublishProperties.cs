using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt;

/// <summary>
/// Builds the block of MQTT 5 properties that <see cref="MqttBroker.Publish"/> takes. A host that passes a publish on uses
/// <see cref="InboundPublish.Properties"/> instead. Not safe for use by two threads at once.
/// </summary>
public sealed class PublishProperties
{
    private readonly ArrayBufferWriter<byte> buffer = new(64);

    /// <summary>The block so far, without a length in front; valid until the next change.</summary>
    public ReadOnlySpan<byte> Encoded => buffer.WrittenSpan;

    public PublishProperties WithContentType(string contentType) => Write(PropertyId.ContentType, contentType);

    public PublishProperties WithResponseTopic(string topic) => Write(PropertyId.ResponseTopic, topic);

    public PublishProperties WithUserProperty(string name, string value)
    {
        Write(PropertyId.UserProperty, name);
        WriteString(value);
        return this;
    }

    private PublishProperties Write(PropertyId id, string value)
    {
        buffer.GetSpan(1)[0] = (byte)id;
        buffer.Advance(1);
        WriteString(value);
        return this;
    }

    private void WriteString(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ushort.MaxValue, nameof(value));
        var span = buffer.GetSpan(2 + length);
        BinaryPrimitives.WriteUInt16BigEndian(span, (ushort)length);
        Encoding.UTF8.GetBytes(value, span[2..]);
        buffer.Advance(2 + length);
    }
}
