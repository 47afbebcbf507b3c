using System.Globalization;
using Strata.Cloud.Platform.Fleet;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Health.Report;

/// <summary>The report in a few lines.</summary>
internal sealed class FleetDigests(FleetReports reports) : IFleetDigest
{
    /// <summary>Gateways and reasons that are told, each.</summary>
    private const int MaxOfKind = 10;

    public FleetDigest? Make(TenantId tenant, Reach reach)
    {
        var report = reports.Make(tenant, reach, null, FleetGrouping.None);
        if (report.Total == 0)
            return null;
        var causes = report.Causes.Take(MaxOfKind).Select(c => string.Create(CultureInfo.InvariantCulture, $"Gateway {c.Gateway} at {c.Site} is not reached; {c.Devices:N0} devices are silent behind it."));
        var reasons = report.Reasons.OrderByDescending(r => r.Value).ThenBy(r => r.Key, StringComparer.Ordinal).Take(MaxOfKind).Select(r => string.Create(CultureInfo.InvariantCulture, $"{Words(r.Key)}: {r.Value:N0}"));
        return new FleetDigest(report.Summary, [.. causes, .. reasons]);
    }

    /// <summary>The API's name of a reason as people read it: <c>low battery</c> for <c>lowBattery</c>.</summary>
    private static string Words(string name) => string.Concat(name.Select(c => char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
}
