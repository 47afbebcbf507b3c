using System.Buffers.Binary;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt;

/// <summary>
/// Enumerates the user properties in a block of MQTT 5 properties as a PUBLISH carries them (<see cref="InboundPublish.UserProperties"/>), in
/// the order sent; other properties in between are skipped. The block has been validated by the engine. No allocation.
/// </summary>
public ref struct UserPropertyReader(ReadOnlySpan<byte> properties)
{
    private ReadOnlySpan<byte> rest = properties;

    /// <summary>Reads the next pair, both valid UTF-8.</summary>
    /// <returns>False at the end.</returns>
    public bool TryRead(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (rest.Length > 0)
        {
            var id = (PropertyId)rest[0];
            var length = id switch
            {
                PropertyId.PayloadFormatIndicator => 2,
                PropertyId.TopicAlias => 3,
                PropertyId.MessageExpiryInterval => 5,
                PropertyId.SubscriptionIdentifier => 1 + VariableByteInteger.LengthAt(rest[1..]),
                PropertyId.UserProperty => 0,
                _ => 3 + BinaryPrimitives.ReadUInt16BigEndian(rest[1..]),
            };
            if (length > 0)
            {
                rest = rest[length..];
                continue;
            }

            var nameLength = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            name = rest.Slice(3, nameLength);
            rest = rest[(3 + nameLength)..];
            var valueLength = BinaryPrimitives.ReadUInt16BigEndian(rest);
            value = rest.Slice(2, valueLength);
            rest = rest[(2 + valueLength)..];
            return true;
        }

        name = value = default;
        return false;
    }
}
