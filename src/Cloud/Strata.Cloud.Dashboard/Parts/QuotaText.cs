using System.Globalization;

namespace Strata.Cloud.Dashboard.Parts;

/// <summary>Quotas in words.</summary>
internal static class QuotaText
{
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["devices"] = "Devices", ["connections"] = "Connections", ["messagesPerSecond"] = "Messages a second", ["messageBurst"] = "Messages at once",
        ["bytesPerSecond"] = "Bytes a second", ["storageBytes"] = "Storage", ["apiCallsPerMinute"] = "API calls a minute",
        ["payloadBytes"] = "Largest message", ["retentionDays"] = "Days that readings stay", ["downloadBytesPerSecond"] = "Bytes a second of updates",
    };

    /// <summary>The name itself for a quota that this page does not know.</summary>
    public static string Name(string quota) => Names.GetValueOrDefault(quota, quota);

    public static string Amount(string quota, long? amount) => amount switch
    {
        null => "no limit",
        { } bytes when quota.Contains("ytes", StringComparison.Ordinal) => Show.Bytes(bytes),
        { } count => Show.Count(count),
    };

    /// <summary>How much of it is used, 0 to 100; null without a limit or a use.</summary>
    public static double? Percent(long? used, long? limit) => used is { } u && limit is > 0 and { } l ? Math.Min(100, 100.0 * u / l) : null;

    public static string Css(double percent) => percent.ToString("0.#", CultureInfo.InvariantCulture) + "%";
}
