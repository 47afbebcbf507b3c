namespace Strata.Forwarding;

public sealed partial class ForwardLog
{
    /// <summary>
    /// Two ways through what waits, cut at the next number: the backlog (what was there before, in order) and the live records from now on. Call it when the
    /// link comes up: live records then go at once while the backlog follows at its own rate.
    /// </summary>
    public (ForwardCursor Backlog, ForwardCursor Live) Split()
    {
        lock (gate)
            return (new ForwardCursor(this, 1, Next), new ForwardCursor(this, Next, null));
    }

    /// <summary>One way through all that waits and all that comes, in order.</summary>
    public ForwardCursor OpenAll() => new(this, 1, null);

    /// <summary>Whether live records wait because too many separate runs of numbers are settled.</summary>
    public bool LiveWaits
    {
        get
        {
            lock (gate)
                return state.Settled.Intervals.Count > options.MaxIntervals;
        }
    }

    /// <summary>Reads on for a sender: what it is given is not dropped until the peer has acknowledged it.</summary>
    internal IReadOnlyList<ForwardEntry> Give(ref long position, long? until, int maxEntries, int maxBytes)
    {
        lock (gate)
        {
            var entries = Read(ref position, until, maxEntries, Math.Min(maxBytes, segmentBytes));
            foreach (var entry in entries)
                given.Add(entry.Number);
            return entries;
        }
    }

    internal IReadOnlyList<ForwardEntry> Read(ref long position, long? until, int maxEntries, int maxBytes)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var entries = new List<ForwardEntry>();
            var bytes = 0;
            var end = Math.Min(until ?? Next, Next);
            while (position < end && entries.Count < maxEntries && (bytes < maxBytes || entries.Count == 0))
            {
                var (first, last) = state.Settled.Missing(position, end - 1).FirstOrDefault();
                if (first == 0)
                {
                    position = end;
                    break;
                }
                var segment = segments.Find(s => first < s.Next) ?? throw new InvalidOperationException($"No segment holds number {first}.");
                position = Math.Max(first, segment.First);
                if (!TryRead(segment, ref position, Math.Min(last, segment.Next - 1), maxEntries, maxBytes, ref bytes, entries))
                {
                    Heal(segment);
                    TrySaveState();
                }
            }
            return entries;
        }
    }

    internal bool AllSettled(long before)
    {
        lock (gate)
            return LowestWaiting() >= before;
    }

    private bool TryRead(Segment segment, ref long position, long last, int maxEntries, int maxBytes, ref int bytes, List<ForwardEntry> entries)
    {
        var next = position;
        var taken = bytes;
        var healthy = segment.Walk(seed, position, last, verify: true, (in RecordHeader header, ReadOnlySpan<byte> payload) =>
        {
            var body = header.IsGap ? payload[GapPrefix.Size..] : payload;
            if (entries.Count > 0 && (entries.Count >= maxEntries || taken + body.Length > maxBytes))
            {
                taken = maxBytes;
                return false;
            }
            entries.Add(new ForwardEntry(
                header.Number, header.Tag, header.Readings, GapPrefix.Time(header.From), GapPrefix.Time(header.To), GapPrefix.Time(header.Cursor),
                DateTimeOffset.UnixEpoch.AddMicroseconds(header.Appended), body.ToArray()));
            taken += body.Length;
            next = header.Number + 1;
            return true;
        });
        if (healthy && next == position && entries.Count < maxEntries && taken < maxBytes)
            next = last + 1;
        bytes = taken;
        position = next;
        return healthy;
    }

    /// <summary>Damage met while the log is open: the segment is looked through again and what is damaged is given up.</summary>
    private void Heal(Segment segment)
    {
        var at = segments.IndexOf(segment);
        var content = File.ReadAllBytes(segment.Path).AsSpan(0, (int)segment.Length).ToArray();
        (long, long?)? following = at + 1 < segments.Count ? (segments[at + 1].First, null) : (segment.Next, null);
        var scan = SegmentScan.Run(content, segment.First, ReadingsBefore(content), seed, following);
        segment.Adopt(scan);
        GiveUp(scan.Damaged, []);
        Recount();
    }

    private static long ReadingsBefore(byte[] content) => SegmentHeader.TryRead(content) is { } header ? Sum(header.Appended).Readings : 0;
}

/// <summary>A way through the waiting records of a <see cref="ForwardLog"/>. Belongs to one sender; not safe for use by two threads at once.</summary>
public sealed class ForwardCursor
{
    private readonly ForwardLog log;
    private readonly long start;
    private long position;

    internal ForwardCursor(ForwardLog log, long start, long? end)
    {
        this.log = log;
        this.start = start;
        End = end;
        position = start;
    }

    /// <summary>The number before which it ends; null when it goes on with what is appended.</summary>
    public long? End { get; }

    /// <summary>The number at which the next read begins.</summary>
    public long Position => position;

    /// <summary>Whether everything in its range is acknowledged; never for a cursor without an end.</summary>
    public bool IsDone => End is { } end && log.AllSettled(end);

    /// <summary>
    /// The next waiting records in order and moves on. At least one when there is one, however long; a segment's worth at most. Empty when there is none, and
    /// for a live cursor while <see cref="ForwardLog.LiveWaits"/>.
    /// </summary>
    public IReadOnlyList<ForwardEntry> Read(int maxEntries, int maxBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEntries, 1);
        return End is null && start > 1 && log.LiveWaits ? [] : log.Give(ref position, End, maxEntries, maxBytes);
    }

    /// <summary>Goes back to its start: what was read and not acknowledged is given again.</summary>
    public void Rewind() => position = start;
}
