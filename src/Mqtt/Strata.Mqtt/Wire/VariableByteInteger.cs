namespace Strata.Mqtt.Wire;

/// <summary>MQTT 5.0 1.5.5: seven bits a byte, least significant first, at most four bytes.</summary>
internal static class VariableByteInteger
{
    public const int MaxValue = 268_435_455;

    /// <summary>Reads one. The shortest form is not demanded by MQTT 3.1.1, but by MQTT 5 (MQTT-1.5.5-1); the caller is told how many bytes it took.</summary>
    /// <returns>False: more bytes are needed.</returns>
    /// <exception cref="MqttProtocolException">More than four bytes.</exception>
    public static bool TryRead(ReadOnlySpan<byte> source, out int value, out int length)
    {
        value = 0;
        for (length = 0; length < source.Length; length++)
        {
            if (length == 4)
                break;
            var b = source[length];
            value |= (b & 0x7F) << (7 * length);
            if (b < 0x80)
            {
                length++;
                return true;
            }
        }

        if (length == 4)
            throw MqttProtocolException.Malformed("A variable byte integer has more than four bytes.", "MQTT-1.5.5-1");
        return false;
    }

    /// <summary>How many bytes the integer at the start takes; it is known to be well formed.</summary>
    public static int LengthAt(ReadOnlySpan<byte> source)
    {
        var length = 1;
        while (source[length - 1] >= 0x80)
            length++;
        return length;
    }

    public static int LengthOf(int value) => value switch
    {
        < 128 => 1,
        < 16_384 => 2,
        < 2_097_152 => 3,
        _ => 4,
    };

    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, int value)
    {
        var length = 0;
        while (value >= 0x80)
        {
            destination[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[length++] = (byte)value;
        return length;
    }
}
