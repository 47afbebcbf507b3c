using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Health;

namespace Strata.Cloud.Health.Report;

/// <summary>Reports for spreadsheets.</summary>
internal static class ReportCsv
{
    /// <summary>A line for the whole, and one for each group.</summary>
    public static string Write(FleetReportInfo report)
    {
        var names = HealthBuckets.All.Select(HealthBuckets.NameOf).ToList();
        var text = new StringBuilder();
        CsvText.Line(text, ["group", "total", .. names]);
        CsvText.Line(text, ["(all)", report.Total.ToString(CultureInfo.InvariantCulture), .. names.Select(n => Count(report.Buckets, n))]);
        foreach (var group in report.Groups ?? [])
            CsvText.Line(text, [group.Key, group.Total.ToString(CultureInfo.InvariantCulture), .. names.Select(n => Count(group.Buckets, n))]);
        return text.ToString();
    }

    public static string Write(IReadOnlyList<FleetDeviceInfo> devices)
    {
        var text = new StringBuilder();
        CsvText.Line(text, ["id", "site", "model", "state", "bucket", "score", "reasons", "last_seen", "gateway", "firmware", "battery"]);
        foreach (var d in devices)
        {
            CsvText.Line(text,
            [
                d.Id, d.Site, d.Model, d.State, d.Bucket, d.Score.ToString(CultureInfo.InvariantCulture), string.Join("; ", d.Reasons.Select(r => r.Detail)),
                d.LastSeen?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), d.Gateway, d.Firmware, d.Battery?.ToString(CultureInfo.InvariantCulture),
            ]);
        }
        return text.ToString();
    }

    private static string Count(IReadOnlyDictionary<string, int> counts, string name) => counts.GetValueOrDefault(name).ToString(CultureInfo.InvariantCulture);
}

/// <summary>RFC 4180, and no cell that a spreadsheet would run.</summary>
internal static class CsvText
{
    public static Problem? Check(string? format) => format is null or "json" or "csv" ? null : new Problem(ProblemKind.Invalid, "'format' is json or csv.", "format");

    public static IResult Of(string text) => Results.Text(text, "text/csv; charset=utf-8");

    public static void Line(StringBuilder text, IEnumerable<string?> cells) => text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");

    private static string Cell(string? cell)
    {
        if (cell is not { Length: > 0 })
            return "";
        if (cell[0] is '=' or '+' or '@' or '\t' || (cell[0] == '-' && !double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _)))
            cell = "'" + cell;
        return cell.AsSpan().IndexOfAny("\",\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
