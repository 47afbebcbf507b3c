namespace Strata.Forwarding;

/// <summary>What an append does when the log has reached its size.</summary>
public enum WhenFull
{
    /// <summary>Takes nothing: the caller keeps what it has and tries later.</summary>
    Refuse,

    /// <summary>
    /// Gives up the oldest records to make room; each loss becomes a <see cref="ForwardGap"/>. Not those given out and not acknowledged: the peer may have them.
    /// </summary>
    DropOldest,
}

/// <summary>How a <see cref="ForwardLog"/> is kept.</summary>
public sealed record ForwardLogOptions
{
    /// <summary>The log's own folder; made (0700) when missing. One process at a time.</summary>
    public required string Folder { get; init; }

    /// <summary>Bytes on disk at most, 64 KiB or more. Default 1 GiB.</summary>
    public long MaxBytes { get; init; } = 1L << 30;

    /// <summary>Bytes of one segment file; the unit in which space is given back and the oldest is dropped. At most an eighth of <see cref="MaxBytes"/> is used. 4 KiB or more (from 64 KiB to 1 GiB as a setting), default 8 MiB.</summary>
    public int SegmentBytes { get; init; } = 8 << 20;

    /// <summary>Default <see cref="WhenFull.Refuse"/>.</summary>
    public WhenFull WhenFull { get; init; } = WhenFull.Refuse;

    /// <summary>The longest payload, bytes. 1 to 64 MiB (from 1 MiB as a setting), default 1 MiB.</summary>
    public int MaxRecordBytes { get; init; } = 1 << 20;

    /// <summary>How many separate runs of settled numbers are kept; beyond it live records wait until the backlog has caught up. 2 or more (to 1,000,000 as a setting), default 1,024.</summary>
    public int MaxIntervals { get; init; } = 1024;

    /// <summary>
    /// Makes the payload that tells the peer of a gap. When set, the log appends it as a record of its own (with the next number, atomically, before the
    /// records of the next append). When null, gaps are counted and reported in <see cref="AppendResult.Gaps"/> and <see cref="OpeningReport.Gaps"/> only.
    /// </summary>
    public Func<ForwardGap, ReadOnlyMemory<byte>>? GapPayload { get; init; }

    /// <summary>The tag of gap records. Default 7.</summary>
    public byte GapTag { get; init; } = ForwardLog.Tags - 1;

    /// <summary>Puts written bytes on the disk; tests put a failing one here.</summary>
    internal Action<Microsoft.Win32.SafeHandles.SafeFileHandle> Flush { get; init; } = RandomAccess.FlushToDisk;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxBytes, 64 << 10, nameof(MaxBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(SegmentBytes, 4 << 10, nameof(SegmentBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRecordBytes, 1, nameof(MaxRecordBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxRecordBytes, 64 << 20, nameof(MaxRecordBytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxIntervals, 2, nameof(MaxIntervals));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(GapTag, ForwardLog.Tags, nameof(GapTag));
    }
}
