using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Contracts;
using Strata.Cloud.Platform.Audit;
using Strata.Core;
using Strata.Core.Metering.Billing;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing.Statements;

/// <summary>Checks a closed statement: that nothing of it was changed, that it follows from what it was made of, and that the meter still says the same.</summary>
internal sealed class StatementVerifier(UsageReader usage, AuditKey key)
{
    public async Task<Outcome<StatementVerification>> VerifyAsync(BillingDbContext db, BillingMonth month, CancellationToken cancellationToken)
    {
        if (await StatementMaker.ClosedAsync(db, month, cancellationToken) is not { } row)
            return new Problem(ProblemKind.NotFound, $"There is no closed statement of {month}.", "month");
        try
        {
            return await CheckAsync(db, month, row, cancellationToken);
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidDataException)
        {
            return new StatementVerification(month.ToString(), false, row.Digest, [new StatementCheckInfo("content", false, "it cannot be read, so that it is not as it was closed")]);
        }
    }

    private async Task<StatementVerification> CheckAsync(BillingDbContext db, BillingMonth month, StatementRow row, CancellationToken cancellationToken)
    {
        var closed = ClosedStatement.Read(row);
        var usageDigest = StatementDigest.OfUsage(UsageText.Read(db.Tenant, month, row.Usage));
        var written = StatementDigest.Of(closed.AsWritten(row), usageDigest);
        var again = StatementDigest.Of(closed.Again(row), usageDigest);
        var checks = new List<StatementCheckInfo>
        {
            Check("signature", StatementSignature.Of(key, db.Tenant, month, row.Digest) == row.Signature, "the digest is signed by this installation", "the digest is not signed by this installation"),
            Check("content", written == row.Digest && usageDigest == row.UsageDigest && row.TotalMinor == Money.ToMinor(closed.Total, Plans.PlanText.Read(closed.Plan).Currency),
                "plan, lines, hours and total are as they were closed", "plan, lines, hours or total are not as they were closed"),
            Check("arithmetic", again == written, "reckoned again from its hours it is the same to the last digit", "reckoned again from its hours it is another"),
            await MeterAsync(db.Tenant, month, row, cancellationToken),
            await NotesAsync(db, row, cancellationToken),
        };
        return new StatementVerification(month.ToString(), checks.TrueForAll(c => c.Holds != false), row.Digest, checks);
    }

    private async Task<StatementCheckInfo> MeterAsync(TenantId tenant, BillingMonth month, StatementRow row, CancellationToken cancellationToken)
    {
        var now = StatementMath.Gather(tenant, month, await usage(tenant, month.Start, month.End, cancellationToken));
        if (now.IsEmpty && row.Usage != "[]")
            return new StatementCheckInfo("meter", null, "the meter does not keep these hours any more; the statement has them");
        return Check("meter", StatementDigest.OfUsage(now) == row.UsageDigest, "the meter says the same", "the meter says something else now than when the month was closed; correct it by a credit note");
    }

    private async Task<StatementCheckInfo> NotesAsync(BillingDbContext db, StatementRow row, CancellationToken cancellationToken)
    {
        var notes = await db.CreditNotes.Where(n => n.Month == row.Month).OrderBy(n => n.Number).ToListAsync(cancellationToken);
        var wrong = notes.Find(n => StatementSignature.Of(key, n) != n.Signature);
        return Check("credit notes", wrong is null, $"{notes.Count} signed by this installation", $"number {wrong?.Number} is not as it was issued");
    }

    private static StatementCheckInfo Check(string name, bool holds, string good, string bad) => new(name, holds, holds ? good : bad);
}
