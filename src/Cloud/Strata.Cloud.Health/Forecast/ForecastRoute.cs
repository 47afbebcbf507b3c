using System.Globalization;
using Microsoft.AspNetCore.Http;
using Strata.Cloud.Contracts;
using Strata.Cloud.Health.Book;
using Strata.Cloud.Health.Report;
using Strata.Core.Health;
using Strata.Core.Maintenance;
using Strata.Core.Tenancy;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Health.Forecast;

/// <summary><c>GET /api/v1/fleet/forecast</c>: failures to be expected, batteries that end, devices that are likely to fail.</summary>
internal static class GetForecast
{
    private const int Shown = 200;
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    public static IResult Handle(string? site, HttpContext context, FleetReports reports, FleetMoments moments)
    {
        var place = SiteParameter.Parse(site);
        if (!place.IsOk)
            return ProblemResults.Of(place.Problem);
        var access = context.Access();
        var moment = moments.Of(access.Tenant);
        var (count, failures, deviceDays) = (0, 0.0, 0.0);
        var (batteries, likely) = (new List<BatteryForecastInfo>(), new List<FailureInfo>());
        foreach (var judged in reports.Judge(access.Tenant, access.ReachOf(Permission.DevicesRead), place.Value.Site, moment))
        {
            count++;
            // Each failure is one step into what keeps a device from its work; the record counts them over the days that it was looked at.
            if (judged.Record is { } record)
            {
                failures += record.Failures;
                deviceDays += record.ObservedDays(moment.Now);
            }
            var forecast = judged.Record?.Forecast(moment.Policy.LowBatteryPercent, moment.Now);
            if (forecast is { } f)
                batteries.Add(new BatteryForecastInfo(judged.Device.Id.Value, judged.Device.Site?.Value, judged.Facts.Battery, f.Empty, f.Earliest, f.Latest, Math.Round(f.PerDay, 4), f.Points));
            if (judged.Verdict.Bucket is HealthBucket.Offline or HealthBucket.BehindGateway or HealthBucket.Waiting)
                continue;
            var (errors, reboots) = (Sigmas(judged.Facts.Errors, judged.Facts.ErrorCohort), Sigmas(judged.Facts.Reboots, judged.Facts.RebootCohort));
            var within = FailureForecast.Within(Week, errors, reboots, forecast?.Empty, moment.Now);
            if (within > 2 * FailureForecast.Within(Week, 0, 0, null, moment.Now))
                likely.Add(new FailureInfo(judged.Device.Id.Value, judged.Device.Site?.Value, Math.Round(within, 4), Why(judged, errors, reboots, forecast)));
        }
        var rate = FailureForecast.DailyRate(failures, deviceDays);
        var expected = FailureForecast.PerDay(count, rate);
        return Results.Json(
            new FleetForecastInfo(
                moment.Now, count, Math.Round(rate, 6), Math.Round(expected.Mean, 2), expected.Low, expected.High, [.. batteries.OrderBy(b => b.Empty).Take(Shown)],
                [.. likely.OrderByDescending(l => l.WithinWeek).ThenBy(l => l.Device, StringComparer.Ordinal).Take(Shown)]),
            ContractsJson.Default.FleetForecastInfo);
    }

    private static double Sigmas(double value, CohortBaseline cohort) => cohort.IsKnown ? (value - cohort.Mean) / Math.Max(cohort.Deviation, 1) : 0;

    private static string Why(JudgedDevice judged, double errors, double reboots, BatteryForecast? forecast)
    {
        var parts = new List<string>();
        if (forecast is { } battery && battery.Empty <= DateTimeOffset.MaxValue)
            parts.Add($"battery until {battery.Empty.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        if (errors > 1)
            parts.Add($"errors {errors.ToString("0.#", CultureInfo.InvariantCulture)} deviations above its like");
        if (reboots > 1)
            parts.Add($"restarts {reboots.ToString("0.#", CultureInfo.InvariantCulture)} deviations above its like");
        return string.Join("; ", parts);
    }
}
