using Strata.Core.Telemetry;
using Strata.Edge.Sources.Csv;

namespace Strata.Edge.Sources;

/// <summary>
/// A file to replay, looked through once: its columns, how many rows it has, and from when to when they go. Rows are the records after the
/// header, the unreadable ones too. A row whose time is not later than all before it is unreadable: a device's clock does not go back.
/// </summary>
internal sealed class ReplayFile
{
    private readonly string path;

    private ReplayFile(string path, RowLayout layout) => (this.path, Layout) = (path, layout);

    public RowLayout Layout { get; }

    public long Bytes { get; private init; }

    public long Rows { get; private init; }

    /// <summary>Time of the first readable row, microseconds.</summary>
    public long First { get; private init; }

    public long Last { get; private init; }

    /// <summary>The row at which a replay starts, from 0.</summary>
    public long StartRow { get; private init; }

    /// <summary>Time of the first readable row at or after <see cref="StartRow"/>.</summary>
    public long StartTime { get; private init; }

    /// <summary>Time of the last readable row before <see cref="StartRow"/>.</summary>
    public long? TimeBeforeStart { get; private init; }

    /// <summary>From the first row to the last and one mean interval on: what is added to times after wrapping round.</summary>
    public long Cycle { get; private init; }

    /// <exception cref="FormatException">The file has no header, no readable row, or not the columns asked for.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ReplayFile Open(ReplayOptions options)
    {
        using var stream = File.OpenRead(options.File);
        var row = new CsvReader(stream);
        if (!row.Read() || row.Malformed is not null)
            throw new FormatException($"{options.File} has no header: {row.Malformed ?? "it is empty"}.");
        var header = Enumerable.Range(0, row.FieldCount).Select(row.Text).ToArray();
        RowLayout? layout = null;
        long rows = 0, readable = 0, first = 0, last = 0;
        for (; row.Read(); rows++)
        {
            layout ??= row.Malformed is null ? RowLayout.Create(header, row.FieldCount, options) : null;
            if (layout?.ReadTime(row, out _) is not { } time || (readable > 0 && time <= last))
                continue;
            first = readable++ == 0 ? time : first;
            last = time;
        }
        if (layout is null || readable == 0)
            throw new FormatException($"{options.File} has no row with a time.");
        var file = new ReplayFile(options.File, layout)
        {
            Bytes = stream.Length, Rows = rows, First = first, Last = last, StartTime = first,
            Cycle = last - first + ((last - first) / Math.Max(1, readable - 1)),
        };
        return options.Offset == default ? file : file.From((long)(options.Offset.Part * readable), first + EventTime.Span(options.Offset.Span));
    }

    /// <summary>Finds the row at which the replay starts: the one after so many readable ones, and not before a time.</summary>
    private ReplayFile From(long skip, long earliest)
    {
        long? before = null;
        var at = 0L;
        foreach (var (row, _, _) in Walk())
        {
            if (Layout.ReadTime(row, out _) is { } time && (before is null || time > before))
            {
                if (skip-- <= 0 && time >= earliest)
                    return new ReplayFile(path, Layout) { Bytes = Bytes, Rows = Rows, First = First, Last = Last, Cycle = Cycle, StartRow = at, StartTime = time, TimeBeforeStart = before };
                before = time;
            }
            at++;
        }
        throw new FormatException($"The offset lies beyond the end of {path}, which spans {TimeSpan.FromMicroseconds(Last - First)}.");
    }

    /// <summary>
    /// The rows in the order of the replay: from <see cref="StartRow"/> to the end, then the ones before it. The reader stands on the row; the
    /// second value is added to its time, the third is what its time must be later than.
    /// </summary>
    public IEnumerable<(CsvReader Row, long Added, long? After)> Walk()
    {
        for (var part = 0; part < (StartRow > 0 ? 2 : 1); part++)
        {
            using var stream = File.OpenRead(path);
            var row = new CsvReader(stream);
            row.Read();
            for (var i = 0L; row.Read(); i++)
            {
                if (part == 0 && i >= StartRow)
                    yield return (row, 0, TimeBeforeStart);
                else if (part == 1 && i < StartRow)
                    yield return (row, Cycle, null);
                else if (part == 1)
                    break;
            }
        }
    }

    /// <summary>Time of the last row of the replay, wrapping counted in.</summary>
    public long EndTime => TimeBeforeStart is { } before ? before + Cycle : Last;
}
