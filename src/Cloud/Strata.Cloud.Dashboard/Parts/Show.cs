using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Dashboard.Parts;

/// <summary>How figures are written for people.</summary>
internal static class Show
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Line by line, to read and to change.</summary>
    public static string Json(JsonElement value) => JsonSerializer.Serialize(value, Indented);

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

    /// <summary>A name of the API's as people write it: <c>rolledBack</c> is rolled back.</summary>
    public static string Words(string name) => string.Concat(name.Select(c => char.IsAsciiLetterUpper(c) ? $" {char.ToLowerInvariant(c)}" : c.ToString()));

    public static string Span(TimeSpan span) => span switch
    {
        { TotalSeconds: < 10 } => $"{span.TotalSeconds:0.#} s",
        { TotalMinutes: < 2 } => $"{span.TotalSeconds:0} s",
        { TotalHours: < 2 } => $"{span.TotalMinutes:0} min",
        { TotalDays: < 2 } => $"{span.TotalHours:0} h",
        _ => $"{span.TotalDays:0} days",
    };

    public static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string Ahead(DateTimeOffset time, DateTimeOffset now) => (time - now) switch
    {
        { Ticks: <= 0 } => "over",
        { TotalHours: < 2 } left => $"in {left.TotalMinutes:0} min",
        { TotalDays: < 2 } left => $"in {left.TotalHours:0} h",
        var left => $"in {left.TotalDays:0} days",
    };

    /// <summary>The browser and the system that a user agent's text names, as far as it is one of the common ones.</summary>
    public static string Browser(string agent)
    {
        var browser = Named(agent, ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("HeadlessChrome/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"));
        var system = Named(agent, ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"));
        return (browser, system) switch
        {
            (null, _) => agent.Length == 0 ? "not said" : agent,
            (_, null) => browser,
            _ => $"{browser} on {system}",
        };
    }

    private static string? Named(string text, params ReadOnlySpan<(string Mark, string Name)> names)
    {
        foreach (var (mark, name) in names)
        {
            if (text.Contains(mark, StringComparison.Ordinal))
                return name;
        }
        return null;
    }

    public static string Grant(GrantInfo grant)
    {
        var places = (grant.Sites ?? []).Concat((grant.Groups ?? []).Select(g => $"group {g}")).ToList();
        return places.Count == 0 ? grant.Role : $"{grant.Role} in {string.Join(", ", places)}";
    }

    public static string Grants(IReadOnlyList<GrantInfo> grants) => string.Join("; ", grants.Select(Grant));

    public static string Value(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number.ToString("0.###", CultureInfo.InvariantCulture) : value.ToString();

    public static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
