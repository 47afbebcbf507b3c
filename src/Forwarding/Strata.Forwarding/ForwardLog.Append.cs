using System.Buffers;
using Strata.Core.Telemetry;

namespace Strata.Forwarding;

public sealed partial class ForwardLog
{
    /// <summary>
    /// Appends the records as one group: all are on the disk when this returns <see cref="AppendOutcome.Appended"/>, and after a crash all or none are there.
    /// Gaps that are not told yet go first, as records of their own. No records and no memo: only those.
    /// </summary>
    /// <param name="memo">The caller's own state, kept with the group and given back as <see cref="Memo"/>; null leaves the last one standing.</param>
    /// <exception cref="ForwardLogStoppedException">The disk failed; nothing is taken any more.</exception>
    /// <exception cref="ArgumentException">A record is longer than the options allow.</exception>
    public async Task<AppendResult> AppendAsync(
        IReadOnlyList<ForwardRecord> records, ReadOnlyMemory<byte>? memo = null, CancellationToken cancellationToken = default)
    {
        foreach (var record in records)
        {
            if (record.Payload.Length > options.MaxRecordBytes)
                throw new ArgumentException($"A record has {record.Payload.Length} bytes; at most {options.MaxRecordBytes} are allowed.", nameof(records));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(record.Tag, Tags, nameof(records));
            ArgumentOutOfRangeException.ThrowIfNegative(record.Readings, nameof(records));
        }
        if (memo is { } m && m.Length > options.MaxRecordBytes)
            throw new ArgumentException($"The memo has {m.Length} bytes; at most {options.MaxRecordBytes} are allowed.", nameof(memo));
        await appending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Append(records, memo), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            appending.Release();
        }
    }

    private AppendResult Append(IReadOnlyList<ForwardRecord> records, ReadOnlyMemory<byte>? newMemo)
    {
        var dropped = new List<ForwardGap>();
        AppendGroup group;
        Segment segment;
        lock (gate)
        {
            ThrowIfStopped();
            try
            {
                while (!Fits(group = new AppendGroup(records, Told(), newMemo, options)))
                {
                    if (!TryMakeRoom(dropped))
                        return new AppendResult(AppendOutcome.Full, 0, 0, dropped);
                }
                if (group.IsEmpty)
                    return new AppendResult(AppendOutcome.Appended, 0, 0, dropped);
                if (segments[^1].Count > 0 && segments[^1].Length + group.Bytes > segmentBytes)
                    Roll();
            }
            catch (IOException) when (Failure is null)
            {
                return new AppendResult(AppendOutcome.NoSpace, 0, 0, dropped);
            }
            segment = segments[^1];
        }
        var now = EventTime.From(time.GetUtcNow());
        var buffer = ArrayPool<byte>.Shared.Rent(group.Bytes);
        try
        {
            var written = group.Encode(buffer, Next, Sum(appended).Readings, now, seed, Cursor);
            if (!TryWrite(segment, buffer.AsSpan(0, group.Bytes)))
                return new AppendResult(AppendOutcome.NoSpace, 0, 0, dropped);
            lock (gate)
                Publish(segment, written, group, newMemo);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return new AppendResult(AppendOutcome.Appended, records.Count == 0 ? 0 : Next - records.Count, records.Count == 0 ? 0 : Next - 1, dropped);
    }

    private IReadOnlyList<ForwardGap> Told() => options.GapPayload is null ? [] : [.. state.Pending];

    private bool Fits(AppendGroup group) => DiskBytes() + group.Bytes + SegmentHeader.Size + (memo?.Length ?? 0) + RecordHeader.Size <= options.MaxBytes;

    private bool TryWrite(Segment segment, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(active.SafeFileHandle, bytes, segment.Length);
        }
        catch (IOException reason)
        {
            TakeBack(segment, reason);
            return false;
        }
        try
        {
            options.Flush(active.SafeFileHandle);
        }
        catch (IOException reason)
        {
            Stop("An append could not be put on the disk", reason);
        }
        return true;
    }

    /// <summary>What a failed write left is cut off, so that the next append stands behind the last good one.</summary>
    private void TakeBack(Segment segment, IOException reason)
    {
        try
        {
            RandomAccess.SetLength(active.SafeFileHandle, segment.Length);
        }
        catch (IOException)
        {
            Stop("A failed write could not be taken back", reason);
        }
    }

    private void Publish(Segment segment, List<ScannedRecord> written, AppendGroup group, ReadOnlyMemory<byte>? newMemo)
    {
        foreach (var record in written)
        {
            segment.Note(record.Header.Number, segment.Length + record.Offset);
            Count(record.Header, appended);
            Count(record.Header, waiting);
            if (!record.Header.IsMemo)
                (Next, Cursor) = (record.Header.Number + 1, GapPrefix.Time(record.Header.Cursor));
        }
        for (var i = 0; i < group.Gaps.Count; i++)
            unsaid[written[i].Header.Number] = group.Gaps[i];
        if (group.Gaps.Count > 0)
        {
            state.Pending.RemoveRange(0, group.Gaps.Count);
            stateIsBehind = true;
        }
        if (newMemo is { } m)
            memo = m.ToArray();
        segment.Length += group.Bytes;
        segment.Next = Next;
        var waiters = arrived;
        arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiters.TrySetResult();
    }

    private static void Count(in RecordHeader header, ForwardCount[] counts, int sign = 1)
    {
        if (!header.IsMemo)
            counts[header.Tag] += new ForwardCount(sign, sign * (long)header.Readings, sign * (long)(header.IsGap ? header.PayloadLength - GapPrefix.Size : header.PayloadLength));
    }
}
