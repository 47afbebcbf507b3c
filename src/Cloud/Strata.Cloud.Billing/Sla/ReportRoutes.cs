using Microsoft.AspNetCore.Http;
using Strata.Cloud.Billing.Printing;
using Strata.Cloud.Contracts;
using Strata.Core;
using Strata.Core.Metering.Sla;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Billing.Sla;

/// <summary><c>GET /api/v1/sla/reports/{month}</c>: how the promises fared; JSON, CSV or a page to print.</summary>
internal static class GetReport
{
    public static async Task<IResult> HandleAsync(
        string month, string? format, HttpContext context, BillingStore store, SlaReports reports, BillingOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var asked = BillingRequests.Month(month, "month");
        if (!asked.IsOk)
            return ProblemResults.Of(asked.Problem);
        if (Formats.Check(format) is { } problem)
            return ProblemResults.Of(problem);
        var now = time.GetUtcNow();
        if (asked.Value.Start > now)
            return ProblemResults.Of(ProblemKind.NotFound, $"The month {asked.Value} has not begun.", "month");
        if (asked.Value.Start < now - options.KeepMinutes)
            return ProblemResults.Of(ProblemKind.NotFound, $"Measurements are kept for {options.KeepMinutes.TotalDays:0} days, so {asked.Value} cannot be reported any more; a closed statement keeps its credits.", "month");
        await using var db = store.Create(context.Tenant());
        var found = await reports.MakeAsync(db, asked.Value, now, cancellationToken);
        var maintenance = await SlaReports.MaintenanceAsync(db, asked.Value, cancellationToken);
        var report = new SlaReportInfo(
            db.Tenant.Value, asked.Value.ToString(), asked.Value.End <= now ? "over" : "running", SlaReports.UpTo(asked.Value, now), [.. found.Select(Info)], maintenance.ConvertAll(ListMaintenance.Info));
        return format switch
        {
            "csv" => Results.Text(SlaCsv.Write(report), "text/csv; charset=utf-8"),
            "html" => Formats.Page(SlaPage.Write(report)),
            _ => Results.Json(report, ContractsJson.Default.SlaReportInfo),
        };
    }

    private static ObjectiveReportInfo Info(ObjectiveReport r) => new(
        ObjectiveKinds.NameOf(r.Objective.Kind), ObjectiveKinds.TitleOf(r.Objective.Kind), r.Objective.Target, r.Objective.LimitMs, r.From, r.To, SlaReports.Shown(r.Measured), r.IsMet, r.Minutes,
        r.Missing, r.Excluded, ObjectiveKinds.UnitOf(r.Objective.Kind), decimal.Round(r.Budget, 4), decimal.Round(r.Spent, 4), decimal.Round(r.Remaining, 4), r.Credit,
        [.. r.Burn.Select(b => new BurnRateInfo(b.Window, b.Rate))], [.. r.Breaches.Select(b => new BreachInfo(b.From, b.To, decimal.Round(b.Lost, 4), b.Missing))], r.BreachCount);
}
