using System.Globalization;
using System.Text;
using Strata.Cloud.Contracts;
using Strata.Core.Metering.Billing;

namespace Strata.Cloud.Billing.Printing;

/// <summary>A statement as a page to print.</summary>
internal static class StatementPage
{
    public static string Write(StatementInfo statement)
    {
        Currency.TryFind(statement.Plan.Currency, out var currency);
        var (code, digits) = (currency?.Code ?? statement.Plan.Currency, currency?.Digits ?? 2);
        var isClosed = statement.State == "closed";
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"""
            <header><div><h1>Statement {Formats.Text(statement.Month)}</h1><p class="dim">{(isClosed ? "Closed" : "Open: what is counted so far, not a bill yet")}</p></div><p class="brand">Strata</p></header>
            <dl><dt>Customer</dt><dd>{Formats.Text(statement.Tenant)}</dd><dt>Period</dt><dd>{Formats.Text(statement.Month)}-01 00:00 UTC to {Formats.Time(statement.UpTo)}</dd>
            <dt>Price plan</dt><dd>{Formats.Text(statement.Plan.Name)}, prices from {Formats.Text(statement.Plan.From)} on, in {Formats.Text(code)}</dd>
            """);
        if (statement.Closed is { } closed)
            body.Append(CultureInfo.InvariantCulture, $"<dt>Closed</dt><dd>{Formats.Time(closed)} by {Formats.Text(statement.ClosedBy)}</dd>");
        body.Append("</dl>");
        Lines(body, statement, code, digits);
        Notes(body, statement, digits);
        Hours(body, statement);
        body.Append("<footer class=\"small dim\"><p>Each line is the exact sum of its hours, rounded half to even to the smallest unit of the currency. Included volume comes first, tiers are marginal, shares of a month are by the hour.</p>");
        if (statement.Digest is { } digest)
            body.Append(CultureInfo.InvariantCulture, $"<p>Digest of this statement <code>{Formats.Text(digest)}</code></p>");
        body.Append(CultureInfo.InvariantCulture, $"<p>Digest of the metered hours <code>{Formats.Text(statement.UsageDigest)}</code></p></footer>");
        return PrintedPage.Write($"Statement {statement.Month}, {statement.Tenant}", body.ToString());
    }

    private static void Lines(StringBuilder body, StatementInfo statement, string code, int digits)
    {
        body.Append(CultureInfo.InvariantCulture, $"""<h2>Charges</h2><div class="wide"><table><thead><tr><th>Item</th><th class="n">Quantity</th><th class="n">Price</th><th class="n">Amount ({Formats.Text(code)})</th></tr></thead><tbody>""");
        foreach (var line in statement.Lines)
        {
            body.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{Formats.Text(line.Text)}</td><td class="n">{(line.Units is { } units ? Formats.Number(units, 6) : "")}</td><td class="n">{(line.Price is { } price ? Formats.Number(price, 8) : "")}</td><td class="n">{Formats.Money(line.Amount, digits)}</td></tr>
                """);
        }
        if (statement.Lines.Count == 0)
            body.Append("<tr><td colspan=\"4\" class=\"dim\">Nothing was used.</td></tr>");
        body.Append(CultureInfo.InvariantCulture, $"</tbody><tfoot><tr{(statement.Credited > 0 ? "" : " class=\"total\"")}><td colspan=\"3\">Total</td><td class=\"n\">{Formats.Money(statement.Total, digits)}</td></tr>");
        if (statement.Credited > 0)
        {
            body.Append(CultureInfo.InvariantCulture, $"<tr><td colspan=\"3\">Credit notes</td><td class=\"n\">{Formats.Money(-statement.Credited, digits)}</td></tr>");
            body.Append(CultureInfo.InvariantCulture, $"<tr class=\"total\"><td colspan=\"3\">Due</td><td class=\"n\">{Formats.Money(statement.Due, digits)}</td></tr>");
        }
        body.Append("</tfoot></table></div>");
    }

    private static void Notes(StringBuilder body, StatementInfo statement, int digits)
    {
        if (statement.CreditNotes.Count == 0)
            return;
        body.Append("<section><h2>Credit notes</h2><div class=\"wide\"><table><thead><tr><th>No.</th><th>Reason</th><th>Issued</th><th class=\"n\">Amount</th></tr></thead><tbody>");
        foreach (var note in statement.CreditNotes)
            body.Append(CultureInfo.InvariantCulture, $"<tr><td>{note.Number}</td><td>{Formats.Text(note.Reason)}</td><td>{Formats.Time(note.Issued)}</td><td class=\"n\">{Formats.Money(-note.Amount, digits)}</td></tr>");
        body.Append("</tbody></table></div></section>");
    }

    private static void Hours(StringBuilder body, StatementInfo statement)
    {
        if (statement.Hours is not { Count: > 0 } hours)
            return;
        body.Append("<h2>Hours</h2><div class=\"wide\"><table class=\"small\"><thead><tr><th>Hour (UTC)</th><th>Unit</th><th class=\"n\">Tier</th><th class=\"n\">Quantity</th><th class=\"n\">Price a unit</th><th class=\"n\">Amount</th></tr></thead><tbody>");
        foreach (var h in hours)
        {
            body.Append(CultureInfo.InvariantCulture, $"""
                <tr><td>{h.Hour.UtcDateTime:yyyy-MM-dd HH:mm}</td><td>{Formats.Text(h.Unit)}</td><td class="n">{h.Tier}</td><td class="n">{Formats.Number(h.Quantity, 6)} {Formats.Text(h.Measure)}</td><td class="n">{Formats.Number(h.Price, 8)}</td><td class="n">{Formats.Number(h.Amount, 12)}</td></tr>
                """);
        }
        body.Append("</tbody></table></div>");
    }
}

/// <summary>A statement's hours as CSV: one line an hour, unit and tier; then what is no use (minimum, service credits, credit notes) with an empty hour.</summary>
internal static class StatementCsv
{
    public static string Write(StatementInfo statement)
    {
        var csv = new StringBuilder("tenant,month,hour,kind,text,unit,tier,quantity,measure,price,amount,currency\n");
        var (tenant, month, code) = (statement.Tenant, statement.Month, statement.Plan.Currency);
        foreach (var h in statement.Hours ?? [])
        {
            csv.Append(Formats.Csv(
                tenant, month, Formats.IsoTime(h.Hour), "usage", "", h.Unit, h.Tier.ToString(CultureInfo.InvariantCulture), Formats.Exact(h.Quantity), h.Measure, Formats.Exact(h.Price), Formats.Exact(h.Amount), code));
        }
        foreach (var line in statement.Lines.Where(l => l.Kind != "usage"))
            csv.Append(Formats.Csv(tenant, month, "", line.Kind, line.Text, "", "", "", "", "", Formats.Exact(line.Amount), code));
        var rounding = statement.Lines.Sum(l => l.Amount - l.Exact);
        if (rounding != 0)
            csv.Append(Formats.Csv(tenant, month, "", "rounding", "rounding of the lines to the minor unit", "", "", "", "", "", Formats.Exact(rounding), code));
        foreach (var note in statement.CreditNotes)
            csv.Append(Formats.Csv(tenant, month, "", "credit-note", note.Reason, "", "", "", "", "", Formats.Exact(-note.Amount), code));
        return csv.ToString();
    }
}
