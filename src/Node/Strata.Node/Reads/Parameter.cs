using System.Globalization;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Telemetry;

namespace Strata.Node.Reads;

/// <summary>Query parameters as text to values. Every refusal names the parameter, what it got and what it accepts.</summary>
internal static class Parameter
{
    public const int DefaultLimit = 1_000;
    public const int MaxLimit = 10_000;

    private const string Times = "ISO 8601 (2023-01-17T10:00:00Z, no zone means UTC) or milliseconds since 1970-01-01 UTC (1673949600000)";

    private static readonly string[] TimeFormats =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd HH:mm:ss", "yyyyMMdd'T'HHmmssK",
    ];

    /// <summary>Microseconds since the epoch; null when the parameter is absent.</summary>
    public static Outcome<long?> Time(string name, string? text)
    {
        if (text is null)
            return (long?)null;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var milliseconds) && Math.Abs(milliseconds) < 253_402_300_800_000)
            return milliseconds * 1000;
        // An unescaped '+' of an offset arrives as a space.
        if (DateTimeOffset.TryParseExact(
            text.Length > 6 && text[^6] == ' ' ? $"{text[..^6]}+{text[^5..]}" : text, TimeFormats, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
            return EventTime.From(time);
        return Wrong(name, text, Times);
    }

    /// <summary>A length of time in microseconds: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>, <c>1d</c>, up to 366 days.</summary>
    public static Outcome<long> Duration(string name, string text)
    {
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits > 0 && long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= 31_622_400_000)
        {
            long unit = text[digits..] switch { "ms" => 1_000, "s" => 1_000_000, "m" => 60_000_000, "h" => 3_600_000_000, "d" => 86_400_000_000, _ => 0 };
            if (unit > 0 && count <= 366 * 86_400_000_000 / unit)
                return count * unit;
        }
        return Wrong(name, text, "a number and ms, s, m, h or d (30s, 5m, 1h, 1d), at most 366d");
    }

    public static Outcome<int> Limit(string? text)
    {
        if (text is null)
            return DefaultLimit;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= MaxLimit
            ? limit
            : Wrong("limit", text, $"a whole number from 1 to {MaxLimit}");
    }

    public static Outcome<DeviceId> Device(string text, string name = "device") =>
        DeviceId.TryParse(text, out var id) ? id : Wrong(name, text, "device ids (letters, digits and . _ : -, at most 128)");

    public static Outcome<MetricName> Metric(string text) =>
        MetricName.TryParse(text, out var metric) ? metric : Wrong("metric", text, "metric names (letters, digits, space and . _ : -, at most 128)");

    public static Outcome<SiteId?> Site(string? text)
    {
        if (text is null)
            return (SiteId?)null;
        return SiteId.TryParse(text, out var site) ? (SiteId?)site : Wrong("site", text, "the path of a place (hq/floor-1/east)");
    }

    public static Outcome<GatewayId?> Gateway(string? text)
    {
        if (text is null)
            return (GatewayId?)null;
        return GatewayId.TryParse(text, out var gateway) ? (GatewayId?)gateway : Wrong("gateway", text, "a gateway's id");
    }

    /// <summary>All of a repeated parameter, or the first problem.</summary>
    public static Outcome<T[]> All<T>(string[]? texts, int max, string name, Func<string, Outcome<T>> parse)
    {
        if (texts is null || texts.Length == 0)
            return Array.Empty<T>();
        if (texts.Length > max)
            return new Problem(ProblemKind.Invalid, $"'{name}' may be given {max} times at most; it was given {texts.Length} times.", name);
        var values = new T[texts.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            var value = parse(texts[i]);
            if (!value.IsOk)
                return value.Problem!;
            values[i] = value.Value;
        }
        return values;
    }

    public static Problem Wrong(string name, string got, string accepted) =>
        new(ProblemKind.Invalid, $"'{name}' is '{(got.Length > 60 ? got[..60] + "..." : got)}'; it takes {accepted}.", name);
}
