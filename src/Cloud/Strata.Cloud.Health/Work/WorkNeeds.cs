using System.Globalization;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Report;
using Strata.Core.Health;
using Strata.Core.Maintenance;

namespace Strata.Cloud.Health.Work;

/// <summary>What must be done at a device, out of its health. A function of what is known.</summary>
internal static class WorkNeeds
{
    /// <summary>The needs of a device; none for one that is in maintenance, behind a gateway that is down, or never was heard.</summary>
    /// <param name="forecast">Of its battery.</param>
    public static IEnumerable<WorkNeed> Of(JudgedDevice judged, BatteryForecast? forecast, HealthOptions options, FleetMoment moment)
    {
        var (verdict, now) = (judged.Verdict, moment.Now);
        if (verdict.Bucket is HealthBucket.Maintenance or HealthBucket.Waiting or HealthBucket.BehindGateway)
            yield break;
        if (verdict.Reasons.Contains(HealthReason.Offline))
        {
            yield return Need(WorkOrderKind.Investigate, now + options.InvestigateWithin, verdict.Reasons);
            yield break; // Who goes there sees the rest.
        }
        if (verdict.Reasons.Contains(HealthReason.LowBattery) || verdict.Reasons.Contains(HealthReason.LowVoltage))
            yield return Need(WorkOrderKind.ReplaceBattery, forecast is { } sure && sure.Empty > now ? Sooner(sure.Empty, now + options.ReplaceWithin) : now + options.ReplaceWithin, verdict.Reasons);
        else if (forecast is { } coming && coming.Empty <= now + options.LeadTime)
            yield return Need(WorkOrderKind.ReplaceBattery, coming.Empty, verdict.Reasons);
        if (verdict.Reasons.Contains(HealthReason.Errors) || verdict.Reasons.Contains(HealthReason.Reboots))
            yield return Need(WorkOrderKind.Repair, now + options.ReplaceWithin, verdict.Reasons);
        if (verdict.Reasons.Contains(HealthReason.Stuck) || verdict.Reasons.Contains(HealthReason.OutOfRange))
            yield return Need(WorkOrderKind.Inspect, now + options.ReplaceWithin, verdict.Reasons);

        WorkNeed Need(WorkOrderKind kind, DateTimeOffset due, HealthReasonSet reasons) => new(judged.Device.Id, judged.Device.Site, kind, due, Detail(judged, reasons, forecast, moment));
    }

    /// <summary>Whether an order's device needs it no more: it has been well for as long as it takes to be active again.</summary>
    public static bool IsOver(JudgedDevice judged, HealthPolicy policy, DateTimeOffset now) =>
        judged.Verdict.Bucket == HealthBucket.Healthy && judged.Record is { Side: HealthSide.Above } record && now - record.SideSince >= policy.RecoverAfter;

    /// <summary>For who goes there: what is wrong, and what was last known.</summary>
    private static string Detail(JudgedDevice judged, HealthReasonSet reasons, BatteryForecast? forecast, FleetMoment moment)
    {
        var parts = HealthJudge.Explain(judged.Facts, reasons, moment.Policy, moment.Now).Select(f => f.Detail).ToList();
        if (forecast is { } battery)
            parts.Add($"battery down to {Text(moment.Policy.LowBatteryPercent)} % on {battery.Empty.UtcDateTime:yyyy-MM-dd}, losing {Text(battery.PerDay)} % a day");
        parts.Add($"last heard {judged.Device.LastSeen?.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC{(judged.Device.Gateway is { } gateway ? $" through {gateway}" : "")}");
        if (!double.IsNaN(judged.Facts.Battery) && !reasons.Contains(HealthReason.LowBattery))
            parts.Add($"battery was at {Text(judged.Facts.Battery)} %");
        if (!double.IsNaN(judged.Facts.Rssi))
            parts.Add($"signal {Text(judged.Facts.Rssi)} dBm");
        if (judged.Record?.Reported.Firmware is { } firmware)
            parts.Add($"firmware {firmware}");
        if (judged.Record?.LastDisconnect is { } gone)
            parts.Add($"last connection: {gone}");
        return string.Join("; ", parts);
    }

    private static DateTimeOffset Sooner(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static string Text(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);
}
