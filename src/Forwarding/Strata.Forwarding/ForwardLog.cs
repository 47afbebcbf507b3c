using System.Diagnostics.CodeAnalysis;
using Strata.Core.Dataflow;
using Strata.Storage;

namespace Strata.Forwarding;

/// <summary>
/// Store and forward: what must reach a peer is appended here, numbered 1, 2, 3, ... in a stream whose name is drawn at random when the folder is new,
/// and given out until the peer has acknowledged it. Append-only segments with a checksum per record; an append is on the disk (one fsync) when it
/// returns, whole or not at all; opening after <c>kill -9</c> or a power cut needs no hand. What the log must give up becomes a
/// <see cref="ForwardGap"/>, never silence. Numbers do not depend on the clock. Safe from any thread; appends are taken one after the other.
/// </summary>
public sealed partial class ForwardLog : IDisposable
{
    /// <summary>How many tags there are.</summary>
    public const int Tags = 8;

    private readonly ForwardLogOptions options;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim appending = new(1, 1);
    private readonly FileStream folderLock;
    private readonly uint seed;
    private readonly int segmentBytes;
    private readonly List<Segment> segments = [];
    private readonly ForwardCount[] appended = new ForwardCount[Tags];
    private readonly ForwardCount[] waiting = new ForwardCount[Tags];
    private readonly SortedDictionary<long, ForwardGap> unsaid = [];
    private readonly IntervalSet given = new();
    private LogState state = new();
    private FileStream active = null!;
    private byte[]? memo;
    private TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool stateIsBehind;
    private bool disposed;

    private ForwardLog(ForwardLogOptions options, TimeProvider time, FileStream folderLock, string stream)
    {
        this.options = options;
        this.time = time;
        this.folderLock = folderLock;
        Stream = stream;
        seed = Crc32C.Of(0, System.Text.Encoding.ASCII.GetBytes(stream));
        segmentBytes = (int)Math.Min(options.SegmentBytes, options.MaxBytes / 8);
    }

    /// <summary>The stream's name: 16 letters or digits.</summary>
    public string Stream { get; }

    /// <summary>What opening found.</summary>
    public OpeningReport Opening { get; private set; } = new(0, [], false, []);

    /// <summary>The number that the next record gets.</summary>
    public long Next { get; private set; }

    /// <summary>The cursor of the last record; null while there never was one.</summary>
    public long? Cursor { get; private set; }

    /// <summary>The caller's last memo; null when there never was one.</summary>
    public ReadOnlyMemory<byte>? Memo => memo is { } bytes ? bytes : default(ReadOnlyMemory<byte>?);

    /// <summary>Why the log takes nothing any more; null while it works.</summary>
    public string? Failure { get; private set; }

    /// <summary>
    /// The lowest number that may still be sent, or whose loss has not been told yet: everything below is known to the peer. The next number when nothing
    /// waits.
    /// </summary>
    public long Lowest
    {
        get
        {
            lock (gate)
            {
                var low = LowestWaiting();
                foreach (var gap in unsaid.Values)
                    low = Math.Min(low, gap.First);
                foreach (var gap in state.Pending)
                    low = Math.Min(low, gap.First);
                return low;
            }
        }
    }

    /// <summary>The books now.</summary>
    public ForwardLogStatus Status
    {
        get
        {
            lock (gate)
                return new ForwardLogStatus(Sum(appended), Sum(waiting), Sum(state.Lost), DiskBytes(), OldestWaiting(), state.Gaps);
        }
    }

    /// <summary>The books of one tag: appended, waiting and lost since the stream began.</summary>
    public (ForwardCount Appended, ForwardCount Waiting, ForwardCount Lost) StatusOf(byte tag)
    {
        lock (gate)
            return (appended[tag], waiting[tag], state.Lost[tag]);
    }

    /// <summary>Whether the number needs not be sent any more.</summary>
    public bool IsSettled(long number)
    {
        lock (gate)
            return state.Settled.Contains(number);
    }

    /// <summary>Completes when a record with a number beyond <paramref name="number"/> is on the disk.</summary>
    public Task WaitBeyondAsync(long number, CancellationToken cancellationToken)
    {
        Task waits;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (Next - 1 > number)
                return Task.CompletedTask;
            waits = arrived.Task;
        }
        return WaitAgainAsync(waits, number, cancellationToken);
    }

    /// <summary>Closes the files. What waits stays for the next opening.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
                return;
            disposed = true;
            if (stateIsBehind)
                TrySaveState();
            active.Dispose();
            folderLock.Dispose();
            arrived.TrySetException(new ObjectDisposedException(nameof(ForwardLog)));
            _ = arrived.Task.Exception;
        }
    }

    private async Task WaitAgainAsync(Task waits, long number, CancellationToken cancellationToken)
    {
        await waits.WaitAsync(cancellationToken).ConfigureAwait(false);
        await WaitBeyondAsync(number, cancellationToken).ConfigureAwait(false);
    }

    private long LowestWaiting()
    {
        var settled = state.Settled.Intervals;
        return settled.Count > 0 && settled[0].First <= 1 ? Math.Min(settled[0].Last + 1, Next) : Math.Min(1, Next);
    }

    private DateTimeOffset? OldestWaiting()
    {
        var lowest = LowestWaiting();
        if (lowest >= Next || segments.Find(s => s.First <= lowest && lowest < s.Next) is not { } segment)
            return null;
        long? at = null;
        segment.Walk(seed, lowest, lowest, verify: false, (in RecordHeader header, ReadOnlySpan<byte> _) =>
        {
            at = header.Appended;
            return false;
        });
        return at is null ? null : DateTimeOffset.UnixEpoch.AddMicroseconds(at.Value);
    }

    private long DiskBytes() => segments.Sum(s => s.Length);

    private static ForwardCount Sum(ForwardCount[] counts)
    {
        var sum = default(ForwardCount);
        foreach (var count in counts)
            sum += count;
        return sum;
    }

    [DoesNotReturn]
    private void Stop(string what, Exception reason)
    {
        Failure = $"{what}: {reason.Message}";
        throw new ForwardLogStoppedException(
            $"The forward log in {options.Folder} has stopped: {Failure} What is on the disk is not known; check the disk and start the program anew.", reason);
    }

    private void ThrowIfStopped()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (Failure is not null)
            throw new ForwardLogStoppedException($"The forward log in {options.Folder} has stopped: {Failure}");
    }
}
