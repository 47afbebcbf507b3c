using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Strata.Core.Telemetry;

namespace Strata.Edge.Sources.Csv;

/// <summary>Where a file's rows hold the time and the metrics, worked out from its header and its first row.</summary>
internal sealed class RowLayout
{
    private readonly int columns;
    private readonly int timeField;
    private readonly string? timeFormat;
    private readonly (int Field, ColumnMapping Mapping)[] metrics;

    private RowLayout(int columns, int timeField, string? timeFormat, (int, ColumnMapping)[] metrics) =>
        (this.columns, this.timeField, this.timeFormat, this.metrics) = (columns, timeField, timeFormat, metrics);

    /// <param name="header">The header's names.</param>
    /// <param name="fieldsOfFirstRow">One more than the header has: the first field is a row number without a name.</param>
    /// <exception cref="FormatException">The file does not have what is asked of it; the message says which columns it has.</exception>
    public static RowLayout Create(IReadOnlyList<string> header, int fieldsOfFirstRow, ReplayOptions options)
    {
        var shift = fieldsOfFirstRow == header.Count + 1 ? 1 : 0;
        var time = TimeColumn(header, options);
        IEnumerable<ColumnMapping> mappings = options.Map.Count > 0
            ? options.Map
            : header.Where((name, i) => i != time && name.Length > 0).Select(ColumnMapping.ForColumn);
        var metrics = mappings.Select(m => (Find(header, m.Column) + shift, m)).ToArray();
        if (metrics.GroupBy(m => m.m.Metric).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new FormatException($"Two columns give the metric '{twice.Key}'.");
        if (metrics.Length == 0)
            throw new FormatException("The file has no column besides the time.");
        return new(header.Count + shift, time + shift, options.TimeFormat, metrics);
    }

    /// <summary>Reads the time of the current row; null and a reason when it has none.</summary>
    public long? ReadTime(CsvReader row, out string reason)
    {
        reason = row.Malformed ?? (row.FieldCount == columns ? "" : $"it has {row.FieldCount} fields and not {columns}");
        if (reason.Length > 0)
            return null;
        if (ParseTime(row.Field(timeField)) is { } time)
            return time;
        reason = $"'{Shorten(row.Text(timeField))}' is not a time";
        return null;
    }

    /// <summary>Reads the metrics of the current row; an empty cell holds none. Null and a reason when a cell is not what it should be.</summary>
    public IReadOnlyList<Measurement>? ReadValues(CsvReader row, out string reason)
    {
        reason = "";
        var values = new List<Measurement>(metrics.Length);
        foreach (var (field, mapping) in metrics)
        {
            var cell = row.Field(field).Trim((byte)' ');
            if (cell.IsEmpty)
                continue;
            if (Parse(cell, mapping.Unit) is not { } value)
            {
                reason = $"'{Shorten(row.Text(field))}' in column {mapping.Column} is not a {(mapping.Unit == ColumnUnit.Boolean ? "boolean" : "number")}";
                return null;
            }
            values.Add(new(mapping.Metric, value));
        }
        return values;
    }

    private static ReadingValue? Parse(ReadOnlySpan<byte> cell, ColumnUnit unit)
    {
        if (unit == ColumnUnit.Text)
            return ReadingValue.OfText(Encoding.UTF8.GetString(cell));
        if (unit == ColumnUnit.Boolean && Utf8Parser.TryParse(cell, out bool boolean, out var used) && used == cell.Length)
            return ReadingValue.OfBoolean(boolean);
        if (!double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || !double.IsFinite(number))
            return null;
        return unit switch
        {
            ColumnUnit.Boolean => number is 0 or 1 ? ReadingValue.OfBoolean(number == 1) : null,
            ColumnUnit.DegreesFahrenheit => ReadingValue.OfNumber((number - 32) * 5 / 9),
            ColumnUnit.Kelvin => ReadingValue.OfNumber(number - 273.15),
            _ => ReadingValue.OfNumber(number),
        };
    }

    private long? ParseTime(ReadOnlySpan<byte> cell)
    {
        if (timeFormat is null or "ms" or "s" && Utf8Parser.TryParse(cell, out long count, out var used) && used == cell.Length)
            return count is > -10_000_000_000_000 and < 10_000_000_000_000 ? count * (timeFormat == "s" ? 1_000_000 : 1000) : null;
        Span<char> text = stackalloc char[64];
        if (cell.Length > text.Length || !Encoding.UTF8.TryGetChars(cell, text, out var length))
            return null;
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.AllowWhiteSpaces;
        var known = timeFormat switch
        {
            "ms" or "s" => (false, default),
            null => (DateTimeOffset.TryParse(text[..length], CultureInfo.InvariantCulture, Utc, out var free), free),
            _ => (DateTimeOffset.TryParseExact(text[..length], timeFormat, CultureInfo.InvariantCulture, Utc, out var exact), exact),
        };
        return known.Item1 ? EventTime.From(known.Item2) : null;
    }

    private static int TimeColumn(IReadOnlyList<string> header, ReplayOptions options)
    {
        if (options.TimeColumn is { } column)
            return Find(header, column);
        string[] usual = ["ts", "time", "timestamp", "date", "datetime"];
        for (var i = 0; i < header.Count; i++)
        {
            if (usual.Contains(header[i], StringComparer.OrdinalIgnoreCase))
                return i;
        }
        throw new FormatException($"No column is named {string.Join(", ", usual)}; name the time's column. The file has {Names(header)}.");
    }

    private static int Find(IReadOnlyList<string> header, string column)
    {
        for (var i = 0; i < header.Count; i++)
        {
            if (header[i] == column)
                return i;
        }
        throw new FormatException($"The file has no column '{column}'. It has {Names(header)}.");
    }

    private static string Names(IReadOnlyList<string> header) => string.Join(", ", header.Select(h => $"'{Shorten(h)}'"));

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
