using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Platform.Isolation;
using Strata.Core.Tenancy;
using Strata.Telemetry.Transfer;

namespace Strata.Cloud.Platform.Archive;

/// <summary>What an archive holds, in its order; a table's rows come before anything else does.</summary>
internal abstract record ArchiveContent
{
    public sealed record People(IReadOnlyList<ArchivedPerson> All) : ArchiveContent;

    public sealed record Rows(TenantTable Table, IReadOnlyList<object?[]> All) : ArchiveContent;

    /// <summary>A piece of a file; its pieces come one after the other.</summary>
    public sealed record File(string Kind, string Name, bool IsLast, byte[] Bytes) : ArchiveContent;

    public sealed record Slice(TelemetrySlice Telemetry) : ArchiveContent;

    public sealed record Rest(TenantRest Kept) : ArchiveContent;
}

/// <summary>Reads an archive, part after part, in bounded memory. Used by one caller at a time.</summary>
internal sealed class ArchiveReader : IAsyncDisposable
{
    /// <summary>Longest part; a slice is one commit at least.</summary>
    private const int MaxPart = 512 << 20;

    private readonly BrotliStream stream;
    private readonly Dictionary<string, TenantTable> tables;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<string, long> rows = new(StringComparer.Ordinal);
    private long readings, windows, events, gaps, files;
    private byte[] part = new byte[1 << 20];

    private ArchiveReader(Stream plain, IEnumerable<TenantTable> tables)
    {
        stream = new BrotliStream(plain, CompressionMode.Decompress);
        this.tables = tables.ToDictionary(t => t.Name, StringComparer.Ordinal);
    }

    public ArchiveManifest Manifest { get; private set; } = null!;

    /// <summary>How many there were; after everything was read.</summary>
    public ArchiveEnd End { get; private set; } = null!;

    /// <param name="program">This program's version.</param>
    /// <exception cref="ArchiveException">It is no archive, does not open, or is of another version.</exception>
    public static async Task<ArchiveReader> OpenAsync(Stream source, byte[] secret, IReadOnlyList<TenantTable> tables, string program, CancellationToken cancellationToken)
    {
        var reader = new ArchiveReader(await SealedArchive.ReadAsync(source, secret, cancellationToken), tables);
        try
        {
            var (kind, length) = await NextAsync(reader, cancellationToken);
            if (kind != ArchivePart.Manifest)
                throw new ArchiveException("The archive does not begin with its manifest.");
            reader.Manifest = reader.Json<ArchiveManifest>(length);
            if (reader.Manifest.Differs(ArchiveManifest.CurrentFormat, tables.ToDictionary(t => t.Name, t => t.Shape), program) is { } difference)
                throw new ArchiveException(difference);
            return reader;
        }
        catch
        {
            await reader.DisposeAsync();
            throw;
        }
    }

    /// <summary>Everything after the manifest. Complete only when the enumeration ends: until then it is not known whether the archive is whole.</summary>
    /// <exception cref="ArchiveException">It is damaged or cut off.</exception>
    public async IAsyncEnumerable<ArchiveContent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        TenantTable? table = null;
        var tenant = TenantId.Parse(Manifest.Tenant);
        while (true)
        {
            var digest = Convert.ToHexStringLower(hash.GetCurrentHash());
            var (kind, length) = await NextAsync(this, cancellationToken);
            switch (kind)
            {
                case ArchivePart.People:
                    yield return new ArchiveContent.People(Json<List<ArchivedPerson>>(length));
                    break;
                case ArchivePart.Table:
                    var name = Binary(length, r => r.ReadString());
                    table = tables.GetValueOrDefault(name) ?? throw new ArchiveException($"The archive has a table '{name}' that its manifest does not name.");
                    rows.TryAdd(name, 0);
                    break;
                case ArchivePart.Rows:
                    var of = table ?? throw new ArchiveException("The archive has rows before a table.");
                    var read = Binary(length, r => Rows(of, r));
                    rows[of.Name] += read.Count;
                    yield return new ArchiveContent.Rows(of, read);
                    break;
                case ArchivePart.File:
                    var file = Binary(length, File);
                    files += file.IsLast ? 1 : 0;
                    yield return file;
                    break;
                case ArchivePart.Slice:
                    var slice = Binary(length, TransferCodec.ReadSlice);
                    (readings, windows, events, gaps) = (readings + slice.Readings.Count, windows + slice.Windows.Count, events + slice.Events.Count, gaps + slice.Gaps.Count);
                    yield return new ArchiveContent.Slice(slice);
                    break;
                case ArchivePart.Rest:
                    yield return new ArchiveContent.Rest(Binary(length, r => TransferCodec.ReadRest(r, tenant)));
                    break;
                case ArchivePart.End:
                    Check(Json<ArchiveEnd>(length), digest);
                    // The sealed file's end is seen too.
                    if (await stream.ReadAsync(part.AsMemory(0, 1), cancellationToken) != 0)
                        throw new ArchiveException("The archive goes on after its end.");
                    yield break;
                default:
                    throw new ArchiveException($"The archive has a part of kind {(byte)kind}, which this program does not know.");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        hash.Dispose();
    }

    private static async Task<(ArchivePart Kind, int Length)> NextAsync(ArchiveReader reader, CancellationToken cancellationToken)
    {
        var head = new byte[5];
        await reader.FillAsync(head, cancellationToken);
        var length = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(1));
        if (length is < 0 or > MaxPart)
            throw new ArchiveException($"A part of the archive says that it is {length} bytes long; at most {MaxPart} are read.");
        if (reader.part.Length < length)
            reader.part = new byte[length];
        await reader.FillAsync(reader.part.AsMemory(0, length), cancellationToken);
        reader.hash.AppendData(head);
        reader.hash.AppendData(reader.part.AsSpan(0, length));
        return ((ArchivePart)head[0], length);
    }

    private async Task FillAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            if (await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken) < buffer.Length)
                throw new ArchiveException("The archive ends in the middle of a part.");
        }
        catch (Exception e) when (e is InvalidOperationException or InvalidDataException)
        {
            throw new ArchiveException("The archive's compressed contents are damaged.", e);
        }
    }

    private void Check(ArchiveEnd end, string digest)
    {
        if (end.Digest != digest)
            throw new ArchiveException("The digest at the archive's end is not that of its parts.");
        foreach (var (table, count) in end.Rows)
            if (rows.GetValueOrDefault(table) != count)
                throw new ArchiveException($"The archive's table '{table}' has {rows.GetValueOrDefault(table)} rows where {count} were written.");
        if ((end.Readings, end.Windows, end.Events, end.Gaps) != (readings, windows, events, gaps))
            throw new ArchiveException($"The archive has {readings} readings, {windows} windows, {events} events and {gaps} gaps where {end.Readings}, {end.Windows}, {end.Events} and {end.Gaps} were written.");
        if (end.Files != files)
            throw new ArchiveException($"The archive has {files} files where {end.Files} were written.");
        End = end;
    }

    private T Json<T>(int length)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(part.AsSpan(0, length), JsonSerializerOptions.Web) ?? throw new ArchiveException($"A part of the archive ({typeof(T).Name}) is empty.");
        }
        catch (JsonException e)
        {
            throw new ArchiveException($"A part of the archive ({typeof(T).Name}) cannot be read: {e.Message}", e);
        }
    }

    private T Binary<T>(int length, Func<BinaryReader, T> read)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(part, 0, length, writable: false), Encoding.UTF8);
            return read(reader);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            throw new ArchiveException($"A part of the archive cannot be read: {e.Message}", e);
        }
    }

    private static ArchiveContent.File File(BinaryReader reader) =>
        new(reader.ReadString(), reader.ReadString(), reader.ReadBoolean(), reader.ReadBytes((int)(reader.BaseStream.Length - reader.BaseStream.Position)));

    private static List<object?[]> Rows(TenantTable table, BinaryReader reader)
    {
        var all = new List<object?[]>();
        while (reader.BaseStream.Position < reader.BaseStream.Length)
        {
            var row = new object?[table.Columns.Count];
            for (var i = 0; i < row.Length; i++)
                row[i] = reader.ReadBoolean() ? Value(reader, table.Columns[i].Type) : null;
            all.Add(row);
        }
        return all;
    }

    private static object Value(BinaryReader reader, Type type) => type switch
    {
        _ when type == typeof(string) => reader.ReadString(),
        _ when type == typeof(long) => reader.ReadInt64(),
        _ when type == typeof(int) => reader.ReadInt32(),
        _ when type == typeof(bool) => reader.ReadBoolean(),
        _ when type == typeof(double) => reader.ReadDouble(),
        _ when type == typeof(decimal) => reader.ReadDecimal(),
        _ => reader.ReadBytes(reader.Read7BitEncodedInt()),
    };
}
