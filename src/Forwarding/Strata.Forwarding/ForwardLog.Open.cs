using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Strata.Core.Telemetry;
using Strata.Storage;

namespace Strata.Forwarding;

public sealed partial class ForwardLog
{
    private const string StreamFile = "stream";

    /// <summary>Opens the log of a folder, or begins one. A torn end is cut, damaged records are given up as gaps; <see cref="Opening"/> says so.</summary>
    /// <param name="time">Tells records' age only.</param>
    /// <exception cref="IOException">The folder is in use by another process, or cannot be read or written.</exception>
    /// <exception cref="InvalidDataException">The files are of a version this program does not know.</exception>
    public static ForwardLog Open(ForwardLogOptions options, TimeProvider time)
    {
        options.Validate();
        Directory.CreateDirectory(options.Folder, SafeFiles.OwnerOnly | UnixFileMode.UserExecute);
        FileStream folderLock;
        try
        {
            folderLock = new FileStream(Path.Combine(options.Folder, "lock"), SafeFiles.Options(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e)
        {
            throw new IOException($"The forward log in {options.Folder} is in use by another process, or its folder cannot be written: {e.Message}", e);
        }
        try
        {
            var stream = FindStream(options.Folder) ?? BeginStream(options.Folder);
            var log = new ForwardLog(options, time, folderLock, stream);
            log.Load();
            return log;
        }
        catch
        {
            folderLock.Dispose();
            throw;
        }
    }

    private static string StatePath(string folder) => Path.Combine(folder, "state");

    /// <summary>The stream's name, from its own file or, when that is damaged, from any segment.</summary>
    private static string? FindStream(string folder)
    {
        var path = Path.Combine(folder, StreamFile);
        if (File.Exists(path) && File.ReadAllText(path).Split('\n') is [var name, var check, ..] && check == CheckOf(name))
            return name;
        foreach (var segment in SegmentPaths(folder))
        {
            using var reader = new SegmentReader(segment.Path);
            if (SegmentHeader.TryRead(reader.Get(0, SegmentHeader.Size)) is { } header)
                return header.Stream;
        }
        return null;
    }

    private static string BeginStream(string folder)
    {
        if (SegmentPaths(folder).FirstOrDefault() is { Path: not null } left)
            throw new InvalidDataException($"The forward log in {folder} has segments ({left.Path}) but none of its files tells the stream's name. Move the folder away to begin a new one.");
        var name = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 16);
        SafeFiles.Replace(Path.Combine(folder, StreamFile), Encoding.ASCII.GetBytes($"{name}\n{CheckOf(name)}\n"), RandomAccess.FlushToDisk);
        return name;
    }

    private static string CheckOf(string name) => Crc32C.Of(1, Encoding.ASCII.GetBytes(name)).ToString("x8", CultureInfo.InvariantCulture);

    private static List<(string Path, long First)> SegmentPaths(string folder)
    {
        var found = new List<(string Path, long First)>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.seg"))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var first) && first > 0)
                found.Add((path, first));
        }
        found.Sort((a, b) => a.First.CompareTo(b.First));
        return found;
    }

    private void Load()
    {
        var notes = new List<string>();
        var paths = SegmentPaths(options.Folder);
        LoadState(paths, notes, out var stateLost);
        var damaged = new List<DamagedStretch>();
        long cut = 0;
        Next = 1;
        for (var i = 0; i < paths.Count; i++)
            cut += LoadSegment(paths, i, damaged, notes);
        var settledBeyond = state.Settled.IsEmpty ? 0 : state.Settled.Intervals[^1].Last;
        if (settledBeyond >= Next)
        {
            notes.Add($"Numbers {Next} to {settledBeyond} were acknowledged but are not in the segments; they are not used again.");
            Next = settledBeyond + 1;
        }
        if (segments.Count == 0 || segments[^1].Next != Next)
            Roll();
        else
            OpenActive();
        Recount();
        var gaps = new List<ForwardGap>();
        GiveUp(damaged, gaps);
        if (gaps.Count > 0 || stateLost)
            SaveState(durable: true);
        foreach (var gap in gaps)
            notes.Add($"Records {gap.First} to {gap.Last} are damaged and given up ({gap.Readings} readings).");
        if (cut > 0)
            notes.Add($"{cut} bytes of an append that had not finished were cut.");
        DeleteSettledSegments();
        Opening = new OpeningReport(cut, gaps, stateLost, notes);
    }

    private void LoadState(List<(string Path, long First)> paths, List<string> notes, out bool lost)
    {
        var path = StatePath(options.Folder);
        var read = File.Exists(path) ? LogState.TryRead(File.ReadAllBytes(path), Stream) : null;
        lost = read is null && (File.Exists(path) || (paths.Count > 0 && paths[0].First > 1));
        state = read ?? new LogState();
        if (lost)
            notes.Add("The file of acknowledged numbers is unreadable: acknowledged records may be sent again.");
        if (paths.Count > 0)
            state.Settled.Add(1, paths[0].First - 1);
    }

    private long LoadSegment(List<(string Path, long First)> paths, int index, List<DamagedStretch> damaged, List<string> notes)
    {
        var (path, first) = paths[index];
        var content = File.ReadAllBytes(path);
        var header = SegmentHeader.TryRead(content);
        if (header is null)
            notes.Add($"The head of {Path.GetFileName(path)} is damaged; its records are read all the same.");
        if (first > Next && segments.Count > 0)
            damaged.Add(new DamagedStretch(Next, first - 1, Math.Max(0, header is null ? 0 : Sum(header.Appended).Readings - Sum(appended).Readings)));
        if (header is not null)
            header.Appended.CopyTo(appended, 0);
        Cursor = header?.Cursor ?? Cursor;
        (long, long?)? following = index + 1 < paths.Count ? (paths[index + 1].First, NextReadings(paths[index + 1].Path)) : null;
        var scan = SegmentScan.Run(content, first, Sum(appended).Readings, seed, following);
        var segment = new Segment(path, first);
        segment.Adopt(scan);
        if (content.Length < SegmentHeader.Size)
            segment.Length = 0;
        segments.Add(segment);
        damaged.AddRange(scan.Damaged);
        foreach (var record in scan.Records)
        {
            Count(record.Header, appended);
            if (record.Header.IsMemo)
                memo = content.AsSpan((int)record.Offset + RecordHeader.Size, record.Header.PayloadLength).ToArray();
            else
                Cursor = GapPrefix.Time(record.Header.Cursor);
        }
        foreach (var stretch in scan.Damaged)
            appended[0] += new ForwardCount(stretch.Last - stretch.First + 1, stretch.Readings, 0);
        if (scan.MemoDamaged)
            notes.Add($"A memo in {Path.GetFileName(path)} is damaged; the one before it stands.");
        Next = scan.Next;
        return content.Length - Math.Min(content.Length, scan.End);
    }

    private static long? NextReadings(string path)
    {
        using var reader = new SegmentReader(path);
        return SegmentHeader.TryRead(reader.Get(0, SegmentHeader.Size)) is { } header ? Sum(header.Appended).Readings : null;
    }

    /// <summary>Counts what waits from the segments themselves, and which gaps were appended but not acknowledged.</summary>
    private void Recount()
    {
        Array.Clear(waiting);
        unsaid.Clear();
        foreach (var segment in segments)
        {
            segment.Walk(seed, segment.First, long.MaxValue, verify: false, (in RecordHeader header, ReadOnlySpan<byte> payload) =>
            {
                if (state.Settled.Contains(header.Number))
                    return true;
                Count(header, waiting);
                if (header.IsGap)
                    unsaid[header.Number] = GapPrefix.Read(payload);
                return true;
            });
        }
        foreach (var told in unsaid.Values)
            state.Pending.RemoveAll(p => p.First == told.First && p.Last == told.Last);
    }

    /// <summary>Settles damaged numbers that were still waiting and notes their gaps.</summary>
    private void GiveUp(List<DamagedStretch> damaged, List<ForwardGap> gaps)
    {
        foreach (var stretch in damaged)
        {
            var readings = stretch.Readings;
            foreach (var (first, last) in state.Settled.Missing(stretch.First, stretch.Last).ToList())
            {
                var gap = new ForwardGap(first, last, readings, null, null, ForwardGap.Damaged);
                state.Settled.Add(first, last);
                state.Lost[0] += new ForwardCount(last - first + 1, readings, 0);
                state.Gaps++;
                gaps.Add(gap);
                Pend(gap);
                readings = 0;
            }
        }
    }

    private void OpenActive()
    {
        var newest = segments[^1];
        if (newest.Length < SegmentHeader.Size)
        {
            segments.Remove(newest);
            Roll();
            return;
        }
        active = new FileStream(newest.Path, SafeFiles.Options(FileMode.Open, FileAccess.ReadWrite));
        if (active.Length > newest.Length)
        {
            active.SetLength(newest.Length);
            options.Flush(active.SafeFileHandle);
        }
    }

    /// <summary>Begins a segment. It is on the disk with its head and the memo before anything older may go.</summary>
    private void Roll()
    {
        var segment = new Segment(Path.Combine(options.Folder, Segment.NameOf(Next)), Next);
        var content = new SegmentHeader(Stream, Next, Cursor, appended).Write();
        if (memo is not null)
        {
            var record = new byte[RecordHeader.Size + memo.Length];
            memo.CopyTo(record, RecordHeader.Size);
            (AppendGroup.OfMemo(memo.Length, Next, EventTime.From(time.GetUtcNow()), Sum(appended).Readings) with { Flags = RecordFlags.Memo | RecordFlags.EndOfGroup })
                .Write(record, seed);
            content = [.. content, .. record];
        }
        SafeFiles.Replace(segment.Path, content, options.Flush);
        segment.Length = content.Length;
        segments.RemoveAll(s => s.First == segment.First);
        segments.Add(segment);
        active?.Dispose();
        active = new FileStream(segment.Path, SafeFiles.Options(FileMode.Open, FileAccess.ReadWrite));
    }
}
