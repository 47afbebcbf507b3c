using System.Globalization;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Core.Telemetry;
using Strata.Telemetry;

namespace Strata.Node.Reads;

/// <summary>Pages of readings and buckets as HTTP answers, JSON or CSV.</summary>
internal static class ReadingsAnswer
{
    public const string CursorHeader = "X-Next-Cursor";

    public static IResult Of(Page<ReadingInfo> page) => TypedResults.Json(page, ContractsJson.Default.PageReadingInfo);

    public static IResult Of(Page<AggregateInfo> page) => TypedResults.Json(page, ContractsJson.Default.PageAggregateInfo);

    public static IResult Csv(string text, string? next, HttpContext context)
    {
        if (next is not null)
            context.Response.Headers[CursorHeader] = next;
        return TypedResults.Text(text, "text/csv; charset=utf-8");
    }

    /// <summary>CSV when asked for by name, or when Accept prefers it.</summary>
    public static bool WantsCsv(string? format, HttpRequest request) => format switch
    {
        "csv" => true,
        "json" => false,
        _ => request.GetTypedHeaders().Accept is { Count: > 0 } accept
            && accept.OrderByDescending(a => a.Quality ?? 1).First().MediaType.Equals("text/csv", StringComparison.OrdinalIgnoreCase),
    };

    public static Page<ReadingInfo> Page(IReadOnlyList<Reading> readings, int limit) =>
        new([.. readings.Select(r => ReadingsJson.Info(r))], readings.Count == limit ? Cursor('r', readings[^1].Time, readings[^1].Device.Value, readings[^1].Metric.Value) : null);

    public static Page<AggregateInfo> Page(IReadOnlyList<AggregateRow> rows, int limit) => new(
        [.. rows.Select(r => new AggregateInfo(EventTime.ToDateTimeOffset(r.Start), r.Device.Value, r.Metric.Value, r.Values))],
        rows.Count == limit ? Cursor('a', rows[^1].Start, rows[^1].Device.Value, rows[^1].Metric.Value) : null);

    private static string Cursor(char kind, long time, string device, string metric) =>
        PageCursor.Write(kind, time.ToString(CultureInfo.InvariantCulture), device, metric);
}
