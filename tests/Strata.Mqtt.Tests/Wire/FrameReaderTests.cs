using System.Buffers;
using CsCheck;
using Strata.Mqtt.Wire;

namespace Strata.Mqtt.Tests.Wire;

public sealed class FrameReaderTests
{
    private static readonly Gen<byte[]> Packet =
        from first in Gen.Byte
        from body in Gen.Byte.Array[0, 300]
        select Packets.Frame(first, body);

    [Fact]
    public void Any_fragmentation_decodes_the_same() =>
        Gen.Select(Packet.Array[0, 20], Gen.Int[0, 1000].Array[0, 40], Gen.Int[0, 300]).Sample((packets, cuts, missing) =>
        {
            var stream = packets.SelectMany(static packet => packet).ToArray();
            stream = stream[..Math.Max(0, stream.Length - missing)];
            var whole = Decode(new ReadOnlySequence<byte>(stream), out var consumedWhole);
            var pieces = Decode(Cut(stream, cuts), out var consumedPieces);
            return whole.SequenceEqual(pieces) && consumedWhole == consumedPieces
                && whole.SequenceEqual(packets.Take(whole.Count).Select(static packet => Convert.ToHexString(packet)));
        });

    [Fact]
    public void A_stream_that_arrives_byte_by_byte_decodes_the_same() => Packet.Array[1, 10].Sample(packets =>
    {
        var stream = packets.SelectMany(static packet => packet).ToArray();
        var seen = new List<string>();
        var start = 0;
        for (var end = 1; end <= stream.Length; end++)
        {
            seen.AddRange(Decode(new ReadOnlySequence<byte>(stream[start..end]), out var consumed));
            start += (int)consumed;
        }

        return seen.SequenceEqual(packets.Select(static packet => Convert.ToHexString(packet)));
    });

    [Fact]
    public void A_length_beyond_the_limit_is_refused_before_its_bytes_arrive()
    {
        var error = Assert.Throws<MqttProtocolException>(static () =>
        {
            var frames = new FrameReader(new ReadOnlySequence<byte>([0x30, 0xFF, 0xFF, 0xFF, 0x7F]), 1024, shortestForm: true);
            frames.TryRead(out _, out _);
        });
        Assert.Equal(MqttReasonCode.PacketTooLarge, error.ReasonCode);
    }

    private static List<string> Decode(ReadOnlySequence<byte> stream, out long consumed)
    {
        var frames = new FrameReader(stream, 1024, shortestForm: true);
        var packets = new List<string>();
        while (frames.TryRead(out var first, out var body))
            packets.Add(Convert.ToHexString(Packets.Frame(first, body.ToArray())));
        consumed = stream.Slice(stream.Start, frames.Consumed).Length;
        frames.Dispose();
        return packets;
    }

    private static ReadOnlySequence<byte> Cut(byte[] stream, int[] cuts)
    {
        var points = cuts.Select(cut => Math.Min(cut, stream.Length)).Append(0).Append(stream.Length).Order().ToArray();
        var first = new Piece(default, 0);
        var last = first;
        for (var i = 1; i < points.Length; i++)
            last = last.Append(stream.AsMemory(points[i - 1]..points[i]));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
