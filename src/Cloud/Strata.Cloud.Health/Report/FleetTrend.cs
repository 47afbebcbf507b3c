using System.Text.Json;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Rows;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health.Report;

/// <summary>Hours of the fleet as rows.</summary>
internal static class FleetTrend
{
    public static int HourOf(DateTimeOffset time) => (int)(time.ToUnixTimeSeconds() / 3600);

    public static FleetTrendRow Row(TenantId tenant, DateTimeOffset now, FleetReportInfo report) => new()
    {
        TenantId = tenant.Value, Hour = HourOf(now), Total = report.Total,
        Buckets = JsonSerializer.Serialize(new SortedDictionary<string, int>(report.Buckets.Where(b => b.Value > 0).ToDictionary(b => b.Key, b => b.Value), StringComparer.Ordinal), HealthJson.Default.SortedDictionaryStringInt32),
    };

    public static FleetTrendInfo Info(FleetTrendRow row) =>
        new(DateTimeOffset.FromUnixTimeSeconds(row.Hour * 3600L), row.Total, JsonSerializer.Deserialize(row.Buckets, HealthJson.Default.SortedDictionaryStringInt32)!);
}
