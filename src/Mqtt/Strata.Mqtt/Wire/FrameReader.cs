using System.Buffers;

namespace Strata.Mqtt.Wire;

/// <summary>
/// Cuts a received sequence into packets. A packet that lies in one segment is handed out where it lies; one that crosses segments is copied
/// into a rented array, valid until the next call. Lengths are judged before anything is copied. Dispose returns the array.
/// </summary>
internal ref struct FrameReader(ReadOnlySequence<byte> received, int maxPacketSize, bool shortestForm)
{
    private ReadOnlySequence<byte> rest = received;
    private ReadOnlySpan<byte> span = received.FirstSpan;
    private int offset;
    private byte[]? rented;

    /// <summary>Everything before it has been handed out.</summary>
    public readonly SequencePosition Consumed => rest.GetPosition(offset);

    /// <summary>Reads the next whole packet.</summary>
    /// <param name="first">Its first byte: type and flags.</param>
    /// <param name="body">What follows the remaining length.</param>
    /// <returns>False: more bytes are needed.</returns>
    /// <exception cref="MqttProtocolException">The length is malformed or beyond the limit.</exception>
    public bool TryRead(out byte first, out ReadOnlySpan<byte> body)
    {
        var available = span[offset..];
        if (TryReadHeader(available, out first, out var headerLength, out var bodyLength)
            && available.Length - headerLength >= bodyLength)
        {
            body = available.Slice(headerLength, bodyLength);
            offset += headerLength + bodyLength;
            return true;
        }

        if (!rest.IsSingleSegment)
            return TryReadAcross(out first, out body);
        body = default;
        return false;
    }

    public void Dispose()
    {
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        rented = null;
    }

    private bool TryReadAcross(out byte first, out ReadOnlySpan<byte> body)
    {
        Skip(offset);
        Span<byte> header = stackalloc byte[5];
        var head = rest.Slice(0, Math.Min(header.Length, rest.Length));
        head.CopyTo(header);
        if (!TryReadHeader(header[..(int)head.Length], out first, out var headerLength, out var bodyLength)
            || rest.Length - headerLength < bodyLength)
        {
            body = default;
            return false;
        }

        var content = rest.Slice(headerLength, bodyLength);
        body = content.IsSingleSegment ? content.FirstSpan : Join(content);
        Skip(headerLength + bodyLength);
        return true;
    }

    private void Skip(int length)
    {
        rest = rest.Slice(length);
        while (rest.FirstSpan.IsEmpty && !rest.IsSingleSegment)
        {
            // Slicing at a segment's end may leave its empty tail in front.
            var position = rest.Start;
            rest.TryGet(ref position, out _);
            rest = rest.Slice(position);
        }

        span = rest.FirstSpan;
        offset = 0;
    }

    private ReadOnlySpan<byte> Join(ReadOnlySequence<byte> content)
    {
        var length = (int)content.Length;
        if (rented is null || rented.Length < length)
        {
            Dispose();
            rented = ArrayPool<byte>.Shared.Rent(length);
        }

        content.CopyTo(rented);
        return rented.AsSpan(0, length);
    }

    private readonly bool TryReadHeader(ReadOnlySpan<byte> source, out byte first, out int headerLength, out int bodyLength)
    {
        first = 0;
        headerLength = bodyLength = 0;
        if (source.Length < 2)
            return false;
        first = source[0];
        bodyLength = source[1];
        headerLength = 2;
        if (bodyLength >= 0x80)
        {
            if (!VariableByteInteger.TryRead(source[1..], out bodyLength, out var length))
                return false;
            if (shortestForm && length != VariableByteInteger.LengthOf(bodyLength))
                throw MqttProtocolException.Malformed("The remaining length is longer than it must be.", "MQTT-1.5.5-1");
            headerLength = 1 + length;
        }

        if (headerLength + bodyLength > maxPacketSize)
        {
            throw new MqttProtocolException(
                MqttReasonCode.PacketTooLarge, $"A packet of {headerLength + bodyLength} bytes is beyond the limit of {maxPacketSize}.", "MQTT-3.2.2-15");
        }

        return true;
    }
}
