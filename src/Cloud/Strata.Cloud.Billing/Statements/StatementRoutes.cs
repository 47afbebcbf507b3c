using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Plans;
using Strata.Cloud.Billing.Printing;
using Strata.Cloud.Contracts;
using Strata.Core.Metering.Billing;
using Strata.Node;
using Strata.Node.Auth;

namespace Strata.Cloud.Billing.Statements;

/// <summary><c>GET /api/v1/billing/statements</c>: the tenant's months since it has a plan, the newest first.</summary>
internal static class ListStatements
{
    /// <summary>Months before the current one that are looked at; older ones are shown when they are closed.</summary>
    private const int OpenMonths = 3;

    public static async Task<IResult> HandleAsync(HttpContext context, BillingStore store, StatementMaker maker, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var db = store.Create(context.Tenant());
        var now = time.GetUtcNow();
        var list = new List<StatementSummary>();
        var closed = await db.Statements.Select(s => new { s.Month, s.Document, s.TotalMinor, s.Currency, s.Closed }).ToListAsync(cancellationToken);
        var notes = await db.CreditNotes.ToListAsync(cancellationToken);
        foreach (var s in closed)
        {
            var row = new Rows.StatementRow
            {
                TenantId = db.Tenant.Value, Month = s.Month, Document = s.Document, TotalMinor = s.TotalMinor, Currency = s.Currency, Closed = s.Closed,
                Usage = "", UsageDigest = "", Digest = "", Signature = "", ClosedBy = "",
            };
            var plan = PlanText.Read(ClosedStatement.Read(row).Plan);
            list.Add(new StatementSummary(
                BillingMonth.FromNumber(s.Month).ToString(), "closed", plan.Name, s.Currency, Money.FromMinor(s.TotalMinor, plan.Currency),
                Money.FromMinor(notes.Where(n => n.Month == s.Month).Sum(n => n.AmountMinor), plan.Currency), s.Closed));
        }
        var current = BillingMonth.Of(now);
        for (var (month, i) = (current, 0); i <= OpenMonths; (month, i) = (month.Previous, i + 1))
        {
            if (closed.Exists(s => s.Month == month.ToNumber()))
                continue;
            if (await maker.MakeAsync(db, month, now, cancellationToken) is { IsOk: true } open)
                list.Add(new StatementSummary(month.ToString(), "open", open.Value.Statement.Plan.Name, open.Value.Statement.Plan.Currency.Code, open.Value.Statement.Total, 0, null));
        }
        return Results.Json(new Page<StatementSummary>([.. list.OrderByDescending(s => s.Month, StringComparer.Ordinal)], null), ContractsJson.Default.PageStatementSummary);
    }
}

/// <summary><c>GET /api/v1/billing/statements/{month}</c>: an open month as it stands, a closed one as it was closed; JSON, CSV or a page to print.</summary>
internal static class GetStatement
{
    public static async Task<IResult> HandleAsync(
        string month, string? hours, string? format, HttpContext context, BillingStore store, StatementMaker maker, TimeProvider time, CancellationToken cancellationToken)
    {
        var asked = BillingRequests.Month(month, "month");
        if (!asked.IsOk)
            return ProblemResults.Of(asked.Problem);
        if (Formats.Check(format) is { } problem)
            return ProblemResults.Of(problem);
        var withHours = hours is "true" or "1" || format is "csv";
        await using var db = store.Create(context.Tenant());
        if (await StatementMaker.ClosedAsync(db, asked.Value, cancellationToken) is { } row)
            return Answer(await StatementView.ClosedAsync(db, row, withHours, cancellationToken), format);
        var now = time.GetUtcNow();
        var made = await maker.MakeAsync(db, asked.Value, now, cancellationToken);
        return made.ToResult(m => Answer(StatementView.Open(m.Statement, m.Usage, now, withHours), format));
    }

    private static IResult Answer(StatementInfo statement, string? format) => format switch
    {
        "csv" => Results.Text(StatementCsv.Write(statement), "text/csv; charset=utf-8"),
        "html" => Formats.Page(StatementPage.Write(statement)),
        _ => Results.Json(statement, ContractsJson.Default.StatementInfo),
    };
}

/// <summary><c>POST /api/v1/billing/statements/{month}/close</c>: closes a month that is over; again it changes nothing.</summary>
internal static class CloseStatement
{
    public static async Task<IResult> HandleAsync(string month, HttpContext context, StatementCloser closer, BillingStore store, CancellationToken cancellationToken)
    {
        var asked = BillingRequests.Month(month, "month");
        if (!asked.IsOk)
            return ProblemResults.Of(asked.Problem);
        var outcome = await closer.CloseAsync(Platform.Caller.Of(context), asked.Value, cancellationToken);
        if (!outcome.IsOk)
            return ProblemResults.Of(outcome.Problem);
        await using var db = store.Create(context.Tenant());
        return Results.Json(await StatementView.ClosedAsync(db, outcome.Value, false, cancellationToken), ContractsJson.Default.StatementInfo);
    }
}

/// <summary><c>GET /api/v1/billing/statements/{month}/verification</c>: whether a closed statement is what it was, and what the meter says now.</summary>
internal static class VerifyStatement
{
    public static async Task<IResult> HandleAsync(string month, HttpContext context, BillingStore store, StatementVerifier verifier, CancellationToken cancellationToken)
    {
        var asked = BillingRequests.Month(month, "month");
        if (!asked.IsOk)
            return ProblemResults.Of(asked.Problem);
        await using var db = store.Create(context.Tenant());
        var outcome = await verifier.VerifyAsync(db, asked.Value, cancellationToken);
        return outcome.ToResult(v => Results.Json(v, ContractsJson.Default.StatementVerification));
    }
}
