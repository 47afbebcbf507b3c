using System.Text;
using Strata.Core.Dataflow;
using Strata.Core.Telemetry;
using Strata.Edge.Books;
using Strata.Edge.Sources;

namespace Strata.Edge.Buffering;

/// <summary>
/// What an agent needs to go on after a crash as if nothing had happened. Kept as the memo of the log, in the same write as the records that it follows from.
/// </summary>
/// <param name="SourceKey">The source that <paramref name="Position"/> belongs to.</param>
/// <param name="SuppressedTold">Of the books' suppressed readings, those that a batch has told the gateway of.</param>
/// <param name="Reported">What was last reported of each metric.</param>
internal sealed record AgentMemo(
    string SourceKey, SourcePosition Position, SourceBooks Books, long SuppressedTold, IReadOnlyList<DeadBandReport> Reported)
{
    private const byte Version = 1;

    public static AgentMemo StartOf(string sourceKey) => new(sourceKey, default, SourceBooks.Empty, 0, []);

    public byte[] Write()
    {
        using var bytes = new MemoryStream(512);
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(Version);
        writer.Write(SourceKey);
        writer.Write(Position.Rows);
        writer.Write(Position.Shift);
        writer.Write(Position.Anchor);
        writer.Write7BitEncodedInt64(SuppressedTold);
        foreach (var count in (ReadOnlySpan<long>)[Books.Samples, Books.ReadingsIn, Books.Suppressed, Books.Recorded, Books.BytesIn, Books.BadRows])
            writer.Write7BitEncodedInt64(count);
        writer.Write7BitEncodedInt(Books.Metrics.Count);
        foreach (var metric in Books.Metrics)
        {
            writer.Write(metric.Metric);
            writer.Write7BitEncodedInt64(metric.In);
            writer.Write7BitEncodedInt64(metric.Suppressed);
        }
        writer.Write7BitEncodedInt(Reported.Count);
        foreach (var report in Reported)
        {
            writer.Write(report.Metric);
            writer.Write(report.Time);
            writer.Write((byte)report.Kind);
            writer.Write(report.Number);
            writer.Write(report.Text ?? "");
            writer.Write7BitEncodedInt64(report.Suppressed);
        }
        writer.Flush();
        return bytes.ToArray();
    }

    /// <exception cref="InvalidDataException">It was written by another version of the program.</exception>
    public static AgentMemo Read(ReadOnlyMemory<byte> memo)
    {
        using var bytes = new MemoryStream(memo.ToArray(), writable: false);
        using var reader = new BinaryReader(bytes, Encoding.UTF8);
        var version = reader.ReadByte();
        if (version != Version)
            throw new InvalidDataException($"The data folder was written by another version of the agent (its state has version {version}, this program reads {Version}).");
        var key = reader.ReadString();
        var position = new SourcePosition(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
        var told = reader.Read7BitEncodedInt64();
        var books = new SourceBooks
        {
            Samples = reader.Read7BitEncodedInt64(),
            ReadingsIn = reader.Read7BitEncodedInt64(),
            Suppressed = reader.Read7BitEncodedInt64(),
            Recorded = reader.Read7BitEncodedInt64(),
            BytesIn = reader.Read7BitEncodedInt64(),
            BadRows = reader.Read7BitEncodedInt64(),
            Metrics = ReadList(reader, r => new MetricBooks(r.ReadString(), r.Read7BitEncodedInt64(), r.Read7BitEncodedInt64())),
        };
        return new AgentMemo(key, position, books, told, ReadList(reader, ReadReport));
    }

    private static DeadBandReport ReadReport(BinaryReader reader)
    {
        var (metric, time, kind, number, text) = (reader.ReadString(), reader.ReadInt64(), (ReadingKind)reader.ReadByte(), reader.ReadDouble(), reader.ReadString());
        return new DeadBandReport(metric, time, kind, number, kind == ReadingKind.Text ? text : null, reader.Read7BitEncodedInt64());
    }

    private static T[] ReadList<T>(BinaryReader reader, Func<BinaryReader, T> read)
    {
        var items = new T[reader.Read7BitEncodedInt()];
        for (var i = 0; i < items.Length; i++)
            items[i] = read(reader);
        return items;
    }
}
