using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Platform;
using Strata.Core;
using Strata.Core.Architecture;
using Strata.Core.Devices;
using Strata.Core.Health;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Health.Report;

/// <summary><c>GET /api/v1/fleet/report</c>: exact counts, as far as the caller sees the fleet; JSON, or CSV of the groups.</summary>
internal static class GetFleetReport
{
    private static readonly string[] Names = ["site", "sku", "firmware", "gateway"];

    public static IResult Handle(string? site, string? by, string? format, HttpContext context, FleetReports reports)
    {
        var place = SiteParameter.Parse(site);
        if (!place.IsOk)
            return ProblemResults.Of(place.Problem);
        var grouping = by is null ? FleetGrouping.None : (FleetGrouping)(Array.IndexOf(Names, by) + 1);
        if (by is not null && grouping == FleetGrouping.None)
            return ProblemResults.Of(ProblemKind.Invalid, $"'by' is {string.Join(", ", Names)}.", "by");
        if (CsvText.Check(format) is { } wrong)
            return ProblemResults.Of(wrong);
        var access = context.Access();
        var report = reports.Make(access.Tenant, access.ReachOf(Permission.DevicesRead), place.Value.Site, grouping);
        return format == "csv" ? CsvText.Of(ReportCsv.Write(report)) : Results.Json(report, ContractsJson.Default.FleetReportInfo);
    }
}

/// <summary><c>GET /api/v1/fleet/devices</c>: the devices behind the counts, in order of their ids; JSON or CSV.</summary>
internal static class ListFleetDevices
{
    public static IResult Handle(
        string? bucket, string? reason, string? site, string? sku, string? firmware, string? gateway, string? cursor, string? limit, string? format, HttpContext context, FleetReports reports, FleetMoments moments)
    {
        var page = Paging.Parse(cursor, limit);
        if (!page.IsOk)
            return ProblemResults.Of(page.Problem);
        var place = SiteParameter.Parse(site);
        if (!place.IsOk)
            return ProblemResults.Of(place.Problem);
        HealthBucket wanted = default;
        if (bucket is not null && !HealthBuckets.TryParse(bucket, out wanted))
            return ProblemResults.Of(ProblemKind.Invalid, $"'bucket' is one of {string.Join(", ", HealthBuckets.All.Select(HealthBuckets.NameOf))}.", "bucket");
        HealthReason? why = HealthReasons.All.Select(r => (HealthReason?)r).FirstOrDefault(r => HealthReasons.NameOf(r!.Value) == reason);
        if (reason is not null && why is null)
            return ProblemResults.Of(ProblemKind.Invalid, $"'reason' is one of {string.Join(", ", HealthReasons.All.Select(HealthReasons.NameOf))}.", "reason");
        if (CsvText.Check(format) is { } wrong)
            return ProblemResults.Of(wrong);
        var access = context.Access();
        var moment = moments.Of(access.Tenant);
        var matching = new List<JudgedDevice>();
        foreach (var judged in reports.Judge(access.Tenant, access.ReachOf(Permission.DevicesRead), place.Value.Site, moment))
        {
            // The whole fleet passes here: what is a comparison of numbers comes first.
            if ((bucket is null || judged.Verdict.Bucket == wanted) && (why is null || judged.Verdict.Reasons.Contains(why.Value))
                && (page.Value.After is not { } after || string.CompareOrdinal(judged.Device.Id.Value, after) > 0)
                && Is(sku, judged, FleetGrouping.Sku) && Is(firmware, judged, FleetGrouping.Firmware) && Is(gateway, judged, FleetGrouping.Gateway))
                matching.Add(judged);
        }
        var found = matching.OrderBy(j => j.Device.Id.Value, StringComparer.Ordinal).Take(page.Value.Limit + 1).Select(j => Info(j, moment)).ToList();
        var answer = Paging.ToPage(found, page.Value.Limit, d => d.Id);
        return format == "csv" ? CsvText.Of(ReportCsv.Write(answer.Items)) : Results.Json(answer, ContractsJson.Default.PageFleetDeviceInfo);
    }

    private static bool Is(string? wanted, in JudgedDevice judged, FleetGrouping by) => wanted is null || FleetReports.KeyOf(judged, null, by) == wanted;

    private static FleetDeviceInfo Info(JudgedDevice judged, FleetMoment moment) => new(
        judged.Device.Id.Value, judged.Device.Site?.Value, judged.Device.Model, DeviceLifecycle.Name(judged.Device.State), HealthBuckets.NameOf(judged.Verdict.Bucket), judged.Verdict.Score,
        DeviceHealths.Reasons(judged.Facts, judged.Verdict.Reasons, moment), judged.Device.LastSeen, judged.Device.Gateway?.Value, judged.Record?.Reported.Firmware,
        double.IsNaN(judged.Facts.Battery) ? null : judged.Facts.Battery);
}

/// <summary><c>GET /api/v1/fleet/trend</c>: the whole tenant's counts by the hour, the oldest first.</summary>
internal static class GetFleetTrend
{
    public static async Task<IResult> HandleAsync(string? days, HttpContext context, HealthStore store, HealthOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!context.Access().IsWhole(Permission.DevicesRead))
            return ProblemResults.Of(Access.Forbidden);
        var most = (int)options.KeepTrend.TotalDays;
        var count = 30;
        if (days is not null && !(int.TryParse(days, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out count) && count >= 1 && count <= most))
            return ProblemResults.Of(ProblemKind.Invalid, $"'days' takes a whole number from 1 to {most}.", "days");
        var from = FleetTrend.HourOf(time.GetUtcNow().AddDays(-count));
        await using var db = store.Create(context.Tenant());
        var rows = await db.Trend.AsNoTracking().Where(h => h.Hour >= from).OrderBy(h => h.Hour).ToListAsync(cancellationToken);
        return Results.Json(new Page<FleetTrendInfo>(rows.ConvertAll(FleetTrend.Info), null), ContractsJson.Default.PageFleetTrendInfo);
    }
}

/// <summary>A place out of a query.</summary>
internal static class SiteParameter
{
    /// <summary>A place, or none.</summary>
    public readonly record struct Place(SiteId? Site);

    public static Outcome<Place> Parse(string? site)
    {
        if (string.IsNullOrEmpty(site))
            return new Place(null);
        return SiteId.TryParse(site, out var id) ? new Place(id) : new Problem(ProblemKind.Invalid, "'site' is the path of a place, for example hq/floor-1.", "site");
    }
}
