using System.Buffers.Binary;
using System.IO.Compression;

namespace Strata.Storage.Patches;

/// <summary>
/// Patches between two builds of a program: C. Percival, "Naive differences of executable code" (2003), with an index of hashes in place of a sorted suffix array and Brotli in place of bzip2. Form:
/// <c>SBP1</c>, old size, new size (64 bits, little end first), then compressed: records of two 32-bit lengths and a 64-bit step to take in the old file first, as many bytes to add to the old ones, as many to put in.
/// </summary>
public static class BinaryPatch
{
    /// <summary>As manifests, jobs and rows name it.</summary>
    public const string Format = "bsdiff";

    /// <summary>Brotli's window: a device needs 1 MiB for it.</summary>
    internal const int WindowBits = 20;

    internal const int HeaderSize = 20;

    internal const int RecordSize = 16;

    internal static ReadOnlySpan<byte> Magic => "SBP1"u8;

    /// <summary>
    /// The patch that makes <paramref name="new"/> out of <paramref name="old"/>. Takes about nine times the old file's size in memory, and seconds per ten megabytes; stops when the token is cancelled.
    /// </summary>
    public static byte[] Make(ReadOnlyMemory<byte> old, ReadOnlyMemory<byte> @new, CancellationToken cancellationToken)
    {
        using var records = new MemoryStream();
        new PatchMaker(old.Span, @new.Span).Write(records, cancellationToken);
        var patch = new byte[HeaderSize + BrotliEncoder.GetMaxCompressedLength((int)records.Length)];
        Magic.CopyTo(patch);
        BinaryPrimitives.WriteInt64LittleEndian(patch.AsSpan(4), old.Length);
        BinaryPrimitives.WriteInt64LittleEndian(patch.AsSpan(12), @new.Length);
        if (!BrotliEncoder.TryCompress(records.GetBuffer().AsSpan(0, (int)records.Length), patch.AsSpan(HeaderSize), out var size, quality: 9, WindowBits))
            throw new InvalidOperationException("Brotli has no room for what it says fits.");
        return patch[..(HeaderSize + size)];
    }

    /// <summary>
    /// Makes the new file. The memory it takes does not depend on the files' sizes; what is made is to be verified by its hash, as by any other way.
    /// </summary>
    /// <param name="old">Can be sought in.</param>
    /// <param name="maxSize">The new file is not longer than this, or the patch is refused before a byte is written.</param>
    /// <exception cref="InvalidDataException">The patch is damaged, or is for another file.</exception>
    public static void Apply(Stream old, Stream patch, Stream output, long maxSize, CancellationToken cancellationToken)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        if (patch.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false) < HeaderSize || !header[..4].SequenceEqual(Magic))
            throw new InvalidDataException("This is no patch.");
        var (oldSize, newSize) = (BinaryPrimitives.ReadInt64LittleEndian(header[4..]), BinaryPrimitives.ReadInt64LittleEndian(header[12..]));
        if (oldSize != old.Length)
            throw new InvalidDataException($"The patch is for a file of {oldSize} bytes, and the one here has {old.Length}.");
        if (newSize < 0 || newSize > maxSize)
            throw new InvalidDataException($"The patch makes {newSize} bytes, and {maxSize} are expected.");
        using var records = new BrotliStream(patch, CompressionMode.Decompress, leaveOpen: true);
        Rebuild(old, records, output, newSize, cancellationToken);
    }

    private static void Rebuild(Stream old, Stream records, Stream output, long newSize, CancellationToken cancellationToken)
    {
        var record = new byte[RecordSize];
        var (delta, there) = (new byte[32 * 1024], new byte[32 * 1024]);
        long made = 0, at = 0;
        while (made < newSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Fill(records, record);
            var (add, put, step) = (BinaryPrimitives.ReadInt32LittleEndian(record), BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(4)), BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(8)));
            at = unchecked(at + step);
            if (add < 0 || put < 0 || (long)add + put > newSize - made || add + put == 0 || at < 0 || at > old.Length || add > old.Length - at)
                throw Damaged;
            for (var left = add; left > 0;)
            {
                var now = Math.Min(left, delta.Length);
                Fill(records, delta.AsSpan(0, now));
                old.Position = at;
                Fill(old, there.AsSpan(0, now));
                for (var i = 0; i < now; i++)
                    delta[i] += there[i];
                output.Write(delta, 0, now);
                (left, at) = (left - now, at + now);
            }
            for (var left = put; left > 0;)
            {
                var now = Math.Min(left, delta.Length);
                Fill(records, delta.AsSpan(0, now));
                output.Write(delta, 0, now);
                left -= now;
            }
            made += (long)add + put;
        }
    }

    private static void Fill(Stream from, Span<byte> into)
    {
        try
        {
            if (from.ReadAtLeast(into, into.Length, throwOnEndOfStream: false) < into.Length)
                throw Damaged;
        }
        catch (InvalidOperationException)
        {
            throw Damaged; // Brotli's word for damaged content.
        }
    }

    private static InvalidDataException Damaged => new("The patch is damaged.");
}
