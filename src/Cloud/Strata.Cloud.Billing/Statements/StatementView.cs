using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Plans;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Contracts;
using Strata.Core.Metering.Billing;

namespace Strata.Cloud.Billing.Statements;

/// <summary>Statements as the API tells them.</summary>
internal static class StatementView
{
    /// <summary>An open month.</summary>
    public static StatementInfo Open(Statement statement, IEnumerable<Core.Metering.UsageHour> usage, DateTimeOffset now, bool hours) => new(
        statement.Tenant.Value, statement.Month.ToString(), "open", PlanText.Info(statement.Plan), now < statement.Month.End ? now : statement.Month.End, Lines(statement), statement.Charges,
        statement.Total, 0, statement.Total, [], StatementDigest.OfUsage(usage), Hours: hours ? Hours(statement) : null);

    /// <summary>A closed one with its credit notes.</summary>
    public static async Task<StatementInfo> ClosedAsync(BillingDbContext db, StatementRow row, bool hours, CancellationToken cancellationToken)
    {
        var closed = ClosedStatement.Read(row);
        var statement = closed.AsWritten(row);
        var notes = await db.CreditNotes.Where(n => n.Month == row.Month).OrderBy(n => n.Number).ToListAsync(cancellationToken);
        var credited = notes.Sum(n => Money.FromMinor(n.AmountMinor, statement.Plan.Currency));
        return new StatementInfo(
            row.TenantId, statement.Month.ToString(), "closed", closed.Plan, statement.Month.End, Lines(statement), statement.Charges, statement.Total, credited, statement.Total - credited,
            notes.ConvertAll(n => Note(n, statement.Plan.Currency)), row.UsageDigest, row.Digest, row.Closed, row.ClosedBy, hours ? Hours(statement) : null);
    }

    public static CreditNoteInfo Note(CreditNoteRow row, Currency currency) =>
        new(row.Number, BillingMonth.FromNumber(row.Month).ToString(), Money.FromMinor(row.AmountMinor, currency), currency.Code, row.Reason, row.Issued, row.IssuedBy);

    private static List<StatementLineInfo> Lines(Statement statement) =>
    [
        .. statement.Lines.Select(l => l.Unit is { } unit
            ? new StatementLineInfo("usage", l.Text, l.Exact, l.Amount, PriceUnits.NameOf(unit), l.Tier, l.Quantity, PriceUnits.MeasureOf(unit), l.Units, l.Price)
            : new StatementLineInfo(l.Kind == StatementLineKind.Minimum ? "minimum" : "service-credit", l.Text, l.Exact, l.Amount)),
    ];

    private static List<StatementHourInfo> Hours(Statement statement) =>
        [.. statement.Hours.Select(h => new StatementHourInfo(h.Hour, PriceUnits.NameOf(h.Unit), h.Tier, h.Quantity, PriceUnits.MeasureOf(h.Unit), h.Price, h.Amount))];
}

/// <summary>Amounts as tables keep them: whole numbers of the minor unit, which every database sorts and sums alike.</summary>
internal static class Money
{
    public static long ToMinor(decimal amount, Currency currency) => (long)(currency.Round(amount) * Factor(currency));

    public static decimal FromMinor(long minor, Currency currency) => minor / Factor(currency);

    private static decimal Factor(Currency currency) => currency.Digits switch { 0 => 1m, 2 => 100m, _ => 1000m };
}
