using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Platform.Isolation;
using Strata.Telemetry.Transfer;

namespace Strata.Cloud.Platform.Archive;

/// <summary>
/// The kinds of an archive's parts. A part is its kind, its length and its bytes; the parts are compressed and sealed (<see cref="SealedArchive"/>). In order: the manifest, people, each table followed by its rows, files
/// in pieces, slices of telemetry, what is kept beside them, the end.
/// </summary>
internal enum ArchivePart : byte
{
    Manifest = 1,
    People = 2,
    Table = 3,
    Rows = 4,
    Slice = 5,
    Rest = 6,
    End = 7,
    File = 8,
}

/// <summary>Writes an archive, part after part, in bounded memory. Used by one caller at a time.</summary>
internal sealed class ArchiveWriter : IAsyncDisposable
{
    private const int RowsOfPart = 500;
    private const int FileBytesOfPart = 1 << 20;

    private readonly SealedArchive.WriteStream file;
    private readonly BrotliStream compressed;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream part = new();
    private readonly BinaryWriter writer;
    private readonly Dictionary<string, long> rows = new(StringComparer.Ordinal);
    private long readings, windows, events, gaps, files;

    public ArchiveWriter(Stream target, ReadOnlySpan<byte> secret)
    {
        file = SealedArchive.Write(target, secret);
        compressed = new BrotliStream(file, CompressionLevel.Fastest, leaveOpen: true);
        writer = new BinaryWriter(part, Encoding.UTF8);
    }

    public Task ManifestAsync(ArchiveManifest manifest, CancellationToken cancellationToken) => JsonAsync(ArchivePart.Manifest, manifest, cancellationToken);

    public Task PeopleAsync(IReadOnlyList<ArchivedPerson> people, CancellationToken cancellationToken) => JsonAsync(ArchivePart.People, people, cancellationToken);

    public async Task TableAsync(TenantTable table, IAsyncEnumerable<object?[]> all, CancellationToken cancellationToken)
    {
        writer.Write(table.Name);
        await PutAsync(ArchivePart.Table, cancellationToken);
        var count = 0;
        rows[table.Name] = 0;
        await foreach (var row in all.WithCancellation(cancellationToken))
        {
            for (var i = 0; i < row.Length; i++)
                Write(row[i]);
            rows[table.Name]++;
            if (++count % RowsOfPart == 0)
                await PutAsync(ArchivePart.Rows, cancellationToken);
        }
        if (part.Length > 0)
            await PutAsync(ArchivePart.Rows, cancellationToken);
    }

    public async Task FileAsync(string kind, string name, Stream content, CancellationToken cancellationToken)
    {
        var buffer = new byte[FileBytesOfPart];
        for (var isLast = false; !isLast;)
        {
            var read = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            isLast = read < buffer.Length;
            writer.Write(kind);
            writer.Write(name);
            writer.Write(isLast);
            writer.Write(buffer, 0, read);
            await PutAsync(ArchivePart.File, cancellationToken);
        }
        files++;
    }

    public Task SliceAsync(TelemetrySlice slice, CancellationToken cancellationToken)
    {
        TransferCodec.Write(writer, slice);
        (readings, windows, events, gaps) = (readings + slice.Readings.Count, windows + slice.Windows.Count, events + slice.Events.Count, gaps + slice.Gaps.Count);
        return PutAsync(ArchivePart.Slice, cancellationToken);
    }

    public Task RestAsync(TenantRest rest, CancellationToken cancellationToken)
    {
        TransferCodec.Write(writer, rest);
        return PutAsync(ArchivePart.Rest, cancellationToken);
    }

    /// <summary>Ends the archive. One that was not ended is cut off, and refused.</summary>
    public async Task<ArchiveEnd> EndAsync(CancellationToken cancellationToken)
    {
        var end = new ArchiveEnd(rows, readings, windows, events, gaps, Convert.ToHexStringLower(hash.GetCurrentHash()), files);
        await JsonAsync(ArchivePart.End, end, cancellationToken);
        await compressed.DisposeAsync();
        file.Complete();
        await file.DisposeAsync();
        return end;
    }

    public async ValueTask DisposeAsync()
    {
        await compressed.DisposeAsync();
        await file.DisposeAsync();
        hash.Dispose();
        await writer.DisposeAsync();
    }

    private Task JsonAsync<T>(ArchivePart kind, T value, CancellationToken cancellationToken)
    {
        writer.Write(JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web));
        return PutAsync(kind, cancellationToken);
    }

    private async Task PutAsync(ArchivePart kind, CancellationToken cancellationToken)
    {
        writer.Flush();
        var head = new byte[5];
        head[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(1), (int)part.Length);
        var bytes = part.GetBuffer().AsMemory(0, (int)part.Length);
        hash.AppendData(head);
        hash.AppendData(bytes.Span);
        await compressed.WriteAsync(head, cancellationToken);
        await compressed.WriteAsync(bytes, cancellationToken);
        part.SetLength(0);
    }

    private void Write(object? value)
    {
        writer.Write(value is not null);
        switch (value)
        {
            case null:
                break;
            case string text:
                writer.Write(text);
                break;
            case long number:
                writer.Write(number);
                break;
            case int number:
                writer.Write(number);
                break;
            case bool flag:
                writer.Write(flag);
                break;
            case double number:
                writer.Write(number);
                break;
            case decimal number:
                writer.Write(number);
                break;
            case byte[] bytes:
                writer.Write7BitEncodedInt(bytes.Length);
                writer.Write(bytes);
                break;
            default:
                throw new InvalidOperationException($"A value of {value.GetType().Name} cannot be archived.");
        }
    }
}
