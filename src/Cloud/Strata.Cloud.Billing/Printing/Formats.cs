using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Cloud.Billing.Printing;

/// <summary>The forms of a report: JSON, CSV, and a page that prints.</summary>
internal static class Formats
{
    /// <summary>Why this is no form; null when it is one.</summary>
    public static Problem? Check(string? format) => format is null or "json" or "csv" or "html"
        ? null
        : new Problem(ProblemKind.Invalid, $"'{BillingRequests.Short(format)}' is not a format here; json, csv and html are.", "format");

    /// <summary>A page without a script, which may load nothing.</summary>
    public static IResult Page(string html) => new PageResult(html);

    public static string Text(string? text) => WebUtility.HtmlEncode(text ?? "");

    /// <summary>As CSV has it: as many digits as it has, a point, no separators.</summary>
    public static string Exact(decimal? value) => value?.ToString("0.############################", CultureInfo.InvariantCulture) ?? "";

    /// <summary>For people: separators between thousands, at most so many digits.</summary>
    public static string Number(decimal value, int digits) => value.ToString(digits == 0 ? "#,0" : "#,0." + new string('#', digits), CultureInfo.InvariantCulture);

    /// <summary>An amount with all digits of the minor unit.</summary>
    public static string Money(decimal value, int digits) => value.ToString("#,0" + (digits == 0 ? "" : "." + new string('0', digits)), CultureInfo.InvariantCulture);

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    public static string IsoTime(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>One line of CSV as in RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front.</summary>
    public static string Csv(params ReadOnlySpan<string?> cells)
    {
        var quoted = new string[cells.Length];
        for (var i = 0; i < cells.Length; i++)
        {
            var cell = cells[i] ?? "";
            if (cell.Length > 0 && (cell[0] is '=' or '+' or '@' or '\t' || (cell[0] == '-' && !decimal.TryParse(cell, NumberStyles.Number, CultureInfo.InvariantCulture, out _))))
                cell = "'" + cell;
            quoted[i] = cell.AsSpan().IndexOfAny("\",\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        }
        return string.Join(',', quoted) + "\n";
    }

    private sealed class PageResult(string html) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";
            httpContext.Response.Headers.CacheControl = "no-store";
            httpContext.Response.ContentType = "text/html; charset=utf-8";
            return httpContext.Response.WriteAsync(html, httpContext.RequestAborted);
        }
    }
}
