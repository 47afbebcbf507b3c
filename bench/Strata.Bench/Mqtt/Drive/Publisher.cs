using System.Buffers.Binary;
using System.Diagnostics;

namespace Strata.Bench.Mqtt.Drive;

/// <summary>Publishes messages whose first eight bytes are the time of sending; holds each answer against what is outstanding.</summary>
internal sealed class Publisher : WireClient
{
    private readonly DriveCounts counts;
    private readonly DriveOptions options;
    private readonly byte[][] packets;
    private readonly ushort[] free;
    private readonly byte[] states;
    private int freeCount;
    private int turn;

    public Publisher(int fd, DriveOptions options, DriveCounts counts, IReadOnlyList<string> topics)
        : base(fd)
    {
        this.options = options;
        this.counts = counts;
        packets = [.. topics.Select(topic => Packets.Publish(topic, options.QoS, options.Payload))];
        free = new ushort[options.Window];
        states = new byte[options.Window + 1];
        for (var i = options.Window; i > 0; i--)
            free[freeCount++] = (ushort)i;
    }

    /// <summary>Publishes it may send now; QoS 0 is not held back here.</summary>
    public int Room => options.QoS == 0 ? int.MaxValue : freeCount;

    /// <summary>It answers an acknowledgement with the next publish.</summary>
    public bool GoesOn { get; set; }

    public void Publish(int count, Poller poller)
    {
        Write(count, poller.Scratch);
        poller.Send(this);
    }

    protected override void Take(byte first, ReadOnlySpan<byte> body, Scratch scratch)
    {
        var id = BinaryPrimitives.ReadUInt16BigEndian(body);
        switch (first >> 4)
        {
            case 4:
                Expect(id, 1);
                Done(id);
                break;
            case 5:
                Expect(id, 1);
                states[id] = 2;
                scratch.Ack(0x62, id);
                break;
            case 7:
                Expect(id, 2);
                Done(id);
                break;
            default:
                throw new InvalidOperationException($"A publisher got packet {first:X2}.");
        }
    }

    protected override void End(Poller poller)
    {
        if (GoesOn && freeCount > 0)
            Write(freeCount, poller.Scratch);
    }

    private void Expect(int id, byte state)
    {
        if (id >= states.Length || states[id] != state)
            throw new InvalidOperationException($"An answer to {id}, which is not due.");
    }

    private void Done(ushort id)
    {
        counts.Acknowledged++;
        states[id] = 0;
        free[freeCount++] = id;
    }

    private void Write(int count, Scratch scratch)
    {
        var now = Stopwatch.GetTimestamp();
        counts.Published += count;
        for (; count > 0; count--)
        {
            var packet = packets[turn];
            var at = scratch.Take(packet.Length);
            packet.CopyTo(at);
            BinaryPrimitives.WriteInt64LittleEndian(at[^options.Payload..], now);
            if (options.QoS > 0)
            {
                var id = free[--freeCount];
                states[id] = 1;
                BinaryPrimitives.WriteUInt16BigEndian(at[(packet.Length - options.Payload - 2)..], id);
            }

            turn = turn + 1 == packets.Length ? 0 : turn + 1;
        }
    }
}
