using System.Buffers.Binary;

namespace Strata.Edge.Buffering;

/// <summary>One telemetry message as it stands in the log: what was sampled together and passed its dead bands.</summary>
/// <param name="SampledAt">Milliseconds since the epoch by this machine's clock.</param>
/// <param name="Suppressed">Readings suppressed since the batch before.</param>
/// <param name="Immediate">A change of a metric that must not wait for a window.</param>
/// <param name="Payload">The telemetry payload, JSON.</param>
internal readonly record struct Batch(long SampledAt, long Suppressed, bool Immediate, ReadOnlyMemory<byte> Payload)
{
    /// <summary>Bytes of a record that are not payload.</summary>
    public const int HeaderSize = 17;

    public byte[] Write()
    {
        var bytes = new byte[HeaderSize + Payload.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, SampledAt);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), Suppressed);
        bytes[16] = Immediate ? (byte)1 : (byte)0;
        Payload.CopyTo(bytes.AsMemory(HeaderSize));
        return bytes;
    }

    public static Batch Read(ReadOnlyMemory<byte> record) => new(
        BinaryPrimitives.ReadInt64LittleEndian(record.Span), BinaryPrimitives.ReadInt64LittleEndian(record.Span[8..]), record.Span[16] == 1, record[HeaderSize..]);
}
