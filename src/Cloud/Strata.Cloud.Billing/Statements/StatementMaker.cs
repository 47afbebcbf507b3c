using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Strata.Cloud.Billing.Plans;
using Strata.Cloud.Billing.Rows;
using Strata.Cloud.Billing.Sla;
using Strata.Core;
using Strata.Core.Metering;
using Strata.Core.Metering.Billing;
using Strata.Core.Metering.Sla;
using Strata.Core.Tenancy;

namespace Strata.Cloud.Billing.Statements;

/// <summary>The meter's hours of a tenant: <paramref name="from"/> inclusive, <paramref name="to"/> exclusive.</summary>
public delegate ValueTask<IReadOnlyList<UsageHour>> UsageReader(TenantId tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken);

/// <param name="Usage">What it was made of, one row an hour.</param>
internal sealed record MadeStatement(Statement Statement, IReadOnlyList<UsageHour> Usage, IReadOnlyList<CreditShare> Credits);

/// <summary>Makes the statement of a month as it stands: out of the plan that holds, the meter and, when the month is over, what service levels give back.</summary>
internal sealed class StatementMaker(UsageReader usage, SlaReports reports)
{
    public async Task<Outcome<MadeStatement>> MakeAsync(BillingDbContext db, BillingMonth month, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (month.Start > now)
            return new Problem(ProblemKind.NotFound, $"The month {month} has not begun.", "month");
        if (await PlanOf.FindAsync(db, month, cancellationToken) is not { } plan)
            return new Problem(ProblemKind.NotFound, $"The tenant '{db.Tenant}' has no price plan in {month}: 'strata billing assign {db.Tenant} --plan NAME --from {month}' gives it one.", "month");
        var credits = month.End <= now ? await CreditsAsync(db, month, now, cancellationToken) : [];
        var hours = StatementMath.Gather(db.Tenant, month, await usage(db.Tenant, month.Start, month.End, cancellationToken));
        return new MadeStatement(StatementMath.Make(db.Tenant, month, plan, hours, credits), hours, credits);
    }

    /// <summary>The closed statement of a month; null while it is open.</summary>
    public static async Task<StatementRow?> ClosedAsync(BillingDbContext db, BillingMonth month, CancellationToken cancellationToken)
    {
        var number = month.ToNumber();
        return (await db.Statements.Where(s => s.Month == number).ToListAsync(cancellationToken)).SingleOrDefault();
    }

    private async Task<IReadOnlyList<CreditShare>> CreditsAsync(BillingDbContext db, BillingMonth month, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var found = await reports.MakeAsync(db, month, now, cancellationToken);
        return [.. found.Where(r => r.Credit > 0).Select(r => new CreditShare(Text(r), r.Credit))];
    }

    private static string Text(ObjectiveReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"{ObjectiveKinds.TitleOf(report.Objective.Kind)}: {SlaReports.Shown(report.Measured):0.####} % of {report.Objective.Target:0.####} %, {report.Credit:0.##} % of the charges given back");
}
