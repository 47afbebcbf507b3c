using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Strata.Mqtt.Durability;

/// <param name="records">The records of one batch; valid during the call.</param>
internal delegate void JournalVisitor(ReadOnlySpan<byte> records);

/// <summary>
/// Reads the segments of a directory in order. A batch is written only after the one before it is on the disk: one that is damaged at the very end was never
/// acknowledged and is cut off; one that a whole batch follows was, and that is an error.
/// </summary>
internal sealed partial class JournalScan
{
    private readonly bool skipDamaged;
    private readonly JournalVisitor visit;
    private readonly ILogger logger;
    private byte[] buffer = new byte[1 << 20];
    private uint seed;

    private JournalScan(bool skipDamaged, JournalVisitor visit, ILogger logger) => (this.skipDamaged, this.visit, this.logger) = (skipDamaged, visit, logger);

    /// <summary>The length of each segment by its number.</summary>
    public Dictionary<long, long> Segments { get; } = [];

    public long NextSegment { get; private set; } = 1;

    public long NextBatch { get; private set; } = 1;

    /// <summary>Something was left out.</summary>
    public bool HasSkipped { get; private set; }

    public static JournalScan Read(string directory, bool skipDamaged, JournalVisitor visit, ILogger logger)
    {
        var scan = new JournalScan(skipDamaged, visit, logger);
        var files = Directory.EnumerateFiles(directory, "*.journal")
            .Select(static path => (Path: path, Known: long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number), Number: number))
            .Where(static f => f.Known).OrderBy(static f => f.Number).ToList();
        for (var i = 0; i < files.Count; i++)
        {
            var (path, _, number) = files[i];
            if (scan.Segments.Count > 0 && number != scan.NextSegment)
                scan.Damaged($"{Path.Combine(directory, Journal.NameOf(scan.NextSegment))} is missing, and newer ones are there");
            if (scan.ReadSegment(path, isLast: i == files.Count - 1) is not { } length)
                continue;
            scan.Segments[number] = length;
            scan.NextSegment = number + 1;
        }

        return scan;
    }

    /// <returns>The length of what counts; null when it was never begun, and is gone.</returns>
    private long? ReadSegment(string path, bool isLast)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var length = RandomAccess.GetLength(file);
        if (SegmentHeader.Read(Get(file, 0, SegmentHeader.Size)) is not { } found)
        {
            if (isLast && length <= SegmentHeader.Size)
            {
                LogCut(logger, path, 0, length);
                File.Delete(path);
                return null;
            }

            Damaged($"{path}: byte 0: this is no journal of this program, or its beginning is damaged");
            NextBatch = 1;
            return length;
        }

        seed = found;
        long at = SegmentHeader.Size;
        while (at < length)
        {
            if (TryRead(file, at, length) is { } batch)
            {
                if (NextBatch > 1 && batch.Number > NextBatch)
                    Damaged($"{path}: byte {at}: batch {NextBatch} is missing");
                visit(buffer.AsSpan(BatchHeader.Size, batch.Length));
                NextBatch = batch.Number + 1;
                at += BatchHeader.Size + batch.Length;
                continue;
            }

            var next = FindBatch(file, at + 1, length);
            if (next is null && isLast)
            {
                Cut(file, path, at, length);
                length = at;
                break;
            }

            Damaged($"{path}: byte {at}: the checksum does not match, and newer records follow");
            NextBatch = 1;
            at = next ?? length;
        }

        return length;
    }

    private BatchHeader? TryRead(SafeFileHandle file, long at, long length)
    {
        if (BatchHeader.Read(Get(file, at, BatchHeader.Size)) is not { Length: > 0 } header || header.Length > length - at - BatchHeader.Size)
            return null;
        var records = Get(file, at, BatchHeader.Size + header.Length)[BatchHeader.Size..];
        return BatchHeader.ChecksumOf(seed, header.Length, header.Number, records) == header.Checksum ? header : null;
    }

    /// <summary>Where a whole batch begins, from there on.</summary>
    private long? FindBatch(SafeFileHandle file, long from, long length)
    {
        const int Piece = 1 << 16;
        Span<byte> magic = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(magic, BatchHeader.Magic);
        for (var at = from; at < length;)
        {
            var found = Get(file, at, Piece).IndexOf(magic);
            if (found < 0)
            {
                at += Piece - magic.Length + 1;
                continue;
            }

            if (TryRead(file, at + found, length) is not null)
                return at + found;
            at += found + 1;
        }

        return null;
    }

    /// <summary>The bytes at an offset, fewer at the end of the file; valid until the next call.</summary>
    private ReadOnlySpan<byte> Get(SafeFileHandle file, long at, int length)
    {
        if (buffer.Length < length)
            buffer = new byte[Math.Max(length, buffer.Length * 2)];
        var have = 0;
        for (int read; have < length && (read = RandomAccess.Read(file, buffer.AsSpan(have, length - have), at + have)) > 0;)
            have += read;
        return buffer.AsSpan(0, have);
    }

    private void Cut(SafeFileHandle file, string path, long at, long length)
    {
        if (length == at)
            return;
        LogCut(logger, path, at, length - at);
        RandomAccess.SetLength(file, at);
        RandomAccess.FlushToDisk(file);
    }

    private void Damaged(string what)
    {
        if (!skipDamaged)
            throw new InvalidDataException($"{what}: what was acknowledged is damaged. Put the file back from a copy, or start once with --skip-damaged to go on without it.");
        HasSkipped = true;
        LogSkipped(logger, what);
    }

    [LoggerMessage(23, LogLevel.Warning, "{Path}: the last {Bytes} bytes, from byte {At}, are no whole batch, as after a crash while writing; they are cut off")]
    private static partial void LogCut(ILogger logger, string path, long at, long bytes);

    [LoggerMessage(24, LogLevel.Error, "{Damage}; it is left out, as was asked")]
    private static partial void LogSkipped(ILogger logger, string damage);
}
