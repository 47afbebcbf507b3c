using Microsoft.Win32.SafeHandles;

namespace Strata.Forwarding;

/// <summary>One segment file as the log knows it: its numbers and where some of them begin.</summary>
internal sealed class Segment(string path, long first)
{
    private const int MarkEvery = 64 << 10;
    private readonly List<(long Number, long Offset)> marks = [];
    private Dictionary<long, long> skips = [];

    public string Path { get; } = path;

    public long First { get; } = first;

    /// <summary>The number after the last.</summary>
    public long Next { get; set; } = first;

    public long Length { get; set; }

    public long Count => Next - First;

    public static string NameOf(long first) => $"{first:D20}.seg";

    /// <summary>Notes where a record begins.</summary>
    public void Note(long number, long offset)
    {
        if (marks.Count == 0 || offset - marks[^1].Offset >= MarkEvery)
            marks.Add((number, offset));
    }

    /// <summary>Takes over what a scan found.</summary>
    public void Adopt(SegmentScan scan)
    {
        marks.Clear();
        foreach (var record in scan.Records)
            Note(record.Header.Number, record.Offset);
        skips = scan.Skips;
        Next = scan.Next;
        Length = scan.End;
    }

    /// <summary>
    /// Visits the records from <paramref name="from"/> to <paramref name="last"/> (memos too) until the visitor says no. With <paramref name="verify"/>
    /// payloads are checked, otherwise headers only.
    /// </summary>
    /// <returns>False when a damaged record was met that is not known yet.</returns>
    public bool Walk(uint seed, long from, long last, bool verify, RecordVisitor visit)
    {
        using var reader = new SegmentReader(Path);
        for (var at = OffsetBefore(from); at < Length;)
        {
            var head = reader.Get(at, RecordHeader.Size);
            if (!RecordHeader.TryRead(head, seed, out var header))
            {
                if (!skips.TryGetValue(at, out at))
                    return false;
                continue;
            }
            if (header.Number > last)
                return true;
            if (header.Number >= from && !header.IsMemo)
            {
                var whole = verify || header.IsGap ? reader.Get(at, header.Length) : head;
                if ((verify || header.IsGap) && !header.IsIntact(whole, seed))
                {
                    if (!skips.TryGetValue(at, out at))
                        return false;
                    continue;
                }
                if (!visit(header, whole[RecordHeader.Size..]))
                    return true;
            }
            at += header.Length;
        }
        return true;
    }

    private long OffsetBefore(long number)
    {
        int low = 0, high = marks.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (marks[middle].Number <= number)
                low = middle + 1;
            else
                high = middle;
        }
        return low == 0 ? SegmentHeader.Size : marks[low - 1].Offset;
    }
}

/// <param name="payload">The payload when the walk verifies or the record is a gap, else empty; valid during the call.</param>
internal delegate bool RecordVisitor(in RecordHeader header, ReadOnlySpan<byte> payload);

/// <summary>Reads a file forwards in pieces of 64 KiB or the record's length.</summary>
internal sealed class SegmentReader(string path) : IDisposable
{
    private readonly SafeFileHandle file = File.OpenHandle(path);
    private byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(64 << 10);
    private long start;
    private int have;

    /// <summary>The bytes at an offset, fewer at the end of the file; valid until the next call.</summary>
    public ReadOnlySpan<byte> Get(long offset, int length)
    {
        if (offset < start || offset + length > start + have)
            Load(offset, length);
        var from = (int)(offset - start);
        return buffer.AsSpan(from, Math.Min(length, have - from));
    }

    public void Dispose()
    {
        System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        file.Dispose();
    }

    private void Load(long offset, int length)
    {
        if (length > buffer.Length)
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
            buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(length);
        }
        start = offset;
        have = 0;
        for (int read; have < buffer.Length && (read = RandomAccess.Read(file, buffer.AsSpan(have), start + have)) > 0;)
            have += read;
    }
}
