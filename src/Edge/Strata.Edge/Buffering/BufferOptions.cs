using Strata.Forwarding;

namespace Strata.Edge.Buffering;

/// <summary>The agent's durable buffer.</summary>
public sealed record BufferOptions
{
    /// <summary>Bytes on disk at most. 64 KiB to 1 TiB; default 64 MiB (some 100,000 records of a room sensor).</summary>
    public long MaxBytes { get; init; } = 64L << 20;

    /// <summary>
    /// What happens when it is full. <see cref="WhenFull.Refuse"/> (default): nothing more is read from the source; a replay and a pipe wait, host samples are not
    /// taken. <see cref="WhenFull.DropOldest"/>: the oldest records that were never sent are given up and counted as lost.
    /// </summary>
    public WhenFull WhenFull { get; init; } = WhenFull.Refuse;

    internal IEnumerable<string> Validate()
    {
        if (MaxBytes is < 64 << 10 or > 1L << 40)
            yield return $"The buffer has {MaxBytes} bytes; it must be 64 KiB to 1 TiB.";
    }
}
