using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Strata.Storage;

namespace Strata.Mqtt.Durability;

/// <summary>
/// An append-only log with group commit: whatever is appended while one commit runs is the next commit. Segments are numbered files; a batch stands in one of
/// them, with its number and checksum. Safe for use by any number of threads.
/// </summary>
internal sealed partial class Journal : IDisposable
{
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);

    private readonly string directory;
    private readonly JournalOptions options;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim work = new(0);
    private readonly ManualResetEventSlim stop = new();
    private readonly Dictionary<long, long> segments;
    private readonly HashSet<ICommitTarget> told = [];
    private readonly FileStream claim;
    private readonly Thread writer;
    private RecordWriter open = new(64 * 1024);
    private RecordWriter writing = new(64 * 1024);
    private List<AfterCommit> openWaiters = [];
    private List<AfterCommit> writingWaiters = [];
    private TaskCompletionSource? room;
    private SafeFileHandle? file;
    private long fileLength;
    private readonly byte[] head = new byte[BatchHeader.Size];
    private uint seed;
    private long nextSegment;
    private long nextBatch;
    private long appended;
    private long committed;
    private long eraSegment;
    private bool rotate = true;
    private bool signalled;
    private bool stalled;
    private bool ended;

    private Journal(string directory, FileStream claim, JournalOptions options, JournalScan found, ILogger logger)
    {
        this.directory = directory;
        this.claim = claim;
        this.options = options;
        this.logger = logger;
        segments = found.Segments;
        (nextSegment, nextBatch, HasSkipped) = (found.NextSegment, found.NextBatch, found.HasSkipped);
        writer = new Thread(Write) { IsBackground = true, Name = "mqtt journal" };
        writer.Start();
    }

    /// <summary>Called once, on the journal's thread, when the disk has refused what was written: nothing is acknowledged from then on.</summary>
    public Action<Exception>? Failed { get; set; }

    /// <summary>What was damaged was left out; it is gone after a checkpoint.</summary>
    public bool HasSkipped { get; }

    /// <summary>Counts the checkpoints; see <see cref="IRecord.Write"/>.</summary>
    public int Era { get; private set; } = 1;

    /// <summary>Bytes of all segments.</summary>
    public long Length
    {
        get
        {
            lock (gate)
                return segments.Values.Sum();
        }
    }

    /// <summary>The number of the last append that is on the disk.</summary>
    public long Committed => Volatile.Read(ref committed);

    /// <summary>Everything that was appended is on the disk.</summary>
    public bool IsCommitted => Volatile.Read(ref appended) == Committed;

    /// <summary>Bytes that wait for the disk.</summary>
    public int WaitingBytes => Volatile.Read(ref open).Count;

    /// <summary>As many bytes wait for the disk as may; see <see cref="RoomAsync"/>.</summary>
    public bool IsFull => WaitingBytes >= options.MaxWaitingBytes;

    /// <summary>
    /// Opens the journal in a directory, made when it is not there, and gives all its records to <paramref name="visit"/>. Directory and files are their owner's
    /// only; what came from elsewhere open to others is closed to them, and that is said.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be used, or another process uses it; the message says so.</exception>
    /// <exception cref="InvalidDataException">What was acknowledged is damaged; the message names file and byte.</exception>
    public static Journal Open(string directory, JournalOptions options, JournalVisitor visit, ILogger logger)
    {
        const UnixFileMode OwnerFolder = SafeFiles.OwnerOnly | UnixFileMode.UserExecute;
        Directory.CreateDirectory(directory, OwnerFolder);
        Tighten(directory, OwnerFolder, logger);
        var claim = Claim(directory);
        try
        {
            foreach (var file in Directory.EnumerateFiles(directory, "*.journal").Append(claim.Name))
                Tighten(file, SafeFiles.OwnerOnly, logger);
            var found = JournalScan.Read(directory, options.SkipDamaged, visit, logger);
            return new Journal(directory, claim, options, found, logger);
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    public static string NameOf(long segment) => segment.ToString("D12", CultureInfo.InvariantCulture) + ".journal";

    /// <summary>Appends a record. It is on the disk when <see cref="Committed"/> has reached the number that this returns.</summary>
    public long Append<TRecord>(scoped in TRecord record, in AfterCommit after = default)
        where TRecord : IRecord, allows ref struct
    {
        lock (gate)
        {
            if (ended)
            {
                after.Target?.Abandoned();
                return long.MaxValue;
            }

            record.Write(open, Era);
            appended++;
            if (after.Target is not null)
                openWaiters.Add(after);
            Signal();
            return appended;
        }
    }

    /// <summary>Has something done once everything appended so far is on the disk.</summary>
    public void Await(in AfterCommit after)
    {
        lock (gate)
        {
            if (ended)
            {
                after.Target?.Abandoned();
                return;
            }

            openWaiters.Add(after);
            Signal();
        }
    }

    /// <summary>Completes when fewer bytes wait for the disk than may.</summary>
    public Task RoomAsync()
    {
        lock (gate)
        {
            if (!IsFull || ended)
                return Task.CompletedTask;
            room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return room.Task;
        }
    }

    /// <summary>Begins an era: what is appended from now on stands in new segments.</summary>
    public void BeginEra()
    {
        lock (gate)
        {
            Era++;
            rotate = true;
            eraSegment = 0;
        }
    }

    /// <summary>Deletes the segments of earlier eras: everything that still counts was appended again, and is on the disk.</summary>
    public void DeleteEarlierEras()
    {
        List<long> old;
        lock (gate)
        {
            if (eraSegment == 0 || ended)
                return;
            old = [.. segments.Keys.Where(s => s < eraSegment).Order()];
            foreach (var segment in old)
                segments.Remove(segment);
        }

        foreach (var segment in old)
            File.Delete(Path.Combine(directory, NameOf(segment)));
        SafeFiles.SyncFolder(directory);
    }

    /// <summary>Writes what was appended, and ends.</summary>
    public void Dispose()
    {
        stop.Set();
        work.Release();
        writer.Join();
        file?.Dispose();
        claim.Dispose();
        work.Dispose();
        stop.Dispose();
    }

    private static void Tighten(string path, UnixFileMode mode, ILogger logger)
    {
        const UnixFileMode Others = (UnixFileMode)0b111_111; // Group and everybody else: read, write, execute.
        var now = File.GetUnixFileMode(path);
        if ((now & Others) == 0)
            return;
        if (now.HasFlag(UnixFileMode.StickyBit))
            throw new IOException($"{path} is everybody's; name a directory of its own.");
        File.SetUnixFileMode(path, mode);
        LogTightened(logger, path);
    }

    private static FileStream Claim(string directory)
    {
        var path = Path.Combine(directory, "lock");
        try
        {
            return new FileStream(path, SafeFiles.Options(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new IOException($"{directory} is in use by another process.", e);
        }
    }

    /// <summary>Under the lock.</summary>
    private void Signal()
    {
        if (signalled)
            return;
        signalled = true;
        work.Release();
    }

    private void Write()
    {
        while (true)
        {
            work.Wait();
            var last = stop.IsSet;
            long upTo;
            lock (gate)
            {
                signalled = false;
                (open, writing) = (writing, open);
                (openWaiters, writingWaiters) = (writingWaiters, openWaiters);
                upTo = appended;
            }

            try
            {
                if (writing.Count > 0)
                {
                    var begun = options.Time.GetTimestamp();
                    if (!Commit())
                    {
                        End(); // Stopped while the disk was full: nobody was told that this was kept.
                        return;
                    }

                    options.Committed(options.Time.GetElapsedTime(begun));
                }
            }
#pragma warning disable CA1031 // Whatever it is, what was to be kept may not be: it is said, and nothing is acknowledged any more.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                Fail(fault);
                return;
            }

            Volatile.Write(ref committed, upTo);
            Tell();
            writing.Clear();
            TaskCompletionSource? free;
            lock (gate)
                (free, room) = (room, null);
            free?.TrySetResult();
            if (last && IsEmpty())
            {
                End();
                return;
            }
        }
    }

    private bool IsEmpty()
    {
        lock (gate)
            return open.Count == 0 && openWaiters.Count == 0;
    }

    /// <summary>Nothing is kept from now on; whoever waits is told.</summary>
    private void End()
    {
        TaskCompletionSource? free;
        lock (gate)
        {
            ended = true;
            free = room;
            foreach (var waiter in openWaiters.Concat(writingWaiters))
                waiter.Target!.Abandoned();
        }

        free?.TrySetResult();
    }

    private void Tell()
    {
        foreach (var waiter in writingWaiters)
        {
            waiter.Target!.Committed(waiter);
            told.Add(waiter.Target);
        }

        foreach (var target in told)
            target.CommitEnded();
        told.Clear();
        writingWaiters.Clear();
    }

    /// <returns>False: the disk is full, and the journal is told to stop.</returns>
    private bool Commit()
    {
        while (true)
        {
            try
            {
                if (file is null || rotate || fileLength >= options.SegmentBytes)
                    BeginSegment();
                var records = writing.Written.Span;
                new BatchHeader(records.Length, nextBatch, BatchHeader.ChecksumOf(seed, records.Length, nextBatch, records)).Write(head);
                RandomAccess.Write(file!, [head, writing.Written], fileLength);
                break;
            }
            catch (Exception e) when (IsFullDisk(e))
            {
                if (!stalled)
                    LogFullDisk(logger, directory, e.Message);
                stalled = true;
                if (file is not null)
                    RandomAccess.SetLength(file, fileLength);
                if (stop.Wait(TryAgainAfter))
                    return false;
            }
        }

        // Never tried again: what a failed fsync has lost, a second one does not report.
        options.Flush(file!);
        if (stalled)
            LogGoesOn(logger, directory);
        stalled = false;
        nextBatch++;
        fileLength += head.Length + writing.Count;
        lock (gate)
            segments[nextSegment - 1] = fileLength;
        return true;
    }

    private void BeginSegment()
    {
        Span<byte> header = stackalloc byte[SegmentHeader.Size];
        bool forEra;
        lock (gate)
            (forEra, rotate) = (rotate, false);
        try
        {
            var path = Path.Combine(directory, NameOf(nextSegment));
            new FileStream(path, SafeFiles.Options(FileMode.Create, FileAccess.Write)).Dispose();
            var next = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.Read);
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(new Span<uint>(ref seed)));
            SegmentHeader.Write(header, seed);
            RandomAccess.Write(next, header, 0);
            options.Flush(next); // On the disk before the first batch: a header that is not whole has none behind it.
            SafeFiles.SyncFolder(directory);
            file?.Dispose();
            file = next;
        }
        catch
        {
            rotate |= forEra;
            throw;
        }

        fileLength = SegmentHeader.Size;
        lock (gate)
        {
            segments[nextSegment] = fileLength;
            if (forEra)
                eraSegment = nextSegment;
        }

        nextSegment++;
    }

    private void Fail(Exception fault)
    {
        LogFailed(logger, directory, fault);
        End();
        Failed?.Invoke(fault);
    }

    /// <summary>Also a file that may not grow further (EFBIG), which .NET tells as an argument that is out of range.</summary>
    private static bool IsFullDisk(Exception fault) => fault is ArgumentOutOfRangeException || SafeFiles.IsFull(fault);

    [LoggerMessage(25, LogLevel.Warning, "{Path} could be read or changed by others; it is its owner's only from now on")]
    private static partial void LogTightened(ILogger logger, string path);

    [LoggerMessage(20, LogLevel.Error, "The disk of {Directory} is full ({Reason}). Nothing durable is acknowledged until there is room; trying every second")]
    private static partial void LogFullDisk(ILogger logger, string directory, string reason);

    [LoggerMessage(21, LogLevel.Warning, "The disk of {Directory} has room again; what waited is kept")]
    private static partial void LogGoesOn(ILogger logger, string directory);

    [LoggerMessage(22, LogLevel.Critical, "The disk refused what was written to {Directory}. Nothing is acknowledged any more; mend the disk and start again")]
    private static partial void LogFailed(ILogger logger, string directory, Exception fault);
}

/// <summary>How a journal keeps.</summary>
internal sealed record JournalOptions
{
    /// <summary>A new segment begins after so many bytes.</summary>
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>Bytes that may wait for the disk.</summary>
    public int MaxWaitingBytes { get; init; } = 16 << 20;

    /// <summary>Goes on without what is damaged.</summary>
    public bool SkipDamaged { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told how long a commit took; on the journal's thread.</summary>
    public Action<TimeSpan> Committed { get; init; } = static _ => { };

    /// <summary>Puts a file on the disk; throws when that fails.</summary>
    public Action<SafeFileHandle> Flush { get; init; } = RandomAccess.FlushToDisk;
}
