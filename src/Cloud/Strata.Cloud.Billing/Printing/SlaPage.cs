using System.Globalization;
using System.Text;
using Strata.Cloud.Contracts;

namespace Strata.Cloud.Billing.Printing;

/// <summary>A month's service levels as a page to print.</summary>
internal static class SlaPage
{
    /// <summary>Breaches listed on paper; the JSON has more.</summary>
    private const int Breaches = 50;

    public static string Write(SlaReportInfo report)
    {
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"""
            <header><div><h1>Service levels {Formats.Text(report.Month)}</h1><p class="dim">{(report.State == "over" ? "The whole month" : "The month so far")}</p></div><p class="brand">Strata</p></header>
            <dl><dt>Customer</dt><dd>{Formats.Text(report.Tenant)}</dd><dt>Measured</dt><dd>each minute up to {Formats.Time(report.UpTo)}, by the customer's own traffic and by a probe through the node's own listener</dd></dl>
            """);
        if (report.Objectives.Count == 0)
            body.Append("<h2>Objectives</h2><p class=\"dim\">Nothing is promised in this month.</p>");
        else
            Summary(body, report);
        foreach (var objective in report.Objectives)
            Detail(body, objective);
        Maintenance(body, report);
        body.Append("<footer class=\"small dim\"><p>A minute of which nothing was measured counts as unavailable unless maintenance was announced before. What was measured is rounded down. Burn 1 spends the budget exactly by the end of the month.</p></footer>");
        return PrintedPage.Write($"Service levels {report.Month}, {report.Tenant}", body.ToString());
    }

    private static void Summary(StringBuilder body, SlaReportInfo report)
    {
        body.Append("<h2>Objectives</h2><div class=\"wide\"><table><thead><tr><th>Objective</th><th class=\"n\">Target</th><th class=\"n\">Measured</th><th></th><th class=\"n\">Credit</th></tr></thead><tbody>");
        foreach (var o in report.Objectives)
        {
            body.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{Formats.Text(o.Title)}{Within(o)}</td><td class="n">{Formats.Number(o.Target, 4)} %</td><td class="n">{(o.Measured is { } m ? $"{Formats.Money(m, 4)} %" : "nothing to measure")}</td>
                <td>{(o.Met ? "<span class=\"tag good\">kept</span>" : "<span class=\"tag bad\">missed</span>")}</td><td class="n">{(o.Credit > 0 ? $"{Formats.Number(o.Credit, 2)} %" : "none")}</td></tr>
                """);
        }
        body.Append("</tbody></table></div>");
    }

    private static string Within(ObjectiveReportInfo o) => o.LimitMs switch
    {
        null => "",
        < 60_000 and { } ms => $" within {Formats.Number(ms, 3)} ms",
        { } ms => $" within {Formats.Number(ms / 60_000m, 1)} min",
    };

    private static void Detail(StringBuilder body, ObjectiveReportInfo o)
    {
        var share = o.Budget > 0 ? Math.Clamp(o.Spent / o.Budget * 100m, 0m, 100m) : o.Spent > 0 ? 100m : 0m;
        body.Append(CultureInfo.InvariantCulture, $"""
            <section><h2>{Formats.Text(o.Title)}</h2>
            <p>Error budget: {Formats.Number(o.Spent, 2)} of {Formats.Number(o.Budget, 2)} {Formats.Text(o.BudgetUnit)} spent{(o.Remaining < 0 ? $", <span class=\"bad\">{Formats.Number(-o.Remaining, 2)} over</span>" : "")}</p>
            <div class="bar" role="img" aria-label="{Formats.Number(share, 0)} % of the budget is spent"><i{(o.Remaining < 0 ? " class=\"over\"" : "")} style="width:{share.ToString("0.##", CultureInfo.InvariantCulture)}%"></i></div>
            <dl class="small"><dt>Judged</dt><dd>{Formats.Time(o.From)} to {Formats.Time(o.To)}: {Formats.Number(o.Minutes, 0)} minutes, {Formats.Number(o.Missing, 0)} of them without a measurement, {Formats.Number(o.Excluded, 0)} more excluded by maintenance</dd>
            <dt>Burn</dt><dd>{string.Join(", ", o.Burn.Select(b => $"{Formats.Number(b.Rate, 2)} over {(b.Window.TotalHours >= 24 ? $"{b.Window.TotalDays:0} d" : $"{b.Window.TotalHours:0} h")}"))}</dd></dl>
            """);
        if (o.BreachCount > 0)
        {
            body.Append(CultureInfo.InvariantCulture, $"<div class=\"wide\"><table class=\"small\"><thead><tr><th>Breach from</th><th>to</th><th class=\"n\">Minutes</th><th class=\"n\">Lost ({Formats.Text(o.BudgetUnit)})</th><th></th></tr></thead><tbody>");
            foreach (var b in o.Breaches.Take(Breaches))
                body.Append(CultureInfo.InvariantCulture, $"<tr><td>{Formats.Time(b.From)}</td><td>{Formats.Time(b.To)}</td><td class=\"n\">{(b.To - b.From).TotalMinutes:0}</td><td class=\"n\">{Formats.Number(b.Lost, 2)}</td><td>{(b.Missing ? "node not there" : "")}</td></tr>");
            body.Append("</tbody></table></div>");
            if (o.BreachCount > Breaches)
                body.Append(CultureInfo.InvariantCulture, $"<p class=\"small dim\">and {o.BreachCount - Breaches:N0} more</p>");
        }
        body.Append("</section>");
    }

    private static void Maintenance(StringBuilder body, SlaReportInfo report)
    {
        if (report.Maintenance.Count == 0)
            return;
        body.Append("<section><h2>Announced maintenance</h2><div class=\"wide\"><table class=\"small\"><thead><tr><th>From</th><th>To</th><th>Reason</th><th>Announced</th></tr></thead><tbody>");
        foreach (var m in report.Maintenance)
            body.Append(CultureInfo.InvariantCulture, $"<tr><td>{Formats.Time(m.From)}</td><td>{Formats.Time(m.To)}</td><td>{Formats.Text(m.Reason)}</td><td>{Formats.Time(m.Announced)}</td></tr>");
        body.Append("</tbody></table></div></section>");
    }
}

/// <summary>A month's service levels as CSV: one line an objective, then one a breach.</summary>
internal static class SlaCsv
{
    public static string Write(SlaReportInfo report)
    {
        var csv = new StringBuilder("tenant,month,objective,kind,from,to,target_percent,limit_ms,measured_percent,met,minutes,missing,excluded,unit,budget,spent,credit_percent\n");
        foreach (var o in report.Objectives)
        {
            csv.Append(Formats.Csv(
                report.Tenant, report.Month, o.Kind, "objective", Formats.IsoTime(o.From), Formats.IsoTime(o.To), Formats.Exact(o.Target), Formats.Exact(o.LimitMs), Formats.Exact(o.Measured), o.Met ? "yes" : "no",
                $"{o.Minutes}", $"{o.Missing}", $"{o.Excluded}", o.BudgetUnit, Formats.Exact(o.Budget), Formats.Exact(o.Spent), Formats.Exact(o.Credit)));
            foreach (var b in o.Breaches)
                csv.Append(Formats.Csv(report.Tenant, report.Month, o.Kind, "breach", Formats.IsoTime(b.From), Formats.IsoTime(b.To), "", "", "", "", $"{(b.To - b.From).TotalMinutes:0}", b.Missing ? $"{(b.To - b.From).TotalMinutes:0}" : "0", "", o.BudgetUnit, "", Formats.Exact(b.Lost), ""));
        }
        return csv.ToString();
    }
}
