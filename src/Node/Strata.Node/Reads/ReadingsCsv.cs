using System.Globalization;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Core.Telemetry;
using Strata.Telemetry;

namespace Strata.Node.Reads;

/// <summary>
/// Readings as CSV: a header, then one line each, UTF-8, line feed at the end of each line, quoting as in RFC 4180. Times are ISO 8601 UTC with
/// as many digits as they have, or ms since the epoch. An empty text is <c>""</c>; nothing between commas means no value.
/// </summary>
internal static class ReadingsCsv
{
    public static string Write(IReadOnlyList<ReadingInfo> readings, bool timesInMs)
    {
        var csv = new StringBuilder("time,device,metric,value\n", 64 + (readings.Count * 48));
        foreach (var reading in readings)
        {
            AppendKey(csv, reading.Time, reading.Device, reading.Metric, timesInMs);
            if (reading.Value.ValueKind == JsonValueKind.String)
                AppendText(csv, reading.Value.GetString() ?? "");
            else
                csv.Append(reading.Value.GetRawText());
            csv.Append('\n');
        }
        return csv.ToString();
    }

    public static string Write(IReadOnlyList<AggregateInfo> rows, IReadOnlyList<AggregateFunction> functions, bool timesInMs)
    {
        var csv = new StringBuilder("time,device,metric", 64 + (rows.Count * 64));
        foreach (var function in functions)
            csv.Append(',').Append(function.ToString().ToLowerInvariant());
        csv.Append('\n');
        foreach (var row in rows)
        {
            AppendKey(csv, row.Time, row.Device, row.Metric, timesInMs);
            csv.AppendJoin(',', row.Values.Select(v => v?.ToString("R", CultureInfo.InvariantCulture) ?? "")).Append('\n');
        }
        return csv.ToString();
    }

    private static void AppendKey(StringBuilder csv, DateTimeOffset time, string device, string metric, bool timesInMs)
    {
        if (timesInMs)
            csv.Append(CultureInfo.InvariantCulture, $"{EventTime.From(time) / 1000m:0.###}");
        else
            csv.Append(CultureInfo.InvariantCulture, $"{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'}");
        csv.Append(',').Append(device).Append(',').Append(metric).Append(',');
    }

    private static void AppendText(StringBuilder csv, string text)
    {
        if (text.Length > 0 && text.AsSpan().IndexOfAny(",\"\r\n") < 0 && text[0] != ' ' && text[^1] != ' ')
            csv.Append(text);
        else
            csv.Append('"').Append(text.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
    }
}
