using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Strata.Cli.Output;

internal enum OutputFormat
{
    Table,
    Json,
    Csv,
}

/// <summary>Writes a list or a single thing as a table for people, as JSON for programs or as CSV for spreadsheets.</summary>
internal sealed class OutputWriter(OutputFormat format, TextWriter output)
{
    public OutputFormat Format => format;

    public TextWriter Text => output;

    /// <summary>A list. JSON is an array of the records as the API gives them.</summary>
    public void List<T>(IReadOnlyList<T> items, JsonTypeInfo<T> type, string empty, params ReadOnlySpan<Column<T>> columns)
    {
        switch (format)
        {
            case OutputFormat.Json:
                WriteJson(items, type);
                break;
            case OutputFormat.Csv:
                WriteCsvLine(columns.ToArray().Select(c => c.CsvName));
                foreach (var item in items)
                    WriteCsvLine(columns.ToArray().Select(c => c.Value(item)));
                break;
            default:
                if (items.Count == 0)
                    output.WriteLine(empty);
                else
                    WriteTable(items, columns);
                break;
        }
    }

    /// <summary>One thing: names and values under each other in a table, an object in JSON.</summary>
    public void One<T>(T item, JsonTypeInfo<T> type, params ReadOnlySpan<Column<T>> columns)
    {
        switch (format)
        {
            case OutputFormat.Json:
                output.WriteLine(JsonSerializer.Serialize(item, type));
                break;
            case OutputFormat.Csv:
                List([item], type, "", columns);
                break;
            default:
                var width = columns.ToArray().Max(c => c.Name.Length);
                foreach (var column in columns)
                    output.WriteLine($"{column.Name.PadRight(width)}  {column.Value(item)}");
                break;
        }
    }

    /// <summary>A line for people; nothing in the other formats.</summary>
    public void Note(string line)
    {
        if (format == OutputFormat.Table)
            output.WriteLine(line);
    }

    public void WriteCsvLine(IEnumerable<string> cells) => output.WriteLine(string.Join(',', cells.Select(Quote)));

    public static string Time(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture) ?? "";

    /// <summary>A length of time for people, in the unit that suits it.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalMinutes: < 2 } => $"{Number(Math.Round(span.TotalSeconds))} s",
        { TotalHours: < 2 } => $"{Number(Math.Round(span.TotalMinutes))} min",
        { TotalDays: < 10 } => $"{Number(Math.Round(span.TotalHours, 1))} h",
        _ => $"{Number(Math.Round(span.TotalDays, 1))} days",
    };

    public static string Number(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture) ?? "";

    private void WriteJson<T>(IReadOnlyList<T> items, JsonTypeInfo<T> type)
    {
        output.Write('[');
        for (var i = 0; i < items.Count; i++)
            output.Write((i == 0 ? "" : ",") + JsonSerializer.Serialize(items[i], type));
        output.WriteLine(']');
    }

    private void WriteTable<T>(IReadOnlyList<T> items, ReadOnlySpan<Column<T>> columns)
    {
        var table = new Table().Border(TableBorder.None).Collapse();
        foreach (var column in columns)
        {
            var header = new TableColumn(new Markup($"[bold]{Markup.Escape(column.Name)}[/]")).PadLeft(0).PadRight(2);
            table.AddColumn(column.RightAligned ? header.RightAligned() : header);
        }
        foreach (var item in items)
        {
            var cells = new List<Markup>(columns.Length);
            foreach (var column in columns)
                cells.Add(new Markup(Markup.Escape(column.Value(item))));
            table.AddRow(cells);
        }
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = 240;
        console.Write(table);
    }

    private static string Quote(string cell) =>
        cell.AsSpan().IndexOfAny("\",\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>One column: its heading for people, its name in CSV, and the cell of an item.</summary>
internal readonly record struct Column<T>(string Name, Func<T, string> Value, bool RightAligned = false)
{
    public string CsvName => Name.Replace(' ', '_');
}
