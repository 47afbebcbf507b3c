using Microsoft.Extensions.Logging;
using Strata.Edge.Books;
using Strata.Forwarding;

namespace Strata.Edge.Buffering;

/// <summary>
/// The agent's durable buffer: records with the state that they follow from in one write, given out to the sender in order, taken out when the gateway has
/// them. One writer and one sender; the books from any thread.
/// </summary>
internal sealed partial class AgentLog : IDisposable
{
    private const int DropAtOnce = 32;
    private static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(1);

    private readonly ForwardLog log;
    private readonly LossFile losses;
    private readonly BufferOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim committing = new(1, 1);
    private readonly SparseLog waits = new();
    private readonly SparseLog drops = new();
    private readonly SparseLog rejections = new();
    private readonly ForwardCursor toDrop;
    private ForwardCursor toSend;
    private long sentThrough;
    private AgentMemo memo;
    private TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AgentLog(ForwardLog log, LossFile losses, BufferOptions options, AgentMemo memo, int window, TimeProvider time, ILogger logger)
    {
        (this.log, this.losses, this.options, this.memo, this.time, this.logger) = (log, losses, options, memo, time, logger);
        (toSend, toDrop) = (log.OpenAll(), log.OpenAll());
        // The process before this one may have sent a window's worth: nobody knows whether the gateway has it.
        sentThrough = log.Lowest + window - 1;
    }

    /// <summary>The stream that numbers are counted in.</summary>
    public string Stream => log.Stream;

    /// <summary>The state to go on from: of the last commit.</summary>
    public AgentMemo Memo
    {
        get
        {
            lock (gate)
                return memo;
        }
    }

    /// <summary>Opens the buffer in its folder or makes it. What opening had to mend is logged.</summary>
    /// <param name="window">How many records a sender may have under way.</param>
    /// <exception cref="IOException">The folder cannot be used, or another agent uses it.</exception>
    /// <exception cref="InvalidDataException">It was written by another version.</exception>
    public static AgentLog Open(string folder, BufferOptions options, string sourceKey, int window, TimeProvider time, ILogger logger)
    {
        var log = ForwardLog.Open(
            new ForwardLogOptions { Folder = Path.Combine(folder, "buffer"), MaxBytes = options.MaxBytes, SegmentBytes = 1 << 20, WhenFull = WhenFull.Refuse }, time);
        try
        {
            foreach (var note in log.Opening.Notes)
                Mended(logger, note);
            var losses = LossFile.Open(folder, log.Stream);
            log.Acknowledge(losses.Rejected.Numbers.Intervals.Concat(losses.Dropped.Numbers.Intervals).ToList());
            var memo = log.Memo is { } bytes ? AgentMemo.Read(bytes) : AgentMemo.StartOf(sourceKey);
            if (memo.SourceKey != sourceKey)
            {
                OtherSource(logger);
                memo = memo with { SourceKey = sourceKey, Position = default };
            }
            return new AgentLog(log, losses, options, memo, window, time, logger);
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Puts the batches and the state that stands after them on the disk, all or nothing; waits while the buffer is full and its policy is to refuse.
    /// </summary>
    /// <param name="durable">False: the state follows from the source again, so without batches nothing needs to be written.</param>
    public async Task CommitAsync(IReadOnlyList<ForwardRecord> records, AgentMemo next, bool durable, CancellationToken cancellationToken)
    {
        var (waited, said) = (false, false);
        while (true)
        {
            Task changed;
            lock (gate)
                changed = settled.Task;
            var outcome = await TryCommitAsync(records, next, durable || records.Count > 0);
            if (outcome == AppendOutcome.Appended)
                break;
            if (outcome == AppendOutcome.Full && options.WhenFull == WhenFull.DropOldest && TryDropOldest())
                continue;
            if (!waited && (said = waits.Next()))
                Waits(logger, outcome == AppendOutcome.Full ? "the buffer is full" : "the disk is full");
            waited = true;
            await WaitAsync(changed, cancellationToken);
        }
        if (said)
            GoesOn(logger);
    }

    /// <summary>The next records to send, oldest first; empty when none waits that was not given out since <see cref="SendAgain"/>.</summary>
    public IReadOnlyList<ForwardEntry> TakeToSend(int most)
    {
        lock (gate)
        {
            var entries = toSend.Read(most, 256 * 1024);
            if (entries.Count > 0)
                sentThrough = Math.Max(sentThrough, entries[^1].Number);
            return entries;
        }
    }

    /// <summary>Completes when <see cref="TakeToSend"/> may give more.</summary>
    public Task WaitToSendAsync(CancellationToken cancellationToken)
    {
        lock (gate)
            return log.WaitBeyondAsync(toSend.Position - 1, cancellationToken);
    }

    /// <summary>A new connection: what was sent and not acknowledged is given out again, under its old numbers.</summary>
    public void SendAgain()
    {
        lock (gate)
            toSend = log.OpenAll();
    }

    /// <summary>The gateway has these records, or refuses them for good (a reason): none is sent again.</summary>
    public void Settle(IReadOnlyList<(ForwardEntry Entry, string? Refused)> records)
    {
        lock (gate)
        {
            foreach (var (entry, refused) in records)
            {
                if (refused is null || log.IsSettled(entry.Number))
                    continue;
                losses.AddRejected(entry.Number, entry.Number, entry.Readings, entry.Payload.Length - Batch.HeaderSize);
                if (rejections.Next())
                    Rejected(logger, entry.Number, entry.Readings, refused, losses.Rejected.Readings);
            }
            log.Acknowledge(records.Select(r => (r.Entry.Number, r.Entry.Number)));
            Signal();
        }
    }

    /// <summary>Completes when every record is settled.</summary>
    public async Task WaitEmptyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (gate)
            {
                if (log.Lowest >= log.Next)
                    return;
                changed = settled.Task;
            }
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The books at one moment: between two commits.</summary>
    public async Task<AgentBooks> ReadBooksAsync(CancellationToken cancellationToken)
    {
        await committing.WaitAsync(cancellationToken);
        try
        {
            lock (gate)
                return Books(log.Status);
        }
        finally
        {
            committing.Release();
        }
    }

    public void Dispose()
    {
        log.Dispose();
        committing.Dispose();
    }

    private AgentBooks Books(ForwardLogStatus status)
    {
        var taken = losses.Rejected.Readings + losses.Dropped.Readings;
        var bytes = status.Acknowledged.Bytes - (status.Acknowledged.Records * Batch.HeaderSize) - losses.Rejected.Bytes - losses.Dropped.Bytes;
        return new AgentBooks(
            memo.Books, status.Acknowledged.Readings - taken, bytes, status.Waiting.Readings, taken + status.Lost.Readings, losses.Rejected.Readings,
            losses.Dropped.Readings + status.Lost.Readings, status.Waiting.Records, status.DiskBytes);
    }

    private async Task<AppendOutcome> TryCommitAsync(IReadOnlyList<ForwardRecord> records, AgentMemo next, bool write)
    {
        await committing.WaitAsync(CancellationToken.None);
        try
        {
            var outcome = write ? (await log.AppendAsync(records, next.Write(), CancellationToken.None)).Outcome : AppendOutcome.Appended;
            lock (gate)
                memo = outcome == AppendOutcome.Appended ? next : memo;
            return outcome;
        }
        finally
        {
            committing.Release();
        }
    }

    private bool TryDropOldest()
    {
        lock (gate)
        {
            var entries = toDrop.Read(DropAtOnce, int.MaxValue).Where(e => e.Number > sentThrough).ToList();
            if (entries.Count == 0)
                return toDrop.Position <= Math.Min(sentThrough, log.Next - 1);
            var (first, last, readings) = (entries[0].Number, entries[^1].Number, entries.Sum(e => (long)e.Readings));
            losses.AddDropped(first, last, readings, entries.Sum(e => (long)e.Payload.Length - Batch.HeaderSize));
            log.Acknowledge([(first, last)]);
            if (drops.Next())
                Dropped(logger, first, last, readings, losses.Dropped.Readings);
            Signal();
            return true;
        }
    }

    private void Signal()
    {
        var waiting = settled;
        settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.TrySetResult();
    }

    /// <summary>Until something was settled, at most a second: the disk may have got room from elsewhere.</summary>
    private async Task WaitAsync(Task changed, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(RetryWhenFull, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return; // Tried again, as the summary says.
        }
    }
}
