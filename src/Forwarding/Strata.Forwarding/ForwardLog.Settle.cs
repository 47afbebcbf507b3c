using Strata.Storage;

namespace Strata.Forwarding;

public sealed partial class ForwardLog
{
    /// <summary>
    /// The peer has these numbers (closed intervals, as in its answer): they are never given out again, and segments without a waiting record are deleted.
    /// Numbers that are settled already or were never given out change nothing.
    /// </summary>
    /// <returns>How many were waiting until now.</returns>
    public long Acknowledge(IEnumerable<(long First, long Last)> intervals)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            long settled = 0;
            foreach (var (first, last) in intervals)
            {
                foreach (var hole in state.Settled.Missing(Math.Max(1, first), Math.Min(last, Next - 1)).ToList())
                {
                    Settle(hole.First, hole.Last, (in RecordHeader header, ReadOnlySpan<byte> _) => unsaid.Remove(header.Number));
                    settled += hole.Last - hole.First + 1;
                }
            }
            if (settled == 0)
                return 0;
            TrySaveState();
            DeleteSettledSegments();
            return settled;
        }
    }

    /// <summary>Takes waiting numbers out of the books; <paramref name="onGap"/> sees the gap records among them.</summary>
    private void Settle(long first, long last, RecordVisitor onGap, RecordVisitor? onRecord = null)
    {
        foreach (var segment in segments.Where(s => s.First <= last && first < s.Next).ToList())
        {
            var from = Math.Max(first, segment.First);
            var healthy = segment.Walk(seed, from, last, verify: false, (in RecordHeader header, ReadOnlySpan<byte> payload) =>
            {
                Count(header, waiting, -1);
                onRecord?.Invoke(header, payload);
                if (header.IsGap)
                    onGap(header, payload);
                return true;
            });
            if (!healthy)
            {
                state.Settled.Add(first, last);
                Heal(segment);
            }
        }
        state.Settled.Add(first, last);
        given.Remove(first, last);
    }

    private bool TryMakeRoom(List<ForwardGap> dropped)
    {
        var newest = segments[^1];
        if (newest.Count > 0 && !state.Settled.Missing(newest.First, newest.Next - 1).Any())
        {
            Roll();
            DeleteSettledSegments();
            return true;
        }
        if (options.WhenFull == WhenFull.Refuse || (segments.Count == 1 && newest.Count == 0))
            return false;
        if (segments.Count == 1)
            Roll();
        if (segments.SkipLast(1).FirstOrDefault(s => !IsGiven(s)) is not { } oldest)
            return false;
        Drop(oldest, dropped);
        return true;
    }

    /// <summary>Whether a waiting record of the segment was given out: the peer may have it, so that its loss would be a lie.</summary>
    private bool IsGiven(Segment segment) => given.Intervals.Any(g => g.First < segment.Next && segment.First <= g.Last);

    /// <summary>Gives up a segment's waiting records: first the loss is on the disk, then the file goes.</summary>
    private void Drop(Segment segment, List<ForwardGap> dropped)
    {
        foreach (var (first, last) in state.Settled.Missing(segment.First, segment.Next - 1).ToList())
        {
            long readings = 0;
            long? from = null, to = null;
            var toldAgain = new List<ForwardGap>();
            Settle(
                first, last,
                (in RecordHeader header, ReadOnlySpan<byte> payload) =>
                {
                    unsaid.Remove(header.Number);
                    toldAgain.Add(GapPrefix.Read(payload));
                    return true;
                },
                (in RecordHeader header, ReadOnlySpan<byte> _) =>
                {
                    Count(header, state.Lost);
                    readings += header.Readings;
                    if (!header.IsGap && header.From != RecordHeader.NoTime)
                        from = Math.Min(from ?? long.MaxValue, header.From);
                    if (!header.IsGap && header.To != RecordHeader.NoTime)
                        to = Math.Max(to ?? long.MinValue, header.To);
                    return true;
                });
            var gap = new ForwardGap(first, last, readings, from, to, ForwardGap.BufferFull);
            state.Gaps++;
            dropped.Add(gap);
            foreach (var again in toldAgain)
                Pend(again);
            Pend(gap);
        }
        SaveState(durable: true);
        Remove(segment);
    }

    /// <summary>Notes a gap to be told, joined with a neighbour of the same reason.</summary>
    private void Pend(ForwardGap gap)
    {
        if (options.GapPayload is null)
            return;
        var at = state.Pending.FindIndex(p => p.Reason == gap.Reason && (p.Last + 1 == gap.First || gap.Last + 1 == p.First));
        if (at < 0)
        {
            state.Pending.Add(gap);
            return;
        }
        var other = state.Pending[at];
        state.Pending.RemoveAt(at);
        Pend(new ForwardGap(
            Math.Min(other.First, gap.First), Math.Max(other.Last, gap.Last), other.Readings + gap.Readings,
            other.From is null ? gap.From : gap.From is null ? other.From : Math.Min(other.From.Value, gap.From.Value),
            other.To is null ? gap.To : gap.To is null ? other.To : Math.Max(other.To.Value, gap.To.Value), gap.Reason));
    }

    private void DeleteSettledSegments()
    {
        foreach (var segment in segments.SkipLast(1).Where(s => !state.Settled.Missing(s.First, s.Next - 1).Any()).ToList())
            Remove(segment);
    }

    private void Remove(Segment segment)
    {
        File.Delete(segment.Path);
        segments.Remove(segment);
    }

    private void SaveState(bool durable) =>
        SafeFiles.Replace(StatePath(options.Folder), state.Write(Stream), durable ? options.Flush : null);

    /// <summary>Acknowledged numbers may be behind on the disk: the records would only be sent again.</summary>
    private void TrySaveState()
    {
        try
        {
            SaveState(durable: false);
            stateIsBehind = false;
        }
        catch (IOException)
        {
            stateIsBehind = true;
        }
    }
}
