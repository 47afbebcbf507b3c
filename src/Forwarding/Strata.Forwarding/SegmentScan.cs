using System.Buffers.Binary;

namespace Strata.Forwarding;

/// <param name="Offset">Where its header begins.</param>
internal readonly record struct ScannedRecord(RecordHeader Header, long Offset);

/// <param name="Readings">Readings in the stretch, from the running count that every record carries.</param>
internal readonly record struct DamagedStretch(long First, long Last, long Readings);

/// <summary>
/// Everything a segment file holds, found without trusting any of it: intact records, damaged stretches between them, and the torn end of an append
/// that had not finished.
/// </summary>
internal sealed class SegmentScan
{
    private readonly byte[] file;
    private readonly uint seed;
    private readonly bool isLast;
    private long runningReadings;
    private long groupStart;
    private int groupRecords;
    private long groupNext;

    private SegmentScan(byte[] file, long first, long readingsBefore, uint seed, bool isLast)
    {
        this.file = file;
        this.seed = seed;
        this.isLast = isLast;
        Next = groupNext = first;
        End = groupStart = SegmentHeader.Size;
        runningReadings = readingsBefore;
    }

    public List<ScannedRecord> Records { get; } = [];

    public List<DamagedStretch> Damaged { get; } = [];

    /// <summary>Where damaged bytes begin and where the next record does.</summary>
    public Dictionary<long, long> Skips { get; } = [];

    /// <summary>Where the intact content ends.</summary>
    public long End { get; private set; }

    /// <summary>The number after the last.</summary>
    public long Next { get; private set; }

    /// <summary>Whether a memo was damaged.</summary>
    public bool MemoDamaged { get; private set; }

    /// <param name="following">First number and readings before it of the next segment; null for the last one.</param>
    public static SegmentScan Run(byte[] file, long first, long readingsBefore, uint seed, (long First, long? ReadingsBefore)? following)
    {
        var scan = new SegmentScan(file, first, readingsBefore, seed, following is null);
        while (scan.End < file.Length && scan.Step())
        {
        }
        if (following is { } next)
            scan.EndBefore(next.First, next.ReadingsBefore);
        else if (scan.Records.Count > scan.groupRecords)
            scan.CutGroup();
        return scan;
    }

    private bool Step()
    {
        var rest = file.AsSpan((int)End);
        var readable = RecordHeader.TryRead(rest, seed, out var header);
        if (readable && header.Number == Next && header.IsIntact(rest, seed))
        {
            Accept(header);
            return true;
        }
        if (Resync(out var at, out var found))
        {
            Damage(found.Number, found.ReadingsBefore - runningReadings, at);
            return true;
        }
        var expected = readable && header.Number == Next;
        if (expected && rest.Length >= header.Length)
        {
            Damage(header.IsMemo ? Next : Next + 1, header.IsMemo ? 0 : header.Readings, End + header.Length);
            return true;
        }
        if (!isLast)
            return false;
        if (expected || rest.Length < RecordHeader.Size || !rest.ContainsAnyExcept((byte)0))
            CutGroup();
        else
            DamagedEnd();
        return false;
    }

    private void Accept(in RecordHeader header)
    {
        Records.Add(new ScannedRecord(header, End));
        End += header.Length;
        runningReadings += header.IsMemo || header.IsGap ? 0 : header.Readings;
        if (!header.IsMemo)
            Next++;
        if (header.EndsGroup)
            CloseGroup();
    }

    /// <summary>Records before damaged bytes stand: their group had ended, or what follows could not have been written.</summary>
    private void Damage(long next, long readings, long offset)
    {
        if (next > Next)
            Damaged.Add(new DamagedStretch(Next, next - 1, Math.Max(0, readings)));
        else
            MemoDamaged = true;
        if (offset > End)
            Skips[End] = offset;
        runningReadings += Math.Max(0, readings);
        Next = next;
        End = offset;
        CloseGroup();
    }

    /// <summary>The last bytes are no record and no torn one either: at least one number was there and may have been sent, so it is not used again.</summary>
    private void DamagedEnd() => Damage(Next + 1, 0, End);

    private void EndBefore(long next, long? readingsBefore)
    {
        if (Next < next)
            Damaged.Add(new DamagedStretch(Next, next - 1, Math.Max(0, (readingsBefore ?? runningReadings) - runningReadings)));
        if (End < file.Length)
            Skips[End] = file.Length;
        (Next, End) = (next, file.Length);
    }

    private void CloseGroup() => (groupStart, groupRecords, groupNext) = (End, Records.Count, Next);

    private void CutGroup()
    {
        Records.RemoveRange(groupRecords, Records.Count - groupRecords);
        (End, Next) = (groupStart, groupNext);
    }

    private bool Resync(out long offset, out RecordHeader header)
    {
        var most = Next + (file.Length / RecordHeader.Size) + 1;
        for (var at = (int)End; at + RecordHeader.Size <= file.Length; at++)
        {
            var rest = file.AsSpan(at);
            var number = BinaryPrimitives.ReadInt64LittleEndian(rest[8..]);
            if (number < Next || (number > most && at > End) || !RecordHeader.TryRead(rest, seed, out header) || !header.IsIntact(rest, seed))
                continue;
            offset = at;
            return true;
        }
        (offset, header) = (0, default);
        return false;
    }
}
