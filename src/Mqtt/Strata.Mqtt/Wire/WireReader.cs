using System.Buffers.Binary;
using System.Text.Unicode;

namespace Strata.Mqtt.Wire;

/// <summary>Reads the primitive types of MQTT 5.0 1.5 from the body of one packet. Spans it returns point into the packet.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> source)
{
    private ReadOnlySpan<byte> rest = source;

    public readonly ReadOnlySpan<byte> Rest => rest;

    public readonly bool AtEnd => rest.IsEmpty;

    public byte ReadByte()
    {
        if (rest.IsEmpty)
            throw TooShort();
        var value = rest[0];
        rest = rest[1..];
        return value;
    }

    public ushort ReadUInt16()
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(rest, out var value))
            throw TooShort();
        rest = rest[2..];
        return value;
    }

    public uint ReadUInt32()
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(rest, out var value))
            throw TooShort();
        rest = rest[4..];
        return value;
    }

    /// <summary>Only MQTT 5 has them inside packets, and wants the shortest form.</summary>
    public int ReadVariableByteInteger()
    {
        if (!VariableByteInteger.TryRead(rest, out var value, out var length))
            throw TooShort();
        if (length != VariableByteInteger.LengthOf(value))
            throw MqttProtocolException.Malformed("A variable byte integer is longer than it must be.", "MQTT-1.5.5-1");
        rest = rest[length..];
        return value;
    }

    public ReadOnlySpan<byte> ReadBinary() => Take(ReadUInt16());

    /// <summary>Valid UTF-8 without U+0000; surrogates and overlong forms are not valid UTF-8.</summary>
    public ReadOnlySpan<byte> ReadString()
    {
        var text = Take(ReadUInt16());
        if (!Utf8.IsValid(text))
            throw MqttProtocolException.Malformed("A string is not well-formed UTF-8.", "MQTT-1.5.4-1");
        if (text.Contains((byte)0))
            throw MqttProtocolException.Malformed("A string holds U+0000.", "MQTT-1.5.4-2");
        return text;
    }

    /// <summary>The properties behind their length; their content is not looked at.</summary>
    public ReadOnlySpan<byte> ReadProperties() => Take(ReadVariableByteInteger());

    public readonly void ExpectEnd()
    {
        if (!rest.IsEmpty)
            throw MqttProtocolException.Malformed("The packet is longer than its content.", "5.0 2.1.4");
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (rest.Length < length)
            throw TooShort();
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }

    private static MqttProtocolException TooShort() => MqttProtocolException.Malformed("The packet ends within a field.", "5.0 2.1.4");
}
