using System.Globalization;
using System.Text;
using System.Text.Json;
using Strata.Cloud.Billing.Plans;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Audit;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing.Statements;

/// <summary>A closed month as its row keeps it: with its plan and credits, from which it can be made again, and with the lines as they were then.</summary>
internal sealed record ClosedStatement(PricePlanInfo Plan, IReadOnlyList<CreditShare> Credits, IReadOnlyList<StatementLine> Lines, decimal Charges, decimal Total)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static ClosedStatement Of(Statement statement, IReadOnlyList<CreditShare> credits) =>
        new(PlanText.Info(statement.Plan), credits, statement.Lines, statement.Charges, statement.Total);

    public string Write() => JsonSerializer.Serialize(this, Json);

    public static ClosedStatement Read(StatementRow row) =>
        JsonSerializer.Deserialize<ClosedStatement>(row.Document, Json) ?? throw new InvalidDataException($"The statement of {row.Month} cannot be read.");

    /// <summary>The same statement made again of what it was made of.</summary>
    public Statement Again(StatementRow row)
    {
        var (tenant, month) = (TenantId.Parse(row.TenantId), BillingMonth.FromNumber(row.Month));
        return StatementMath.Make(tenant, month, PlanText.Read(Plan), UsageText.Read(tenant, month, row.Usage), Credits);
    }

    /// <summary>What the row says, lines as they stand in it; with the hours that follow from its usage.</summary>
    public Statement AsWritten(StatementRow row) => Again(row) with { Lines = [.. Lines], Charges = Charges, Total = Total };
}

/// <summary>Signatures of what is closed, so that who can change the tables cannot make a statement or note that verifies.</summary>
internal static class StatementSignature
{
    public static string Of(AuditKey key, TenantId tenant, BillingMonth month, string digest) =>
        Convert.ToHexStringLower(AuditChain.Sign(key.Bytes, tenant, "statement", month.ToNumber(), Convert.FromHexString(digest)));

    public static string Of(AuditKey key, CreditNoteRow note)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{note.Month}\n{note.AmountMinor}\n{note.Reason}\n{note.IssuedBy}\n{note.Issued.UtcTicks / 10}");
        return Convert.ToHexStringLower(AuditChain.Sign(key.Bytes, TenantId.Parse(note.TenantId), "credit-note", note.Number, Encoding.UTF8.GetBytes(text)));
    }
}
