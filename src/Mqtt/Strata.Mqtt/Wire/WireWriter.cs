using System.Buffers.Binary;
using System.Text;

namespace Strata.Mqtt.Wire;

/// <summary>Writes the primitive types into a span that is known to be long enough.</summary>
internal ref struct WireWriter(Span<byte> destination)
{
    private readonly Span<byte> destination = destination;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => destination[..Length];

    public void Byte(byte value) => destination[Length++] = value;

    public void UInt16(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination[Length..], (ushort)value);
        Length += 2;
    }

    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination[Length..], value);
        Length += 4;
    }

    public void VariableInteger(int value) => Length += VariableByteInteger.Write(destination[Length..], value);

    public void Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(destination[Length..]);
        Length += value.Length;
    }

    public void Binary(ReadOnlySpan<byte> value)
    {
        UInt16(value.Length);
        Bytes(value);
    }

    public void String(string value)
    {
        var length = Encoding.UTF8.GetBytes(value, destination[(Length + 2)..]);
        UInt16(length);
        Length += length;
    }
}
