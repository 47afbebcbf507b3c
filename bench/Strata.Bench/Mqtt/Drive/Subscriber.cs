using System.Buffers.Binary;
using System.Diagnostics;

namespace Strata.Bench.Mqtt.Drive;

/// <summary>Takes messages, acknowledges them, and counts how long each was under way.</summary>
internal sealed class Subscriber(int fd, DriveOptions options, DriveCounts counts) : WireClient(fd)
{
    private long now;

    protected override void Begin() => now = Stopwatch.GetTimestamp();

    protected override void Take(byte first, ReadOnlySpan<byte> body, Scratch scratch)
    {
        switch (first >> 4)
        {
            case 3:
                var qos = (first >> 1) & 3;
                counts.Delivered++;
                counts.Latency.Add(now - BinaryPrimitives.ReadInt64LittleEndian(body[^options.Payload..]));
                if (qos > 0)
                    scratch.Ack(qos == 1 ? (byte)0x40 : (byte)0x50, BinaryPrimitives.ReadUInt16BigEndian(body[(2 + BinaryPrimitives.ReadUInt16BigEndian(body))..]));
                break;
            case 6:
                scratch.Ack(0x70, BinaryPrimitives.ReadUInt16BigEndian(body));
                break;
            default:
                throw new InvalidOperationException($"A subscriber got packet {first:X2}.");
        }
    }
}
