namespace Strata.Forwarding;

/// <summary>The records of one append as they will stand in the file: gaps not yet told, the caller's records, the memo.</summary>
internal sealed class AppendGroup
{
    private const long MaxBytes = 256 << 20;
    private readonly IReadOnlyList<ForwardRecord> records;
    private readonly List<ReadOnlyMemory<byte>> gapPayloads;
    private readonly ReadOnlyMemory<byte>? memo;
    private readonly byte gapTag;

    public AppendGroup(IReadOnlyList<ForwardRecord> records, IReadOnlyList<ForwardGap> gaps, ReadOnlyMemory<byte>? memo, ForwardLogOptions options)
    {
        this.records = records;
        this.memo = memo;
        Gaps = gaps;
        gapTag = options.GapTag;
        gapPayloads = [.. gaps.Select(g => options.GapPayload!(g))];
        var bytes = gapPayloads.Sum(p => (long)RecordHeader.Size + GapPrefix.Size + p.Length) + records.Sum(r => (long)RecordHeader.Size + r.Payload.Length);
        if (memo is { } m)
            bytes += RecordHeader.Size + m.Length;
        if (bytes > MaxBytes)
            throw new ArgumentException($"One append has {bytes} bytes; at most {MaxBytes} are allowed.", nameof(records));
        Bytes = (int)bytes;
    }

    public IReadOnlyList<ForwardGap> Gaps { get; }

    public int Bytes { get; }

    public bool IsEmpty => Bytes == 0;

    /// <summary>Writes all records; returns them with their offsets in <paramref name="target"/>.</summary>
    public List<ScannedRecord> Encode(byte[] target, long number, long readingsBefore, long now, uint seed, long? cursor)
    {
        var written = new List<ScannedRecord>(records.Count + Gaps.Count + 1);
        var at = 0;
        for (var i = 0; i < Gaps.Count; i++)
        {
            var body = target.AsSpan(at + RecordHeader.Size);
            GapPrefix.Write(body, Gaps[i]);
            gapPayloads[i].Span.CopyTo(body[GapPrefix.Size..]);
            Write(new RecordHeader(
                GapPrefix.Size + gapPayloads[i].Length, number++, gapTag, RecordFlags.Gap, 0, Gaps[i].From ?? RecordHeader.NoTime,
                Gaps[i].To ?? RecordHeader.NoTime, cursor ?? RecordHeader.NoTime, now, readingsBefore));
        }
        foreach (var record in records)
        {
            record.Payload.Span.CopyTo(target.AsSpan(at + RecordHeader.Size));
            Write(new RecordHeader(
                record.Payload.Length, number++, record.Tag, RecordFlags.None, record.Readings, record.From ?? RecordHeader.NoTime,
                record.To ?? RecordHeader.NoTime, (cursor = record.Cursor ?? cursor) ?? RecordHeader.NoTime, now, readingsBefore));
            readingsBefore += record.Readings;
        }
        if (memo is { } m)
        {
            m.Span.CopyTo(target.AsSpan(at + RecordHeader.Size));
            Write(OfMemo(m.Length, number, now, readingsBefore));
        }
        return written;

        void Write(RecordHeader header)
        {
            if (at + header.Length == Bytes)
                header = header with { Flags = header.Flags | RecordFlags.EndOfGroup };
            header.Write(target.AsSpan(at), seed);
            written.Add(new ScannedRecord(header, at));
            at += header.Length;
        }
    }

    public static RecordHeader OfMemo(int length, long number, long now, long readingsBefore) =>
        new(length, number, 0, RecordFlags.Memo, 0, RecordHeader.NoTime, RecordHeader.NoTime, 0, now, readingsBefore);
}
