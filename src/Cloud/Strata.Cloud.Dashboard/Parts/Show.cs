using System.Globalization;
using System.Text.Json;

namespace Strata.Cloud.Dashboard.Parts;

/// <summary>How figures are written for people.</summary>
internal static class Show
{
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Percent(double? share) => share is { } s ? s.ToString("P1", CultureInfo.InvariantCulture) : "-";

    public static string Ms(double? ms) => ms is { } m ? $"{m:0.#} ms" : "-";

    public static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => $"{bytes / 1024.0:0.0} KB",
        < 1 << 30 => $"{bytes / 1048576.0:0.0} MB",
        _ => $"{bytes / 1073741824.0:0.0} GB",
    };

    public static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "never";

    public static string Ago(DateTimeOffset? time, DateTimeOffset now)
    {
        if (time is null)
            return "never";
        var age = now - time.Value;
        return age.TotalSeconds switch
        {
            < 1 => "now",
            < 120 => $"{age.TotalSeconds:0} s ago",
            < 7200 => $"{age.TotalMinutes:0} min ago",
            < 172_800 => $"{age.TotalHours:0} h ago",
            _ => $"{age.TotalDays:0} days ago",
        };
    }

    public static string Value(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number.ToString("0.###", CultureInfo.InvariantCulture) : value.ToString();

    public static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
