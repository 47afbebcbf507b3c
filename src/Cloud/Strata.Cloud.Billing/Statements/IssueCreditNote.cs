using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Metering.Billing;
using Strata.Node;

namespace Strata.Cloud.Billing.Statements;

/// <summary><c>POST /api/v1/billing/statements/{month}/credit-notes</c>: gives back a part of a closed month, never more than is due.</summary>
internal static class IssueCreditNote
{
    public static async Task<IResult> HandleAsync(string month, HttpContext context, BillingStore store, BillingOptions options, AuditKey key, CancellationToken cancellationToken)
    {
        var asked = BillingRequests.Month(month, "month");
        if (!asked.IsOk)
            return ProblemResults.Of(asked.Problem);
        var request = await context.Request.ReadJsonAsync(ContractsJson.Default.CreateCreditNote, cancellationToken);
        if (!request.IsOk)
            return ProblemResults.Of(request.Problem);
        var caller = Caller.Of(context);
        var outcome = await store.ChangeAsync(caller, (db, now, token) => DecideAsync(db, caller, asked.Value, request.Value, options, key, now, token), cancellationToken);
        return outcome.ToResult(note => Results.Json(note, ContractsJson.Default.CreditNoteInfo, statusCode: StatusCodes.Status201Created));
    }

    private static async Task<Outcome<DecidedChange<CreditNoteInfo>>> DecideAsync(
        BillingDbContext db, Caller caller, BillingMonth month, CreateCreditNote request, BillingOptions options, AuditKey key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (request.Reason is not { Length: > 0 and <= 500 } reason || reason.Any(char.IsControl))
            return new Problem(ProblemKind.Invalid, "A credit note has a reason of 1 to 500 characters without control characters.", "reason");
        if (await StatementMaker.ClosedAsync(db, month, cancellationToken) is not { } statement)
            return new Problem(ProblemKind.Conflict, $"The month {month} is not closed: nothing of it needs to be corrected by a credit note.", "month");
        Currency.TryFind(statement.Currency, out var currency);
        if (request.Amount <= 0 || currency!.Round(request.Amount) != request.Amount)
            return new Problem(ProblemKind.Invalid, $"The amount is more than 0, with at most {currency!.Digits} digits after the point ({currency}).", "amount");
        var notes = await db.CreditNotes.ToListAsync(cancellationToken);
        var due = statement.TotalMinor - notes.Where(n => n.Month == statement.Month).Sum(n => n.AmountMinor);
        if (request.Amount > Money.FromMinor(due, currency))
            return new Problem(ProblemKind.Conflict, $"Of {month} there is {Money.FromMinor(due, currency)} {currency} due; no more can be given back.", "amount");
        if (notes.Count >= options.MaxCreditNotes)
            return new Problem(ProblemKind.TooMuch, $"The tenant has {options.MaxCreditNotes:N0} credit notes, which is all it may have.");
        var row = new CreditNoteRow
        {
            TenantId = db.Tenant.Value, Number = notes.Count == 0 ? 1 : notes.Max(n => n.Number) + 1, Month = statement.Month, AmountMinor = Money.ToMinor(request.Amount, currency), Reason = reason,
            Issued = now, IssuedBy = caller.Actor, Signature = "",
        };
        row = row with { Signature = StatementSignature.Of(key, row) };
        return new DecidedChange<CreditNoteInfo>(
            StatementView.Note(row, currency), [(null, row)], "credit", "statement", month.ToString(), null, new { row.Number, request.Amount, currency.Code, row.Reason });
    }
}
